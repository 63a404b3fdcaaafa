"""Settings of two engines against each other: what follows from the weights is recorded, all else voids the pair."""

from pathlib import Path

import pytest

from eval.bench.settings_diff import ArmSettings, arm_settings, check_comparable, differences, kind_of
from pipeline.base.errors import VoidMeasurementError
from pipeline.engines.vllm_configuration import parse_configuration

LOG = (Path(__file__).parents[2] / "pipeline/engines/data/vllm-0.32-configuration.log").read_text(encoding="utf-8")
COMMAND = (
    *("python", "-P", "-m", "vllm.entry", "--model", "/models/m", "--port", "8000", "--dtype", "bfloat16"),
    *("--max-num-seqs", "32", "--enforce-eager", "--kv-cache-dtype-skip-layers", "0", "1"),
)
ENVIRONMENT = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_API_KEY": "secret", "PATH": "/bin", "OMP_NUM_THREADS": "2"}


def settings(
    arm: str = "baseline",
    command: tuple[str, ...] = COMMAND,
    environment: dict[str, str] = ENVIRONMENT,
    log: str = LOG,
    **stated: object,
) -> ArmSettings:
    """Return what an engine ran with."""
    facts = {"engine_version": "0.32.0", "kv_cache_tokens": 65_536, "reused": False, **stated}
    return arm_settings(arm, command, environment, [parse_configuration(log), facts])


def awq(**changes: object) -> ArmSettings:
    """Return what an engine with other weights ran with: other places, another method, another port."""
    command = tuple(word.replace("/models/m", "/out/awq").replace("8000", "8001") for word in COMMAND)
    log = LOG.replace("/models/demo", "/out/awq").replace("quantization=None", "quantization=awq")
    return settings(**{"arm": "awq", "command": command, "log": log, **changes})  # type: ignore[arg-type]


def test_what_an_engine_ran_with_is_told_by_name() -> None:
    """Options, flags, the nested configuration and facts; no key, and no place of files."""
    values = settings().values
    found = ("--dtype", "--kv-cache-dtype-skip-layers", "--enforce-eager", "VLLM_CPU_KVCACHE_SPACE", "OMP_NUM_THREADS")

    assert [values[name] for name in found] == ["bfloat16", "0 1", "on", "1", "2"]
    assert values["compilation_config.cudagraph_mode"] == "<CUDAGraphMode.NONE: 0>"
    assert values["kv_cache_tokens"] == "65536"
    assert not values.keys() & {"VLLM_API_KEY", "PATH", "--model", "--port", "model", "tokenizer"}
    assert not any("secret" in value or "/models" in value for value in values.values())


def test_other_weights_are_no_other_setting() -> None:
    """The method is recorded as one of the weights; nothing is void."""
    (found,) = differences(settings(), awq())

    assert (found.name, found.kind, found.reference, found.value) == ("quantization", "weights", "None", "awq")
    check_comparable(settings(), awq())


def test_a_larger_cache_is_a_consequence() -> None:
    """Smaller weights leave more memory to the KV cache: recorded, not void."""
    arm = awq(kv_cache_tokens=131_072)

    assert next((one.name, one.kind) for one in differences(settings(), arm)) == ("kv_cache_tokens", "consequence")
    check_comparable(settings(), arm)


def test_an_engine_that_was_up_before_is_a_state() -> None:
    """It is recorded that one engine had answered an evaluation."""
    found = {one.name: one.kind for one in differences(settings(), awq(reused=True))}

    assert found["reused"] == "state"
    check_comparable(settings(), awq(reused=True))


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ("dtype=torch.bfloat16", "dtype=torch.float16", "dtype"),
        ("kv_cache_dtype=auto", "kv_cache_dtype=fp8", "kv_cache_dtype"),
        ("max_seq_len=1024", "max_seq_len=512", "max_seq_len"),
        ("enable_prefix_caching=True", "enable_prefix_caching=False", "enable_prefix_caching"),
        ("enable_chunked_prefill=True", "enable_chunked_prefill=False", "enable_chunked_prefill"),
        ("enforce_eager=True", "enforce_eager=False", "enforce_eager"),
        ("<CUDAGraphMode.NONE: 0>", "<CUDAGraphMode.FULL: 2>", "compilation_config.cudagraph_mode"),
        ("[2048]", "[8192]", "compilation_config.compile_ranges_endpoints"),
        ("moe_backend='auto'", "moe_backend='triton'", "kernel_config.moe_backend"),
    ],
)
def test_each_other_setting_voids_the_pair(before: str, after: str, name: str) -> None:
    """The sentence names the setting with both values."""
    log = LOG.replace("quantization=None", "quantization=awq").replace(before, after)

    with pytest.raises(VoidMeasurementError, match=rf"'awq' with other settings than the arm 'baseline'.*: {name} is "):
        check_comparable(settings(), awq(log=log))


def test_other_arguments_flags_and_versions_void_the_pair() -> None:
    """What is missing on one side is a difference, too."""
    cases: tuple[tuple[ArmSettings, str], ...] = (
        (awq(command=(*COMMAND, "--max-num-batched-tokens", "512")), "--max-num-batched-tokens is 512"),
        (awq(environment={**ENVIRONMENT, "VLLM_USE_V1": "0"}), r"VLLM_USE_V1 is 0 \(baseline: not set\)"),
        (awq(engine_version="0.33.0"), r"engine_version is 0.33.0 \(baseline: 0.32.0\)"),
        (awq(attention_backend="FLASHINFER"), r"attention_backend is FLASHINFER \(baseline: not set\)"),
    )
    for arm, sentence in cases:
        with pytest.raises(VoidMeasurementError, match=sentence):
            check_comparable(settings(), arm)


def test_weights_cast_online_are_the_checkpoint() -> None:
    """FP8 is asked for by an argument, because the files are those of the baseline; its fusions come with it."""
    arm = awq(command=(*COMMAND, "--quantization", "fp8"), log=LOG.replace("fuse_attn_quant': False", "x': True"))

    assert {one.kind for one in differences(settings(), arm)} == {"weights"}


def test_a_setting_that_nobody_knows_is_held_against_the_arm() -> None:
    """A name that another version of the engine brings counts as one that changes speed."""
    assert kind_of("anything_new") == "setting"
