"""What somebody stated of a configuration, held against its plan: it stands, is possible, is wrong, or cannot be told.

What is arithmetic (bytes, sequences, GPUs) is right or wrong; a rate is planned with an interval, so that a stated one
inside it is possible and no more.
"""

from dataclasses import dataclass
from typing import Literal

Span = tuple[float, float]
Judged = Literal["stands", "possible", "wrong", "cannot be told"]

ABOUT = 0.1
"""What a stated size may be off by: such figures are given as about so much."""
_WHOLE = 100.0


@dataclass(frozen=True)
class Finding:
    """One stated figure beside the planned one."""

    figure: str
    """Its key, unit in its name: `weights_gb`."""
    stated: Span
    planned: Span | None
    """One number twice where it is exact; an interval of a rate; None: there is none."""
    judged: Judged
    why: str = ""


def size_finding(figure: str, stated: Span, planned: float) -> Finding:
    """Return whether a stated size is right, to the tolerance of what is said to be about so much."""
    low, high = stated
    right = low * (1 - ABOUT) <= planned <= high * (1 + ABOUT)
    return Finding(figure, stated, (planned, planned), "stands" if right else "wrong")


def count_finding(figure: str, stated: Span, planned: int) -> Finding:
    """Return whether a stated whole number is right."""
    return Finding(figure, stated, (planned, planned), "stands" if stated == (planned, planned) else "wrong")


def sequences_finding(stated: Span, fit: int, length: int) -> Finding:
    """Return whether as many sequences fit at once as were stated."""
    judged: Judged = "stands" if stated[1] <= fit else "wrong"
    return Finding("sequences", stated, (fit, fit), judged, f"so many of {length:,} tokens fit at once")


def rate_finding(figure: str, stated: Span, interval: Span, why: str = "") -> Finding:
    """Return whether a stated rate, or a ratio of rates, can be: an interval confirms nothing that lies in it."""
    low, high = interval
    if stated[0] <= high and stated[1] >= low:
        return Finding(figure, stated, interval, "possible", why)
    beyond = "more than can be expected" if stated[0] > high else "less than is expected"
    return Finding(figure, stated, interval, "wrong", f"{beyond}; {why}" if why else beyond)


def efficiency_finding(stated: Span, *, runs: bool) -> Finding:
    """Return what is wrong with an efficiency: what cannot run has none, and none exceeds 100 %."""
    if not runs:
        return Finding("efficiency_percent", stated, None, "wrong", "what cannot run has none")
    if stated[1] > _WHOLE:
        return Finding("efficiency_percent", stated, None, "wrong", "no share exceeds 100 %")
    return Finding("efficiency_percent", stated, None, "cannot be told", "of what it is a share was not stated")


def not_planned(figure: str, stated: Span, why: str) -> Finding:
    """Return a figure that no plan has."""
    return Finding(figure, stated, None, "cannot be told", why)


def per_gpu_ratio(first: Span, second: Span, first_gpus: int, second_gpus: int) -> Span:
    """Return the interval of one rate over another, each per GPU; both rates are positive."""
    return (
        first[0] / first_gpus / (second[1] / second_gpus),
        first[1] / first_gpus / (second[0] / second_gpus),
    )
