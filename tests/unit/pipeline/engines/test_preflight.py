"""What vLLM cannot start with is refused before it is started."""

import pytest

from pipeline.base.errors import AwqctlError, EnvironmentLackError, ImpossiblePlanError
from pipeline.engines.preflight import check_engine
from pipeline.hardware.gpu import Gpu
from pipeline.hardware.machine import Machine
from pipeline.recipe.engine import EngineSettings
from pipeline.runtimes.specs import Resolved

GPU = Gpu(vendor="nvidia", name="NVIDIA Example")
MACHINE = Machine(cpu="Example CPU", cores=2, simd=("avx2", "avx512f"), memory_bytes=2**34, platform="Linux")
TWO_GPUS = MACHINE.model_copy(update={"gpus": (GPU, GPU)})


def settings(**keys: object) -> EngineSettings:
    """Return settings that need no compiler."""
    return EngineSettings.model_validate({"enforce_eager": True, **keys})


@pytest.mark.parametrize(
    ("keys", "accelerator", "machine"),
    [
        ({}, "cpu", MACHINE),
        ({"kv_cache_dtype": "fp8"}, "cpu", MACHINE),
        ({"kv_cache_dtype": "auto"}, "cpu", MACHINE.model_copy(update={"simd": None})),
        ({"tensor_parallel_size": 2}, "cpu", MACHINE.model_copy(update={"numa_nodes": 2})),
        ({"tensor_parallel_size": 2, "kv_cache_dtype": "nvfp4"}, "cuda", TWO_GPUS),
    ],
)
def test_what_can_start_passes(keys: dict[str, object], accelerator: Resolved, machine: Machine) -> None:
    """The CPU knows FP8 for the KV cache where it has AVX-512; each worker has a GPU or a NUMA node."""
    check_engine(settings(**keys), accelerator, machine)


@pytest.mark.parametrize(
    ("keys", "accelerator", "machine", "error", "message"),
    [
        ({"tensor_parallel_size": 2}, "cpu", MACHINE, EnvironmentLackError, "is 2, and this machine has 1 NUMA node"),
        (
            {"tensor_parallel_size": 2, "pipeline_parallel_size": 2},
            "cuda",
            TWO_GPUS,
            EnvironmentLackError,
            "is 4, and this machine has 2 GPUs. .* at most 2",
        ),
        ({"kv_cache_dtype": "nvfp4"}, "cpu", MACHINE, ImpossiblePlanError, "cannot store the KV cache as nvfp4"),
        (
            {"kv_cache_dtype": "fp8"},
            "cpu",
            MACHINE.model_copy(update={"simd": ("avx2",)}),
            EnvironmentLackError,
            "AVX-512 or AMX",
        ),
    ],
)
def test_what_cannot_start_is_refused(
    keys: dict[str, object], accelerator: Resolved, machine: Machine, error: type[AwqctlError], message: str
) -> None:
    """With the key to change."""
    with pytest.raises(error, match=message):
        check_engine(settings(**keys), accelerator, machine)


def test_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the CPU compilation needs g++; a GPU does without, and so does eager mode."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EnvironmentLackError, match=r"engine\.enforce_eager=true"):
        check_engine(EngineSettings(), "cpu", MACHINE)
    check_engine(settings(), "cpu", MACHINE)
    check_engine(EngineSettings(), "cuda", TWO_GPUS)
