"""The stage `roi`: what each arm costs at the recipe's load, from the measured throughput.

Capacity is the highest output throughput that `bench` measured on one machine, at whatever latency it had
there. Costs come from the load in whole machines, never from the peak alone. That AWQ does not pay is a
finding, not a failure: no gate is set here.
"""

from typing import TYPE_CHECKING

from eval.bench.result import BenchResult, LoadPoint
from pipeline.base.commands import command
from pipeline.base.errors import VoidMeasurementError
from pipeline.recipe.arms import BASELINE, arm_name
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.roi import Roi
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord, StageOutcome
from pipeline.record.stage import Need, Stage, outputs, sections
from pipeline.roi import arithmetic
from pipeline.roi.metrics import metrics_of
from pipeline.roi.result import ArmCost, Figure, RoiResult, Saving

if TYPE_CHECKING:
    from pipeline.base.results import Origin


def run(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
    """Price the measured throughput and write `roi/roi.json`.

    Raises:
        MissingStageError: `bench` has no result.
        VoidMeasurementError: an arm's measured throughput is zero.
    """
    result = price(recipe.roi, record.result(BenchResult))
    with context.staged("roi") as folder:
        (folder / "roi.json").write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")
    for one in result.comparisons:
        context.reporter.note(one.verdict)
    return StageOutcome(metrics=metrics_of(result), artifacts={"roi": "roi/roi.json"}, result=result)


def price(roi: Roi, bench: BenchResult) -> RoiResult:
    """Return all cost figures of the recipe's `roi` section for a measured sweep.

    Raises:
        VoidMeasurementError: an arm's measured throughput is zero.
    """
    average = arithmetic.load_tokens_per_s(roi.load.requests_per_day, roi.load.output_tokens_per_request)
    peak = average * roi.load.peak_to_average
    costs = {load.arm: _arm_cost(load.arm, roi, bench, average, peak) for load in bench.arms}
    baseline = costs.get(BASELINE)
    others = [cost for cost in costs.values() if cost is not baseline]
    return RoiResult(
        arms=tuple(costs.values()),
        comparisons=tuple(_saving(baseline, cost, roi, bench) for cost in others) if baseline else (),
        machine=roi.machine,
        hourly_usd=Figure(value=roi.hourly.usd, unit="USD/h", origin=roi.hourly.origin, basis=roi.hourly.source),
        load_tokens_per_s=Figure(
            value=average,
            unit="tokens/s",
            origin=roi.load.origin,
            basis=f"requests per day x output tokens per request / 86,400; {roi.load.source}",
        ),
        peak_tokens_per_s=Figure(
            value=peak,
            unit="tokens/s",
            origin=roi.load.origin,
            basis=f"average load x {roi.load.peak_to_average:g} (peak to average); {roi.load.source}",
        ),
        engagement_usd=_engagement(roi),
    )


def _saving(baseline: ArmCost, cost: ArmCost, roi: Roi, bench: BenchResult) -> Saving:
    name = arm_name(cost.arm)
    saving = _value(baseline.monthly_usd) - _value(cost.monthly_usd)
    engagement = roi.engagement.usd if roi.engagement else 0.0
    net = arithmetic.three_year_usd(saving) - engagement
    payback = arithmetic.payback_months(engagement, saving)
    return Saving(
        arm=cost.arm,
        reference=baseline.arm,
        saving_per_month_usd=_modelled(saving, "USD/month", f"baseline monthly cost - {name} monthly cost"),
        saving_three_years_usd=_modelled(net, "USD", "36 x monthly saving - engagement price"),
        payback_months=_modelled(payback, "months", "engagement price / monthly saving"),
        break_even_requests_per_day=_break_even(cost.arm, roi, bench),
        pays=saving > 0 and net >= 0,
        verdict=verdict(
            _machines(baseline), _machines(cost), name=name, saving=saving, engagement=engagement, payback=payback
        ),
    )


def verdict(
    baseline_machines: int, arm_machines: int, *, name: str, saving: float, engagement: float, payback: float | None
) -> str:
    """Return one plain sentence on whether an arm pays at the recipe's load.

    Args:
        baseline_machines: whole machines of the baseline.
        arm_machines: whole machines of the arm.
        name: the arm's, for a reader.
        saving: USD per month.
        engagement: one-time price in USD, 0 without one.
        payback: months until the engagement is paid, None when never.
    """
    unpaid = f", and the engagement price of {engagement:,.0f} USD is not recovered" if engagement else ""
    if arm_machines > baseline_machines:
        return (
            f"{name} does not pay here: it needs {_count(arm_machines)} where the baseline needs "
            f"{baseline_machines}{unpaid}."
        )
    if arm_machines == baseline_machines:
        return (
            f"{name} does not pay here: this load needs {_count(baseline_machines)} with either arm, "
            f"so no machine is saved{unpaid}."
        )
    change = f"{_count(arm_machines)} instead of {baseline_machines}"
    if saving <= 0 or payback is None:
        return f"{name} does not pay here: it needs {change}, but the machines cost nothing{unpaid}."
    if arithmetic.three_year_usd(saving) < engagement:
        return (
            f"{name} does not pay here within three years: {change} saves {saving:,.0f} USD a month, and the "
            f"engagement price of {engagement:,.0f} USD is paid back only after {payback:.1f} months."
        )
    paid = f"; the engagement is paid back after {payback:.1f} months" if engagement else ""
    return f"{name} pays at this load: {change} saves {saving:,.0f} USD a month{paid}."


def _arm_cost(arm: str, roi: Roi, bench: BenchResult, average: float, peak: float) -> ArmCost:
    best = bench.best(arm)
    capacity = best.output_tokens_per_s
    if capacity <= 0:
        raise VoidMeasurementError(
            f"The measured output throughput of {arm} is zero, so nothing can be priced. "
            f"Run `{command('bench', '--force')}` and look at its log."
        )
    machines = arithmetic.machines_needed(peak, capacity)
    monthly = arithmetic.monthly_usd(machines, roi.hourly.usd, roi.hours_per_month)
    return ArmCost(
        arm=arm,
        capacity_tokens_per_s=Figure(value=capacity, unit="tokens/s", origin="measured", basis=_capacity_basis(best)),
        usd_per_mtok_full_load=_modelled(
            arithmetic.usd_per_mtok(roi.hourly.usd, capacity),
            "USD/Mtok",
            "hourly price / (capacity x 3,600) x 10^6; the machine never idles",
        ),
        machines=_modelled(machines, "machines", _machines_basis(peak, best)),
        monthly_usd=_modelled(monthly, "USD/month", f"machines x hourly price x {roi.hours_per_month:g} hours"),
        yearly_usd=_modelled(arithmetic.yearly_usd(monthly), "USD/year", "12 x monthly cost"),
        three_year_usd=_modelled(
            arithmetic.three_year_usd(monthly), "USD", "36 x monthly cost, engagement price left out"
        ),
        usd_per_mtok_at_load=_modelled(
            arithmetic.usd_per_mtok_served(monthly, average, roi.hours_per_month),
            "USD/Mtok",
            "monthly cost / output tokens served in a month",
        ),
        utilisation=_modelled(
            arithmetic.utilisation(average, machines, capacity),
            "of capacity",
            "average load / (machines x capacity)",
        ),
    )


def _capacity_basis(best: LoadPoint) -> str:
    return (
        f"highest output throughput of one machine, at concurrency {best.concurrency}; "
        f"there p95 TTFT is {best.ttft.p95_ms:,.0f} ms and p95 end-to-end latency {best.e2e.p95_ms:,.0f} ms"
    )


def _machines_basis(peak: float, best: LoadPoint) -> str:
    basis = "peak load / capacity, rounded up"
    speeds = (best.output_tokens_per_s_max, best.output_tokens_per_s_min)
    if min(speeds) <= 0:
        return basis
    fewest, most = (arithmetic.machines_needed(peak, speed) for speed in speeds)
    return basis if fewest == most else f"{basis}; {fewest} to {most} over the range of the repeats"


def _break_even(arm: str, roi: Roi, bench: BenchResult) -> Figure:
    edge = arithmetic.break_even_tokens_per_s(
        baseline_tokens_per_s=bench.best(BASELINE).output_tokens_per_s,
        arm_tokens_per_s=bench.best(arm).output_tokens_per_s,
        machine_monthly_usd=arithmetic.monthly_usd(1, roi.hourly.usd, roi.hours_per_month),
        engagement_usd=roi.engagement.usd if roi.engagement else 0.0,
    )
    requests = arithmetic.break_even_requests_per_day(
        edge, roi.load.output_tokens_per_request, roi.load.peak_to_average
    )
    basis = (
        f"smallest load at which {arm_name(arm)} saves a whole machine and 36 months of savings cover the engagement "
        "price; machines are whole, so somewhat above it the saving can be smaller again"
    )
    if requests is None:
        basis = f"not reached at any load: {arm_name(arm)}'s capacity is not higher than the baseline's"
        if roi.hourly.usd == 0:
            basis = "not reached at any load: the machine costs nothing"
    return _modelled(requests, "requests/day", basis)


def _engagement(roi: Roi) -> Figure | None:
    if roi.engagement is None:
        return None
    return Figure(value=roi.engagement.usd, unit="USD", origin=roi.engagement.origin, basis=roi.engagement.source)


def _modelled(value: float | None, unit: str, basis: str) -> Figure:
    origin: Origin = "modelled"
    return Figure(value=value, unit=unit, origin=origin, basis=basis)


def _value(figure: Figure) -> float:
    return figure.value or 0.0


def _machines(cost: ArmCost) -> int:
    return int(_value(cost.machines))


def _count(machines: int) -> str:
    return f"{machines} machine" if machines == 1 else f"{machines} machines"


STAGE = Stage(
    run=run,
    result=RoiResult,
    settings=sections("roi"),
    sections=("roi",),
    needs=(Need(BenchResult),),
    outputs=outputs("roi/roi.json"),
)
