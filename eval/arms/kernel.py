"""The refusal to measure quantized weights with a kernel for 16-bit ones."""

from eval.arms.setup import EngineSetup
from pipeline.base.errors import EngineError


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
