"""Whether what was promised was kept: each level by an exact interval, so that too little to tell stays undecided."""

import math
from typing import Literal

from eval.statistics.rates import rate_bounds, trials_needed
from pipeline.base.results import Result
from pipeline.recipe.serve import ServiceLevels
from serve.monitoring.availability import Availability
from serve.monitoring.requests import RequestFigures

Verdict = Literal["kept", "missed", "undecided"]
LevelName = Literal["p95", "errors", "availability"]
SLOW_SHARE = 0.05
"""Of the requests that may take longer than a p95."""


class LevelVerdict(Result):
    """One level, held against what was measured."""

    level: LevelName
    verdict: Verdict
    limit: float
    """Seconds, or a share."""
    value: float | None = None
    """In the same unit; None where too little was seen for one figure."""
    share: float | None = None
    """The share that the verdict is by: of slow requests, of errors, of ready time."""
    low: float | None = None
    high: float | None = None
    """Bounds of that share: exact, each with 95 % confidence; of availability what nobody saw, as ready and as down."""
    of: int = 0
    """Requests, or samples, that it is a share of."""
    needed: int | None = None
    """How many could decide it; None where it is decided, or no number could."""


def verdicts(
    levels: ServiceLevels, figures: RequestFigures, available: Availability
) -> tuple[LevelVerdict, LevelVerdict, LevelVerdict]:
    """Return what became of the three levels."""
    return (
        p95_verdict(levels.p95_s, figures),
        error_verdict(levels.max_error_share, figures),
        availability_verdict(levels.min_availability, available),
    )


def overall(found: tuple[LevelVerdict, ...]) -> Verdict:
    """Return `missed` if one level is, else `undecided` if one is."""
    said = {one.verdict for one in found}
    return next((verdict for verdict in ("missed", "undecided") if verdict in said), "kept")


def p95_verdict(limit_s: float, figures: RequestFigures) -> LevelVerdict:
    """Return whether 95 of 100 requests were answered in time: by the share that was not."""
    p95 = figures.latency.p95
    found = _at_most("p95", SLOW_SHARE, figures.slow, figures.timed)
    return found.model_copy(update={"limit": limit_s, "value": None if p95 is None else p95 / 1000})


def error_verdict(limit: float, figures: RequestFigures) -> LevelVerdict:
    """Return whether the share of errors is at most the limit."""
    found = _at_most("errors", limit, figures.failed, figures.counted)
    return found.model_copy(update={"value": found.share})


def availability_verdict(limit: float, available: Availability) -> LevelVerdict:
    """Return whether the endpoint was ready for long enough, whatever was the case when nobody saw it.

    With fewer samples than the limit needs to be missed by one of them it stays undecided.
    """
    needed = math.ceil(1 / (1 - limit)) if limit < 1 else None
    low, high = available.low, available.high
    verdict: Verdict = "undecided"
    if low is not None and high is not None:
        if high < limit:
            verdict = "missed"
        elif low >= limit and available.samples >= (needed or 1):
            verdict = "kept"
    return LevelVerdict(
        level="availability",
        verdict=verdict,
        limit=limit,
        value=available.seen,
        share=available.seen,
        low=low,
        high=high,
        of=available.samples,
        needed=needed if verdict == "undecided" and available.samples < (needed or 1) else None,
    )


def _at_most(level: LevelName, limit: float, found: int, of: int) -> LevelVerdict:
    """Return whether a share is at most the limit, or above it, with 95 % confidence."""
    if of == 0:
        return LevelVerdict(level=level, verdict="undecided", limit=limit, needed=_needed(limit, 0, 0))
    low, high = rate_bounds(found, of)
    verdict: Verdict = "kept" if high <= limit else "missed" if low > limit else "undecided"
    return LevelVerdict(
        level=level,
        verdict=verdict,
        limit=limit,
        share=found / of,
        low=low,
        high=high,
        of=of,
        needed=_needed(limit, found, of) if verdict == "undecided" else None,
    )


def _needed(limit: float, found: int, of: int) -> int | None:
    """Return how many requests could show it, were none of the further ones found; None where no number could."""
    if not 0 < limit < 1:
        return None
    if found == 0:
        return trials_needed(limit)
    low, high = of, of
    while rate_bounds(found, high)[1] > limit:
        low, high = high, high * 2
    while high - low > max(1, high // 1000):
        middle = (low + high) // 2
        low, high = (low, middle) if rate_bounds(found, middle)[1] <= limit else (middle, high)
    return high
