"""vLLM's configuration, as it writes it into its log, taken apart."""

from pathlib import Path

from pipeline.engines.vllm_configuration import parse_configuration

LOG = (Path(__file__).parent / "data/vllm-0.32-configuration.log").read_text(encoding="utf-8")
"""The line that vLLM 0.32.0 wrote on the CPU for the demo model."""


def test_every_setting_of_a_real_line_is_read() -> None:
    """Plain ones, those in objects, and those in dictionaries in objects."""
    found = parse_configuration(LOG)

    assert len(found) == 102
    assert found["dtype"] == "torch.bfloat16"
    assert found["structured_outputs_config.backend"] == "'auto'"
    assert found["compilation_config.mode"] == "<CompilationMode.NONE: 0>"
    assert found["compilation_config.pass_config.fuse_act_quant"] == "True"
    assert found["kernel_config.ir_op_priority.rms_norm"] == "['native']"
    assert found["compilation_config.inductor_passes"] == "{}"


def test_commas_and_brackets_in_quotes_are_text() -> None:
    """A folder may be called anything."""
    line = "Initializing a V1 LLM engine (v1) with config: model='a, (b=1', dtype=auto, names=['x, y', 'z']"

    assert parse_configuration(line) == {"model": "'a, (b=1'", "dtype": "auto", "names": "['x, y', 'z']"}


def test_addresses_in_memory_are_left_out() -> None:
    """They are other ones in every process."""
    line = "Initializing a V1 LLM engine (v1) with config: a={'pass': <function f at 0x7f00aa>}, b=1"

    assert parse_configuration(line) == {"a.pass": "<function f>", "b": "1"}


def test_a_log_without_the_line_states_nothing() -> None:
    """Whoever needs settings asks for them by name."""
    assert parse_configuration("Starting vLLM server") == {}
