"""The plan of each arm held against what was measured, figure by figure. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from eval.bench.planned import ArmPlan, PlannedFigures, PlannedSpeed, WhyNot
from eval.bench.result import ArmLoad, BenchResult, LoadPoint
from eval.bench.soak.knee import knee_of
from pipeline.base.results import Result

Quantity = Literal[
    "weights_gib",
    "kv_cache_gib",
    "kv_cache_tokens",
    "max_concurrency",
    "output_tokens_per_s",
    "ttft_ms",
    "tpot_ms",
    "knee",
]
MEMORY: tuple[Quantity, ...] = ("weights_gib", "kv_cache_gib", "kv_cache_tokens", "max_concurrency")
Reason = WhyNot | Literal["computed", "stated", "not told", "void", "one concurrency", "shared prefill"]
"""Why a figure is not compared: those of `WhyNot`; the size of the weights was computed and not measured; the cache's
size was stated and not planned; the engine does not tell it; nothing that stands was measured; a knee takes two
concurrencies; the plan's TTFT is that of a request that finds the device free."""
_FEWEST = 2
_INTERVALS: Mapping[Quantity, tuple[str, str]] = {
    "output_tokens_per_s": ("low", "high"),
    "ttft_ms": ("ttft_low_ms", "ttft_high_ms"),
    "tpot_ms": ("tpot_low_ms", "tpot_high_ms"),
}
"""Fields of a planned speed that have the interval of a figure."""
Place = tuple[Result, str]
"""Part of a result, and its field."""


@dataclass(frozen=True)
class PlanError:
    """One figure of an arm, planned and measured."""

    arm: str
    quantity: Quantity
    concurrency: int | None = None
    """None for figures of the arm as a whole."""
    planned: float | None = None
    measured: float | None = None
    low: float | None = None
    high: float | None = None
    """With `low`: what the plan gave as interval; None without one."""
    uncorrected: float | None = None
    """What the plan says without corrections; None where none were applied."""
    reason: Reason | None = None
    """Why they are not compared; None where they are."""
    planned_at: tuple[Place, ...] = ()
    measured_at: tuple[Place, ...] = ()
    uncorrected_at: tuple[Place, ...] = ()
    interval_at: tuple[Place, ...] = ()

    @property
    def share(self) -> float | None:
        """Return the relative error of the plan; None where nothing is compared."""
        return _share(self.planned, self.measured)

    @property
    def uncorrected_share(self) -> float | None:
        """Return the same without corrections."""
        return _share(self.uncorrected, self.measured)

    @property
    def inside(self) -> bool | None:
        """Return whether the interval holds what was measured; None without one."""
        if self.low is None or self.high is None or self.measured is None:
            return None
        return self.low <= self.measured <= self.high


def plan_errors(result: BenchResult) -> tuple[PlanError, ...]:
    """Return every figure that a plan has, of every arm that has a plan; empty for results of earlier versions."""
    plans = {plan.arm: plan for plan in result.plans}
    return tuple(one for load in result.arms if load.arm in plans for one in _of_arm(load, plans[load.arm]))


def _of_arm(load: ArmLoad, plan: ArmPlan) -> Iterator[PlanError]:
    yield from _memory(load, plan)
    for point in load.points:
        yield from _speeds(load.arm, point, plan, lowest=point is load.points[0])
    if not load.points:
        yield PlanError(load.arm, "output_tokens_per_s", reason=plan.why_not or "void")
        return
    yield _knee(load, plan)


def _memory(load: ArmLoad, plan: ArmPlan) -> Iterator[PlanError]:
    memory, parts = load.memory, load.proof.memory if load.proof else None
    stated = plan.basis is not None and plan.basis.kv_cache_gib is not None
    places: dict[Quantity, tuple[Result | None, Reason | None]] = {
        "weights_gib": (memory, "computed" if memory.weights_from == "configuration" else None),
        "kv_cache_gib": (parts, "stated" if stated else None),
        "kv_cache_tokens": (memory, None),
        "max_concurrency": (memory, None),
    }
    figures = plan.figures
    for quantity, (part, known) in places.items():
        measured = getattr(part, quantity) if part else None
        reason: Reason | None = known or ("not told" if measured is None else None)
        yield PlanError(
            load.arm,
            quantity,
            planned=getattr(figures, quantity) if figures else None,
            measured=None if reason == "computed" else measured,
            uncorrected=getattr(plan.uncorrected, quantity) if plan.uncorrected else None,
            reason=plan.why_not or reason,
            planned_at=((figures, quantity),) if figures else (),
            measured_at=((part, quantity),) if part and reason != "computed" else (),
            uncorrected_at=((plan.uncorrected, quantity),) if plan.uncorrected else (),
        )


def _speeds(arm: str, point: LoadPoint, plan: ArmPlan, *, lowest: bool) -> Iterator[PlanError]:
    speed = _at(plan.figures, point.concurrency)
    before = _at(plan.uncorrected, point.concurrency)
    why_not: Reason | None = plan.why_not or (None if speed else plan.why_no_speed or "rates")
    measured: tuple[tuple[Quantity, float | None, Place], ...] = (
        ("output_tokens_per_s", point.output_tokens_per_s, (point, "output_tokens_per_s")),
        ("ttft_ms", point.ttft.p50_ms, (point.ttft, "p50_ms")),
        ("tpot_ms", point.tpot.p50_ms, (point.tpot, "p50_ms")),
    )
    for quantity, value, place in measured:
        later = quantity == "ttft_ms" and not lowest
        low, high = _INTERVALS[quantity]
        told = None if later else speed
        yield PlanError(
            arm,
            quantity,
            point.concurrency,
            planned=getattr(told, quantity) if told else None,
            measured=value,
            low=getattr(told, low) if told else None,
            high=getattr(told, high) if told else None,
            uncorrected=None if later or before is None else getattr(before, quantity),
            reason=why_not or ("shared prefill" if later else "not told" if value is None else None),
            planned_at=((told, quantity),) if told else (),
            interval_at=((told, low), (told, high)) if told else (),
            measured_at=() if value is None else (place,),
            uncorrected_at=() if later or before is None else ((before, quantity),),
        )


def _knee(load: ArmLoad, plan: ArmPlan) -> PlanError:
    figures, points = plan.figures, load.points
    throughput = {point.concurrency: point.output_tokens_per_s for point in points}
    few = len(points) < _FEWEST
    planned = figures.knee if figures else None
    reason: Reason | None = plan.why_not or ("one concurrency" if few else None)
    return PlanError(
        load.arm,
        "knee",
        planned=planned,
        measured=None if few else knee_of(throughput, max(throughput)).concurrency,
        uncorrected=plan.uncorrected.knee if plan.uncorrected else None,
        reason=reason or (None if planned else plan.why_no_speed or "rates"),
        planned_at=((figures, "knee"),) if figures and planned else (),
        measured_at=tuple((point, "output_tokens_per_s") for point in points),
        uncorrected_at=((plan.uncorrected, "knee"),) if plan.uncorrected else (),
    )


def _at(figures: PlannedFigures | None, concurrency: int) -> PlannedSpeed | None:
    return figures.at(concurrency) if figures else None


def _share(planned: float | None, measured: float | None) -> float | None:
    return planned / measured - 1 if planned is not None and measured else None
