"""The refusal to measure quantized weights with another kernel than the fast one."""

from eval.arms.setup import EngineSetup
from pipeline.base.errors import EngineError
from pipeline.hardware.machine import Machine

_SLOW_ON_CUDA = (
    *("unoptimized AWQ kernels", "Moe WNA16 kernels"),
    *("ConchLinearKernel", "ExllamaLinearKernel", "TritonW4A16LinearKernel"),
)
"""What stands in the name of a kernel that vLLM takes on NVIDIA's GPUs where Marlin and Machete cannot be had."""
_MARLIN_FROM = 8.0
"""Compute capability: Ampere and later have Marlin's kernels."""


def check_kernel(setup: EngineSetup, arm: str, kernel: str, log: str) -> None:
    """Refuse an arm whose checkpoint is quantized and which the engine multiplies as 16-bit weights.

    Args:
        setup: with the weights.
        arm: whose weights.
        kernel: as the engine's facts name it.
        log: names the file in which the engine says why.

    Raises:
        EngineError: it does.
    """
    if kernel == "unquantized" and setup.weights[arm].quantized:
        raise EngineError(
            f"vLLM loaded the checkpoint of the arm '{arm}' without a quantized kernel, so what is measured would not "
            f"be quantized weights. Read why in logs/{log}, or choose the other quantize.backend."
        )


def check_fast_kernel(setup: EngineSetup, arm: str, kernel: str, log: str, machine: Machine) -> None:
    """Refuse to time quantized weights with a kernel that a GPU need not be content with; scores it leaves alone.

    Args:
        setup: with the weights.
        arm: whose weights.
        kernel: as the engine's facts name it.
        log: names the file in which the engine says why.
        machine: whose GPUs may be too old for the fast kernel.

    Raises:
        EngineError: it is slow.
    """
    slow = setup.accelerator == "cuda" and any(name in kernel for name in _SLOW_ON_CUDA)
    if slow and setup.weights[arm].quantized and _has_marlin(machine):
        raise EngineError(
            f"vLLM runs the arm '{arm}' with a slow kernel ({kernel}), so what is measured would not be the speed of "
            f"AWQ on this GPU. Read why in logs/{log}: most often a group size or the width of a layer does not suit "
            f"Marlin. Quantize with quantize.group_size 128, or choose the other quantize.backend."
        )


def _has_marlin(machine: Machine) -> bool:
    """Return whether any GPU is new enough; one that does not say how old it is counts as new."""
    known = [gpu.capability for gpu in machine.cuda_gpus]
    return any(capability is None or float(capability) >= _MARLIN_FROM for capability in known)
