"""What a kind of measurement needs of the GPU, refused before an engine starts."""

from collections.abc import Collection, Sequence

from pipeline.base.errors import EnvironmentLackError, ImpossiblePlanError
from pipeline.hardware.gpu import Gpu
from pipeline.hardware.machine import Machine
from pipeline.recipe.recipe import Recipe
from pipeline.runtimes.specs import Resolved

_FP8 = (8, 9)
"""Ada Lovelace: older GPUs have no FP8 arithmetic, and vLLM would compute in 16 bit."""
_BATCH_INVARIANT = (8, 0)
"""https://docs.vllm.ai/en/v0.32.0/features/batch_invariance: compute capability 8.0 or higher."""


def check_arms_hardware(
    recipe: Recipe,
    accelerator: Resolved,
    machine: Machine,
    *,
    arms: Collection[str],
    batch_invariant: bool,
    checkpoint_format: str | None = None,
) -> None:
    """Refuse FP8 arms and batch-invariant mode where they cannot work.

    What vLLM 0.32 says of its batch-invariant mode (documentation and source): beta; GPUs of compute capability 8.0 or
    higher; attention by FlashAttention, Triton or FlexAttention; no custom all-reduce. Marlin kernels are not batch
    invariant: checkpoints in AutoAWQ's format are dequantized and multiplied as 16-bit weights instead, which is
    slower than what is deployed and not the same arithmetic; those of compressed-tensors keep their kernel, so nothing
    is guaranteed for them.

    Args:
        recipe: with the arms.
        accelerator: what the engines run on.
        machine: with its GPUs.
        arms: those that are measured.
        batch_invariant: whether that mode is asked for.
        checkpoint_format: of this run's checkpoint, where there is one: `awq-gemm` or `pack-quantized`.

    Raises:
        EnvironmentLackError: there is no GPU for it.
        ImpossiblePlanError: batch-invariant mode does not cover the checkpoint's format.
    """
    for arm in recipe.arms:
        if arm.is_fp8 and arm.name in arms:
            _check(accelerator, machine, _FP8, f"The arm '{arm.name}' (fp8)", "Leave it out of the arms")
    if not batch_invariant:
        return
    _check(accelerator, machine, _BATCH_INVARIANT, "vLLM's batch-invariant mode", "Set eval.batch_invariant=false")
    if checkpoint_format == "pack-quantized":
        raise ImpossiblePlanError(
            "vLLM has no batch-invariant kernel for 4-bit weights in compressed-tensors' format, which this checkpoint "
            "has. Set eval.batch_invariant=false, or quantize with quantize.backend=autoawq."
        )


def _check(accelerator: Resolved, machine: Machine, needed: tuple[int, int], what: str, advice: str) -> None:
    wanted = f"{what} needs a CUDA GPU of compute capability {needed[0]}.{needed[1]} or higher"
    if accelerator == "cpu":
        raise EnvironmentLackError(f"{wanted}, and this run is on the CPU. {advice}, or run it where there is one.")
    if lacking := [gpu for gpu in machine.cuda_gpus if _capability(gpu) < needed]:
        raise EnvironmentLackError(f"{wanted}, and this machine has {_named(lacking)}. {advice}.")


def _capability(gpu: Gpu) -> tuple[int, ...]:
    parts = (gpu.capability or "").split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else (0,)


def _named(gpus: Sequence[Gpu]) -> str:
    return ", ".join(f"{gpu.name} ({gpu.capability or 'capability unknown'})" for gpu in gpus)
