"""The shares of a device's rates that a run attained: those with which the plan says what was measured. Pure."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.plan.corrections import Shares

_LEAST = 2.0**-14
_STEPS, _ROUNDS, _HALVINGS = 29, 4, 20
_GOLDEN = (math.sqrt(5) - 1) / 2
_START = (0.5, 0.5)
_SAME = 1e-6
"""By how much the loss of what does not bind changes, at most."""


@dataclass(frozen=True)
class Timing:
    """Times of a run, or of the plan of it."""

    tpot_s: tuple[float, ...]
    """At each concurrency."""
    ttft_s: float | None
    """At the lowest one, where requests hardly wait for each other; None: not known."""


@dataclass(frozen=True)
class Attained:
    """What was found."""

    shares: Shares
    bandwidth: float | None
    compute: float | None
    """The same, None for one that does not bind: the run would have been as fast with half of it."""


def attained(plan: Callable[[Shares], Timing | None], measured: Timing) -> Attained | None:
    """Return the shares that explain a run best; None where no plan of it is possible.

    The sum of squares of ln(planned / measured), of the TPOTs on the average and of the TTFT, is made least in one
    share after the other, by a grid and a golden section.
    """
    if plan(_START) is None or not measured.tpot_s:
        return None
    memory, compute = _START
    for _ in range(_ROUNDS):
        memory = _least(lambda share: _loss(plan((share, compute)), measured))  # noqa: B023 -- called at once
        compute = _least(lambda share: _loss(plan((memory, share)), measured))  # noqa: B023
    best = _loss(plan((memory, compute)), measured)
    binds = (
        _loss(plan((memory / 2, compute)), measured) > best + _SAME,
        _loss(plan((memory, compute / 2)), measured) > best + _SAME,
    )
    return Attained((memory, compute), memory if binds[0] else None, compute if binds[1] else None)


def _loss(planned: Timing | None, measured: Timing) -> float:
    if planned is None:
        return math.inf
    first = 0.0
    if planned.ttft_s and measured.ttft_s:
        first = math.log(planned.ttft_s / measured.ttft_s) ** 2
    pairs = zip(planned.tpot_s, measured.tpot_s, strict=True)
    return first + sum(math.log(said / seen) ** 2 for said, seen in pairs) / len(measured.tpot_s)


def _least(loss: Callable[[float], float]) -> float:
    """Return the share of the least loss; the largest of them where many are alike, for what does not bind."""
    step = -math.log(_LEAST) / (_STEPS - 1)
    grid = [-number * step for number in range(_STEPS)]
    best = min(grid, key=lambda log: loss(math.exp(log)))
    low, high = max(best - step, math.log(_LEAST)), min(best + step, 0.0)
    for _ in range(_HALVINGS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (low, right) if loss(math.exp(left)) < loss(math.exp(right)) else (left, high)
    return math.exp(high)
