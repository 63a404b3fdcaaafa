"""What is passed to vLLM."""

import pytest

from pipeline.engines.vllm import engine_arguments
from pipeline.recipe.engine import EngineSettings


def test_vllm_is_never_told_the_quantization() -> None:
    """vLLM reads it from the checkpoint."""
    assert not any("quantization" in argument for argument in engine_arguments(EngineSettings()))


def test_arguments_without_a_choice() -> None:
    """They name stored answers, so what is left to vLLM adds nothing."""
    expected = (
        *("--dtype", "bfloat16", "--max-model-len", "4096", "--max-num-seqs", "64"),
        *("--gpu-memory-utilization", "0.9", "--shutdown-timeout", "5", "--no-enable-log-requests"),
    )
    assert engine_arguments(EngineSettings()) == expected


def test_recipe_settings_reach_the_engine() -> None:
    """Every setting of the section is passed on."""
    settings = EngineSettings(max_model_len=512, enforce_eager=True, extra_args=("--seed", "7"))
    arguments = " ".join(engine_arguments(settings))
    assert "--max-model-len 512" in arguments
    assert "--enforce-eager" in arguments
    assert "--seed 7" in arguments


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            {"tensor_parallel_size": 2, "pipeline_parallel_size": 4},
            "--tensor-parallel-size 2 --pipeline-parallel-size 4",
        ),
        ({"kv_cache_dtype": "fp8"}, "--kv-cache-dtype fp8"),
        ({"kv_cache_dtype_skip_layers": ("0", "sliding_window")}, "--kv-cache-dtype-skip-layers 0 sliding_window"),
        ({"enable_prefix_caching": True}, "--enable-prefix-caching"),
        (
            {"enable_prefix_caching": False, "enable_chunked_prefill": False},
            "--no-enable-prefix-caching --no-enable-chunked-prefill",
        ),
    ],
)
def test_choices_reach_the_engine(keys: dict[str, object], expected: str) -> None:
    """By vLLM's own names, before what the user adds."""
    settings = EngineSettings.model_validate({"extra_args": ["--seed", "7"], **keys})
    assert f" {expected} --seed 7" in " ".join(engine_arguments(settings))
