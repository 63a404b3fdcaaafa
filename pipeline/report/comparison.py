"""Arms against each other: what the measured figures allow to be said, as pure functions."""

from dataclasses import dataclass
from typing import Literal

from eval.accuracy.result import Contrast
from eval.bench.result import BenchResult, LoadPoint
from pipeline.base.results import Origin, Result
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import AWQ, BASELINE

Basis = Literal["engine", "parameters", "files", "configuration"]
AgainstControl = Literal["better", "worse", "no clear difference", "error not known"]
_READABLE_GIB = 0.1
"""The engine states GiB to two places: below this the ratio would be made of rounding."""
_WIDEST_16_BIT = 17.0


@dataclass(frozen=True)
class WeightMemory:
    """Memory of the weights of baseline and AWQ, in bytes."""

    baseline_bytes: float
    awq_bytes: float
    basis: Basis
    """What the bytes are, in the words of the language."""
    found_in: tuple[tuple[Result, str], ...]
    """Parts of results and their fields that these are from."""
    origin: Origin = "measured"
    """Modelled where the baseline is not what was there, but what 16 bits would have been."""

    @property
    def times_smaller(self) -> float:
        """Baseline over AWQ."""
        return self.baseline_bytes / self.awq_bytes


def against_control(contrast: Contrast) -> AgainstControl:
    """Return what AWQ is against plain rounding, by the interval of the difference."""
    if contrast.interval is None:
        return "error not known"
    if contrast.interval.high < 0:
        return "better"
    return "worse" if contrast.interval.low > 0 else "no clear difference"


def weight_memory(quantize: QuantizeResult | None, load: BenchResult) -> WeightMemory | None:
    """Return the memory of the weights as the engine states it, or from the files of small models.

    None where baseline and AWQ were not both started.

    Args:
        quantize: what was quantized; None where that is not known, and where the weights were made up.
        load: with what the engines held.
    """
    if not load.has_arms(BASELINE, AWQ):
        return None
    baseline, awq = load.of(BASELINE).memory, load.of(AWQ).memory
    reported = baseline.weights_from == awq.weights_from == "engine"
    if quantize is None or (reported and min(baseline.weights_gib, awq.weights_gib) >= _READABLE_GIB):
        gib = 1024.0**3
        return WeightMemory(
            baseline.weights_gib * gib,
            awq.weights_gib * gib,
            awq.weights_from,
            ((baseline, "weights_gib"), (awq, "weights_gib")),
            "modelled" if awq.weights_from == "configuration" else "measured",
        )
    if 8 * quantize.source_bytes / quantize.parameters > _WIDEST_16_BIT:
        return WeightMemory(
            2.0 * quantize.parameters,
            quantize.checkpoint_bytes,
            "parameters",
            ((quantize, "parameters"), (quantize, "checkpoint_bytes")),
            "modelled",
        )
    return WeightMemory(
        quantize.source_bytes,
        quantize.checkpoint_bytes,
        "files",
        ((quantize, "source_bytes"), (quantize, "checkpoint_bytes")),
    )


def points_of(load: BenchResult) -> tuple[tuple[str, LoadPoint], ...]:
    """Return (arm, point) pairs, the arms of a concurrency beside each other, in the order of the recipe."""
    pairs = [(one.arm, point) for one in load.arms for point in one.points]
    return tuple(sorted(pairs, key=lambda pair: pair[1].concurrency))
