"""Kernels that a measurement refuses."""

from pathlib import Path

import pytest

from eval.arms.kernel import check_fast_kernel, check_kernel
from eval.arms.setup import EngineSetup, Weights
from pipeline.base.errors import EngineError
from pipeline.hardware.gpu import Gpu
from pipeline.hardware.machine import Machine
from pipeline.recipe.engine import EngineSettings
from pipeline.runtimes.specs import Resolved
from pipeline.runtimes.store import Runtime

FAST = "MarlinLinearKernel (AutoAWQMarlinLinearMethod)"
SLOW = (
    f"{FAST} + unoptimized AWQ kernels",
    "unoptimized AWQ kernels",
    f"{FAST} + Moe WNA16 kernels",
    "ConchLinearKernel (CompressedTensorsWNA16)",
    "ExllamaLinearKernel (CompressedTensorsWNA16)",
)


def setup(accelerator: Resolved = "cuda", *, quantized: bool = True) -> EngineSetup:
    """Return a setup with one arm."""
    runtime = Runtime("vllm-cuda", "0.33.0", "external", Path("python"), "test")
    weights = {"awq": Weights(Path("awq"), "sum", quantized=quantized)}
    return EngineSetup(runtime, accelerator, EngineSettings(), weights, trust_remote_code=False)


def gpu(capability: str | None) -> Machine:
    """Return a machine with a GPU of a compute capability."""
    gpus = (Gpu(vendor="nvidia", name="GPU", capability=capability),)
    return Machine(cpu="CPU", cores=2, memory_bytes=2**34, platform="Linux", gpus=gpus)


@pytest.mark.parametrize("kernel", SLOW)
@pytest.mark.parametrize("capability", ["8.0", "9.0", None])
def test_slow_kernel_is_not_timed(kernel: str, capability: str | None) -> None:
    """Even where it multiplies one layer alone: the speed would not be AWQ's."""
    with pytest.raises(EngineError, match="slow kernel"):
        check_fast_kernel(setup(), "awq", kernel, "bench.log", gpu(capability))


def test_fast_kernel_is_timed() -> None:
    """Marlin, and the CPU's own kernel on the CPU."""
    check_fast_kernel(setup(), "awq", FAST, "bench.log", gpu("9.0"))
    check_fast_kernel(setup("cpu"), "awq", "CPUWNA16LinearKernel (x)", "bench.log", gpu("9.0"))


def test_an_old_gpu_may_be_slow() -> None:
    """Turing has nothing better; its speed is what a client with such a GPU gets."""
    check_fast_kernel(setup(), "awq", SLOW[1], "bench.log", gpu("7.5"))


def test_no_quantized_kernel_is_refused_everywhere() -> None:
    """Scores and speeds would be of 16-bit weights; of 16-bit weights nothing else is expected."""
    with pytest.raises(EngineError, match="without a quantized kernel"):
        check_kernel(setup(), "awq", "unquantized", "eval.log")
    check_kernel(setup(quantized=False), "awq", "unquantized", "eval.log")
