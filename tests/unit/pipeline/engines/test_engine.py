"""What is read from the engine and what is passed to it."""

import pytest

from pipeline.base.errors import EngineError, VoidMeasurementError
from pipeline.engines.engine import engine_arguments, parse_counters, parse_report
from pipeline.engines.settings import check_same_settings, parse_settings
from pipeline.recipe.engine import Engine

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


def test_counters_are_summed_over_labels() -> None:
    """Two engines behind one server count together; gauges are left out."""
    text = (
        'vllm:generation_tokens_total{engine="0"} 10.0\nvllm:generation_tokens_total{engine="1"} 5.0\n'
        "vllm:num_requests_running 3.0\n# HELP vllm:x_total x\n"
    )
    assert parse_counters(text) == {"vllm:generation_tokens_total": 15.0}


def test_vllm_is_never_told_the_quantization() -> None:
    """vLLM reads it from the checkpoint."""
    assert not any("quantization" in argument for argument in engine_arguments(Engine()))


def test_recipe_settings_reach_the_engine() -> None:
    """Every setting of the section is passed on."""
    arguments = " ".join(engine_arguments(Engine(max_model_len=512, enforce_eager=True, extra_args=("--seed", "7"))))
    assert "--max-model-len 512" in arguments
    assert "--enforce-eager" in arguments
    assert "--seed 7" in arguments


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


def test_differing_settings_are_refused_with_both_values() -> None:
    """A checkpoint with an 8-bit KV cache or other sampling is no comparison of weights."""
    baseline = parse_settings(SETTINGS)
    check_same_settings(baseline, parse_settings(SETTINGS.replace("=awq", "=None")), "awq")
    arm = parse_settings(SETTINGS.replace("kv_cache_dtype=auto", "kv_cache_dtype=fp8") + SAMPLING)
    with pytest.raises(VoidMeasurementError) as caught:
        check_same_settings(baseline, arm, "other")
    for part in ("'other'", "kv_cache_dtype is fp8 (baseline: auto)", "'repetition_penalty': 1.1} (baseline: not set)"):
        assert part in caught.value.message
