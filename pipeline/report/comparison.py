"""Arms against each other: what the measured figures allow to be said, as pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from eval.accuracy.result import Contrast
from eval.bench.result import BenchResult, LoadPoint
from pipeline.base.format import listed
from pipeline.base.results import Origin, Result
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import AWQ, BASELINE

AgainstControl = Literal["better", "worse", "no clear difference", "error not known"]
Direction = Literal["faster", "slower", "no clear difference", "not repeated"]
_FEW = 2
"""Concurrencies that are named one by one."""
_READABLE_GIB = 0.1
"""The engine states GiB to two places: below this the ratio would be made of rounding."""
_WIDEST_16_BIT = 17.0


@dataclass(frozen=True)
class SpeedRatio:
    """Output throughput of AWQ over the baseline's at one concurrency."""

    concurrency: int
    median: float
    low: float
    """Slowest AWQ run over fastest baseline run."""
    high: float
    """Fastest AWQ run over slowest baseline run."""
    direction: Direction
    points: tuple[LoadPoint, LoadPoint]
    """The baseline's and AWQ's."""


@dataclass(frozen=True)
class WeightMemory:
    """Memory of the weights of baseline and AWQ, in bytes."""

    baseline_bytes: float
    awq_bytes: float
    basis: str
    found_in: tuple[tuple[Result, str], ...]
    """Parts of results and their fields that these are from."""
    origin: Origin = "measured"
    """Modelled where the baseline is not what was there, but what 16 bits would have been."""

    @property
    def times_smaller(self) -> float:
        """Baseline over AWQ."""
        return self.baseline_bytes / self.awq_bytes


def speed_ratios(load: BenchResult) -> tuple[SpeedRatio, ...]:
    """Return one ratio per concurrency that both were measured at."""
    awq = {point.concurrency: point for point in load.of(AWQ).points}
    return tuple(
        speed_ratio(point, awq[point.concurrency], load.repeats)
        for point in load.of(BASELINE).points
        if point.concurrency in awq and point.output_tokens_per_s_min > 0
    )


def speed_ratio(baseline: LoadPoint, awq: LoadPoint, repeats: int) -> SpeedRatio:
    """Return the ratio of two points with the range that the repeats allow; concurrency is the baseline's."""
    low = awq.output_tokens_per_s_min / baseline.output_tokens_per_s_max
    high = awq.output_tokens_per_s_max / baseline.output_tokens_per_s_min
    return SpeedRatio(
        concurrency=baseline.concurrency,
        median=awq.output_tokens_per_s / baseline.output_tokens_per_s,
        low=low,
        high=high,
        direction="not repeated" if repeats == 1 else _direction(low, high),
        points=(baseline, awq),
    )


def _direction(low: float, high: float) -> Direction:
    if low > 1:
        return "faster"
    return "slower" if high < 1 else "no clear difference"


def concurrencies(ratios: Sequence[SpeedRatio], direction: Direction) -> str:
    """Return at which concurrencies a direction was found: `1 and 4`, or `1 to 64` where neighbours agree."""
    places = [place for place, one in enumerate(ratios) if one.direction == direction]
    numbers = [str(ratios[place].concurrency) for place in places]
    neighbours = bool(places) and places[-1] - places[0] == len(places) - 1
    return f"{numbers[0]} to {numbers[-1]}" if neighbours and len(places) > _FEW else listed(numbers)


def against_control(contrast: Contrast) -> AgainstControl:
    """Return what AWQ is against plain rounding, by the interval of the difference."""
    if contrast.interval is None:
        return "error not known"
    if contrast.interval.high < 0:
        return "better"
    return "worse" if contrast.interval.low > 0 else "no clear difference"


def weight_memory(quantize: QuantizeResult, load: BenchResult) -> WeightMemory:
    """Return the memory of the weights as the engine states it, or from the files of small models."""
    baseline, awq = load.of(BASELINE).memory, load.of(AWQ).memory
    reported = baseline.weights_from == awq.weights_from == "engine"
    if reported and min(baseline.weights_gib, awq.weights_gib) >= _READABLE_GIB:
        gib = 1024.0**3
        return WeightMemory(
            baseline.weights_gib * gib,
            awq.weights_gib * gib,
            "as the engine reports it at start",
            ((baseline, "weights_gib"), (awq, "weights_gib")),
        )
    if 8 * quantize.source_bytes / quantize.parameters > _WIDEST_16_BIT:
        return WeightMemory(
            2.0 * quantize.parameters,
            quantize.checkpoint_bytes,
            "AWQ file size against 16 bits per parameter, because the source files hold more than 16",
            ((quantize, "parameters"), (quantize, "checkpoint_bytes")),
            "modelled",
        )
    return WeightMemory(
        quantize.source_bytes,
        quantize.checkpoint_bytes,
        "from the sizes of the weight files",
        ((quantize, "source_bytes"), (quantize, "checkpoint_bytes")),
    )


def points_of(load: BenchResult) -> tuple[tuple[str, LoadPoint], ...]:
    """Return (arm, point) pairs, the arms of a concurrency beside each other, in the order of the recipe."""
    pairs = [(one.arm, point) for one in load.arms for point in one.points]
    return tuple(sorted(pairs, key=lambda pair: pair[1].concurrency))
