"""Stable, drifting or undecided: what the slices of a soak allow to be said. Pure arithmetic.

`drifting` where the interval of the trend excludes zero and the trend moves the quantity by more than the limit over
the run; `stable` where the whole interval is within the limit; `undecided` otherwise, with the smallest drift that such
a run would have shown. The intervals of all quantities hold together (Bonferroni). What they assume of slices that
follow each other is said in `eval/statistics/trend.py`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median

from eval.bench.soak.figures import Drift, Quantity, SoakSlice, Verdict
from eval.statistics.repeats import CONFIDENCE, each_of
from eval.statistics.trend import Trend, trend

SLICE_FIELDS: Mapping[Quantity, str] = {
    "throughput": "output_tokens_per_s",
    "ttft": "ttft_ms",
    "itl": "itl_ms",
    "memory": "memory_gib",
}
"""Where a quantity stands in a slice."""


def figure_of(one: SoakSlice, quantity: Quantity) -> float | None:
    """Return a slice's figure of a quantity: tokens per second, milliseconds or GiB."""
    found: float | None = getattr(one, SLICE_FIELDS[quantity])
    return found


def drifts_of(slices: Sequence[SoakSlice], slice_s: float, limit: float) -> tuple[Drift, ...]:
    """Return what became of each quantity that was measured.

    Args:
        slices: equally long, one after the other.
        slice_s: length of each.
        limit: relative drift over all slices that is still called stable.
    """
    known = {quantity: tuple(_known(slices, slice_s, quantity)) for quantity in SLICE_FIELDS}
    measured = {quantity: points for quantity, points in known.items() if points}
    confidence = each_of(CONFIDENCE, len(measured) or 1)
    window_s = slice_s * len(slices)
    return tuple(_drift(quantity, points, window_s, limit, confidence) for quantity, points in measured.items())


def _known(slices: Sequence[SoakSlice], slice_s: float, quantity: Quantity) -> Iterator[tuple[float, float]]:
    for one in slices:
        value = figure_of(one, quantity)
        if value is not None:
            yield one.start_s + slice_s / 2, value


def _drift(
    quantity: Quantity, points: Sequence[tuple[float, float]], window_s: float, limit: float, confidence: float
) -> Drift:
    times, values = [time for time, _ in points], [value for _, value in points]
    level, centre = median(values), median(times)
    found = trend(times, values, confidence)
    if found is None or level <= 0:
        return Drift(quantity=quantity, verdict="undecided", level=level, centre_s=centre, slices=len(points))

    def relative(slope: float) -> float:
        return slope * window_s / level

    low, high = (relative(found.interval[0]), relative(found.interval[1])) if found.interval else (None, None)
    return Drift(
        quantity=quantity,
        verdict=_verdict(found, relative, limit),
        level=level,
        centre_s=centre,
        slices=len(points),
        drift=relative(found.slope),
        low=low,
        high=high,
        smallest_drift=None if found.smallest is None else relative(found.smallest),
        autocorrelation=found.autocorrelation,
    )


def _verdict(found: Trend, relative: Callable[[float], float], limit: float) -> Verdict:
    if found.interval is None:
        return "undecided"
    low, high = relative(found.interval[0]), relative(found.interval[1])
    if -limit <= low and high <= limit:
        return "stable"
    excludes_zero = low > 0 or high < 0
    return "drifting" if excludes_zero and abs(relative(found.slope)) > limit else "undecided"
