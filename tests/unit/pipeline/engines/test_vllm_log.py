"""What is read from the engine's log."""

import pytest

from pipeline.base.errors import EngineError
from pipeline.engines.vllm_log import LINES, STAGES, death_of, parse_report, parse_settings, phrases, stage_of

LOG = """\
(EngineCore pid=2) INFO 11-20 [cpu.py:1] Using CPUWNA16LinearKernel for AutoAWQMarlinLinearMethod
(EngineCore pid=2) INFO 11-20 [model_runner.py:1] Model loading took 0.0041 GiB memory and 0.2 seconds
(EngineCore pid=2) INFO 11-20 [kv_cache_utils.py:1] CPU KV cache size: 349,525 tokens, Maximum concurrency for \
1,024 tokens per request: 341.33x
"""
SETTINGS = (
    "(EngineCore pid=2) INFO 11-20 [core.py:133] Initializing a V1 LLM engine (v0.32.0) with config: model='/m', "
    "tokenizer='/m', tokenizer_mode=auto, dtype=torch.bfloat16, max_seq_len=1024, quantization=awq, "
    "enforce_eager=True, kv_cache_dtype=auto, "
    "structured_outputs_config=StructuredOutputsConfig(backend='auto', dtype=float32), seed=0, "
    "compilation_config={'mode': 0}\n"
)
SAMPLING = (
    "(APIServer pid=1) WARNING 11-20 [model.py:1] Default vLLM sampling parameters have been overridden by the model's "
    "`generation_config.json`: `{'repetition_penalty': 1.1}`. If this is not intended, please relaunch\n"
)
FAILED_START = """\
(APIServer pid=7) INFO 11-20 19:30:01 [api_server.py:1] vLLM API server
(EngineCore pid=9) ERROR 11-20 19:30:05 [core.py:866] EngineCore failed to start.
(EngineCore pid=9) ERROR 11-20 19:30:05 [core.py:866] Traceback (most recent call last):
(EngineCore pid=9) ERROR 11-20 19:30:05 [core.py:866] ValueError: Free memory on device (2/23 GiB) is too small
(EngineCore pid=9) Traceback (most recent call last):
(APIServer pid=7) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
"""


def test_report_is_read_from_the_log() -> None:
    """Weights, cache, concurrency and kernel, as the engine states them."""
    report = parse_report(LOG)
    assert (report.weights_gib, report.kv_cache_tokens, report.max_concurrency) == (0.0041, 349525, 341.33)
    assert report.kernel == "CPUWNA16LinearKernel (AutoAWQMarlinLinearMethod)"


def test_sixteen_bit_log_has_no_kernel() -> None:
    """Without a quantized kernel the model is called unquantized."""
    assert parse_report(LOG.replace("Using CPUWNA16LinearKernel", "Nothing")).kernel == "unquantized"


def test_cpu_engine_does_not_report_weights() -> None:
    """vLLM states the weights' memory on GPUs only; the absence is kept, not filled in."""
    assert parse_report("\n".join(LOG.splitlines()[2:])).weights_gib is None


def test_log_in_other_words_is_an_error() -> None:
    """Memory is read or the measurement fails; it is never guessed."""
    with pytest.raises(EngineError, match="does not state its memory"):
        parse_report("INFO everything is fine")


def test_fp8_kernel_is_read_from_the_log() -> None:
    """VLLM words it differently for weights that it casts itself."""
    log = LOG.replace("Using CPUWNA16LinearKernel for AutoAWQMarlin", "Selected CutlassFP8 for Fp8PerTensorOnline")
    assert parse_report(log).kernel == "CutlassFP8 (Fp8PerTensorOnlineLinearMethod)"


def test_settings_are_read_from_the_log() -> None:
    """As the engine resolved them, without the weights' own; of a name that comes twice, the engine's counts."""
    assert parse_settings(SETTINGS) == {
        "dtype": "torch.bfloat16",
        "max_seq_len": "1024",
        "kv_cache_dtype": "auto",
        "tokenizer_mode": "auto",
        "seed": "0",
        "enforce_eager": "True",
        "default_sampling": "",
    }


def test_sampling_defaults_and_attention_are_settings() -> None:
    """A generation_config.json changes what is generated; GPUs name the attention they use."""
    log = SETTINGS + SAMPLING + "INFO Using FLASH_ATTN attention backend out of potential backends: [...]\n"
    settings = parse_settings(log)
    assert settings["default_sampling"] == "{'repetition_penalty': 1.1}"
    assert settings["attention_backend"] == "FLASH_ATTN"


def test_settings_in_other_words_are_an_error() -> None:
    """Settings that cannot be read are not taken for equal."""
    with pytest.raises(EngineError, match="does not state its settings"):
        parse_settings(LOG)


def test_start_is_followed_in_words() -> None:
    """The last stage that the log reached."""
    assert stage_of("") == "importing"
    assert stage_of(LOG) == "warming up"
    assert stage_of("".join(mark for mark, _ in STAGES)) == "opening the port"


def test_first_error_beats_its_consequence() -> None:
    """The engine's own error is reported, not the API server's echo of it."""
    assert death_of(FAILED_START) == "ValueError: Free memory on device (2/23 GiB) is too small."


@pytest.mark.parametrize(
    "line",
    [
        "vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue. See stack trace (above).",
        "(EngineCore pid=1) ERROR 11-21 19:00:00 [multiproc_executor.py:316] Worker proc Worker-0 died unexpectedly",
    ],
)
def test_killed_process_is_told_by_those_that_survive_it(line: str) -> None:
    """Without an error of its own the death counts, not the farewell of the server in front of it."""
    log = f"{line}\n(APIServer pid=1) INFO:     Finished server process [13454]\n"

    assert death_of(log) == "one of its processes ended without a word, most often killed because memory ran out."


@pytest.mark.parametrize(
    "line",
    [
        "ERROR 11-21 19:00:00 [m.py:316] Worker proc Worker-0 died unexpectedly (exit code: -11), ",
        "RuntimeError: Engine core initialization failed. Failed core proc(s): {'EngineCore_0': -11}",
    ],
)
def test_signal_of_a_worker_process_is_told(line: str) -> None:
    """The server in front names the status of the process that it lost."""
    assert death_of(line, 1) == (
        "one of its processes ended: it was ended by SIGSEGV, a crash in native code, such as a driver or library that "
        "does not fit."
    )


def test_killed_server_is_told_by_its_signal() -> None:
    """Whatever its log says."""
    assert "SIGKILL" in death_of('INFO:     127.0.0.1:4 - "GET /v1/models HTTP/1.1" 200 OK', 137)


@pytest.mark.parametrize("name", LINES)
def test_each_pattern_reads_what_its_phrases_write(name: str) -> None:
    """What is looked for in vLLM's source is what is read in its log, so that neither drifts alone."""
    values = {"weights": "2.5", "kv_cache": "1,024", "concurrency": "1,024", "kv_cache_memory": "1.5", "profile": "1.5"}
    for phrase in LINES[name].phrases:
        text = phrase.replace("for %s", f"for {values.get(name, 'Fp8Method')}").replace("%s", values.get(name, "x"))
        assert LINES[name].pattern.search(text.replace("%.2f", "1.50")), text
        assert phrase in phrases()
