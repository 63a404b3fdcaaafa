"""The stage `roi`: what each arm costs at the recipe's load, from the measured throughput.

Capacity is the highest output throughput that `bench` measured on one machine, at whatever latency it had there, and
never with more requests than the engine serves at once; where a service level was agreed, machines are counted by what
keeps it. Costs come from the load in whole machines, never from the peak alone, and each has a range. The engine of the
scenarios prices the same run whole, with whatever else the recipe states. That AWQ does not pay is a finding, not a
failure: no gate is set here.
"""

from collections.abc import Callable, Mapping

from eval.bench.arm_crossover import useful_interval, useful_point, useful_tokens_per_s
from eval.bench.comparison import capacity_interval, capacity_ratio
from eval.bench.result import ArmLoad, BenchResult
from eval.statistics.repeats import Interval
from pipeline.base.commands import command
from pipeline.base.errors import SourceError, VoidMeasurementError
from pipeline.base.results import Origin
from pipeline.models.resolve import local_folder
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.recipe.prices import Price
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.roi import Load, Roi
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord, StageOutcome
from pipeline.record.stage import Need, Stage, outputs, sections
from pipeline.roi import arithmetic
from pipeline.roi.agreement import YEARS, agreed, careful, is_plain
from pipeline.roi.demand import peak_of
from pipeline.roi.engagement import one_time_price
from pipeline.roi.exact import exact
from pipeline.roi.figure import Decision, Figure
from pipeline.roi.metrics import metrics_of
from pipeline.roi.probes import PROBES
from pipeline.roi.ranges import Capacities, break_even_range, machines_range, machines_saved, utilisation_range
from pipeline.roi.recipe_scenario import price_run
from pipeline.roi.result import ArmCost, RoiResult, Saving, Unpriced, UsefulCost

Range = tuple[float | None, float | None]
"""Both ends of what a figure can be; both None where it is not known."""
_UNKNOWN: Range = (None, None)


def run(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
    """Price the measured throughput and write `roi/roi.json`.

    Raises:
        MissingStageError: `bench` has no result.
        VoidMeasurementError: an arm's measured throughput is zero, or all that was measured of baseline or AWQ is void.
    """
    result = price_whole(recipe, record.result(BenchResult), _model(recipe, context))
    with context.staged("roi") as folder:
        (folder / "roi.json").write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return StageOutcome(metrics=metrics_of(result), artifacts={"roi": "roi/roi.json"}, result=result)


def _model(recipe: Recipe, context: RunContext) -> str:
    """Return the folder or hub id that alternatives are planned for; that it is gone is told by those alone."""
    try:
        return str(local_folder(recipe.model, context.recipe_dir) or recipe.model.source)
    except SourceError:
        return recipe.model.source


def price_whole(recipe: Recipe, bench: BenchResult, model: str) -> RoiResult:
    """Return all cost figures of a recipe: per arm, and its scenario with years, purchases, alternatives and APIs.

    Args:
        recipe: with its section `roi`.
        bench: the benchmark.
        model: folder or hub id that alternatives are planned for.

    Raises:
        UsageError: a GPU, a package or an API is not known to the catalogue.
        VoidMeasurementError: as `price`.
    """
    result = price(recipe.roi, bench)
    arms = [cost.arm for cost in result.arms]
    scenario = price_run(recipe, bench, arms, model)
    if scenario is None:
        return result
    three = scenario
    if recipe.roi.years != YEARS:
        again = recipe.roi.model_copy(update={"years": YEARS})
        three = price_run(recipe.model_copy(update={"roi_or_none": again}), bench, arms, model) or scenario
    return agreed(result, careful(scenario), careful(three), plain=is_plain(recipe.roi, bench))


def price(roi: Roi, bench: BenchResult) -> RoiResult:
    """Return what each arm costs on the measured machine, rented for three years without growth or spares.

    Raises:
        VoidMeasurementError: an arm's measured throughput is zero, all that was measured of baseline or AWQ is void or
            overload, or no arm has a cost.
    """
    average = arithmetic.load_tokens_per_s(roi.load.requests_per_day, roi.load.output_tokens_per_request)
    peak = average * _peak_factor(roi.load)
    once = one_time_price(roi.engagement)
    unpriced = {load.arm: why for load in bench.arms if (why := _not_priced(load, bench))}
    priced = [load.arm for load in bench.arms if load.arm not in unpriced]
    if not priced:
        raise VoidMeasurementError(
            f"Nothing is priced: {_no_arm(unpriced)} Name another in bench.arms and run `{command('bench')}`."
        )
    costs = {arm: _arm_cost(arm, roi, bench, average, peak) for arm in priced}
    baseline = costs.get(BASELINE)
    others = [cost for cost in costs.values() if cost is not baseline]
    load = roi.load
    return RoiResult(
        arms=tuple(costs.values()),
        comparisons=tuple(
            _saving(baseline, cost, roi, bench, peak, once if cost.arm == AWQ else None) for cost in others
        )
        if baseline
        else (),
        machine=roi.machine,
        hourly_usd=_priced(roi.hourly, "USD/h"),
        load_tokens_per_s=Figure(value=average, unit="tokens/s", origin=load.origin, source=load.source),
        peak_tokens_per_s=Figure(value=peak, unit="tokens/s", origin=load.origin, source=load.source),
        engagement_usd=once,
        not_priced=unpriced,
    )


def _peak_factor(load: Load) -> float:
    return float(peak_of([exact(hour) for hour in load.day_curve])) if load.day_curve else load.peak_to_average


def _not_priced(load: ArmLoad, bench: BenchResult) -> Unpriced | None:
    """Return why a further arm has no cost; None where it has one, and of the two arms that must have one."""
    if load.arm in (BASELINE, AWQ):
        return None
    if load.dummy_weights:
        return "dummy weights"
    if bench.only_overload(load.arm):
        return "overload"
    return None if load.points else "void"


def _void(bench: BenchResult) -> str | None:
    """Return why nothing can be priced; None where something can."""
    void = [arm for arm in (BASELINE, AWQ) for load in bench.arms if load.arm == arm and not load.points]
    if void:
        return f"every measurement of the speed of {' and '.join(void)} is void, so there is nothing to price."
    if beyond := [arm for arm in (BASELINE, AWQ) if bench.only_overload(arm)]:
        return (
            f"every concurrency at which {' and '.join(beyond)} stands is overload, more than the engine serves at "
            f"once, and so no capacity to price. Put lower ones into bench.concurrency."
        )
    unpriced = {load.arm: why for load in bench.arms if (why := _not_priced(load, bench))}
    return _no_arm(unpriced) if len(unpriced) == len(bench.arms) else None


def _no_arm(unpriced: Mapping[str, Unpriced]) -> str:
    reasons = "; ".join(f"{arm}: {why}" for arm, why in unpriced.items())
    return f"no arm that was measured has a cost ({reasons})."


def _arm_cost(arm: str, roi: Roi, bench: BenchResult, average: float, peak: float) -> ArmCost:
    if bench.only_overload(arm):
        raise VoidMeasurementError(
            f"{arm} was measured in overload alone, more requests than its engine serves at once, so none of its "
            f"speeds is a capacity to price. Put lower concurrencies into bench.concurrency and run "
            f"`{command('bench')}`."
        )
    best, interval = bench.best(arm), capacity_interval(bench, arm)
    capacity = best.output_tokens_per_s
    if capacity <= 0:
        raise VoidMeasurementError(
            f"The measured output throughput of {arm} is zero, so nothing can be priced. "
            f"Run `{command('bench', '--force')}` and look at its log."
        )
    machines = arithmetic.machines_needed(peak, capacity)
    counts = machines_range(peak, interval) if interval else None
    used = arithmetic.utilisation(average, machines, capacity)

    def full_load(tokens_per_s: float) -> float:
        return arithmetic.usd_per_mtok(roi.hourly.usd, tokens_per_s)

    def monthly(count: float) -> float:
        return arithmetic.monthly_usd(round(count), roi.hourly.usd, roi.hours_per_month)

    def yearly(count: float) -> float:
        return arithmetic.yearly_usd(monthly(count))

    def three_years(count: float) -> float:
        return arithmetic.three_year_usd(monthly(count))

    def at_load(count: float) -> float:
        return arithmetic.usd_per_mtok_served(monthly(count), average, roi.hours_per_month)

    return ArmCost(
        arm=arm,
        concurrency=best.concurrency,
        capacity_tokens_per_s=_figure(capacity, "tokens/s", interval or _UNKNOWN, "measured"),
        usd_per_mtok_full_load=_figure(full_load(capacity), "USD/Mtok", _over(interval, full_load)),
        machines=_figure(machines, "machines", counts or _UNKNOWN),
        monthly_usd=_figure(monthly(machines), "USD/month", _over(counts, monthly)),
        yearly_usd=_figure(yearly(machines), "USD/year", _over(counts, yearly)),
        three_year_usd=_figure(three_years(machines), "USD", _over(counts, three_years)),
        usd_per_mtok_at_load=_figure(at_load(machines), "USD/Mtok", _over(counts, at_load)),
        utilisation=_figure(used, "of capacity", utilisation_range(average, peak, interval) if interval else _UNKNOWN),
        useful=_useful(arm, roi, bench, peak),
    )


def _useful(arm: str, roi: Roi, bench: BenchResult, peak: float) -> UsefulCost | None:
    """Return what tokens of use cost, where the arm is shown to keep the service level."""
    point = useful_point(bench, arm)
    if point is None:
        return None
    goodput, interval = useful_tokens_per_s(point), useful_interval(bench, point)
    counts = machines_range(peak, interval) if interval else None

    def full_load(tokens_per_s: float) -> float:
        return arithmetic.usd_per_mtok(roi.hourly.usd, tokens_per_s)

    return UsefulCost(
        concurrency=point.concurrency,
        goodput_tokens_per_s=_figure(goodput, "tokens/s", interval or _UNKNOWN, "measured"),
        usd_per_mtok_useful=_figure(full_load(goodput), "USD/Mtok", _over(interval, full_load)),
        machines_useful=_figure(arithmetic.machines_needed(peak, goodput), "machines", counts or _UNKNOWN),
    )


def _saving(baseline: ArmCost, cost: ArmCost, roi: Roi, bench: BenchResult, peak: float, once: Figure | None) -> Saving:
    """Return what an arm saves, decided only where all that it can be agrees; `once` is what it has to earn."""
    possible = _possible(bench, cost.arm)
    machine = arithmetic.monthly_usd(1, roi.hourly.usd, roi.hours_per_month)
    engagement = _value(once) if once else 0.0
    saving = _value(baseline.monthly_usd) - _value(cost.monthly_usd)
    saved = _over(machines_saved(peak, possible) if possible else None, lambda machines: machines * machine)

    def net(monthly: float) -> float:
        return arithmetic.three_year_usd(monthly) - engagement

    return Saving(
        arm=cost.arm,
        reference=baseline.arm,
        saving_per_month_usd=_figure(saving, "USD/month", saved),
        saving_three_years_usd=_figure(net(saving), "USD", _over(_both(saved), net)),
        payback_months=_figure(
            arithmetic.payback_months(engagement, saving), "months", _payback_range(engagement, _both(saved))
        ),
        break_even_requests_per_day=_break_even(cost.arm, roi, bench, possible, engagement),
        decision=_decision(_both(saved), net),
    )


def _decision(saved: Interval | None, net: Callable[[float], float]) -> Decision:
    if saved is None:
        return "not decided"
    answers = {net(monthly) > 0 for monthly in saved}
    if len(answers) > 1:
        return "not decided"
    return "pays" if answers.pop() else "does not pay"


def _payback_range(engagement: float, saved: Interval | None) -> Range:
    """Return the months at the largest and at the smallest saving; open where that one pays nothing back."""
    if saved is None:
        return _UNKNOWN
    return arithmetic.payback_months(engagement, saved[1]), arithmetic.payback_months(engagement, saved[0])


def _break_even(arm: str, roi: Roi, bench: BenchResult, possible: Capacities | None, engagement: float) -> Figure:
    prices = {
        "machine_monthly_usd": arithmetic.monthly_usd(1, roi.hourly.usd, roi.hours_per_month),
        "engagement_usd": engagement,
    }
    edge = arithmetic.break_even_tokens_per_s(
        baseline_tokens_per_s=bench.best(BASELINE).output_tokens_per_s,
        arm_tokens_per_s=bench.best(arm).output_tokens_per_s,
        **prices,
    )
    edges = break_even_range(possible, **prices) if possible else _UNKNOWN

    def requests(peak: float | None) -> int | None:
        load = roi.load
        return arithmetic.break_even_requests_per_day(peak, load.output_tokens_per_request, _peak_factor(load))

    return _figure(requests(edge), "requests/day", (requests(edges[0]), requests(edges[1])))


def _possible(bench: BenchResult, arm: str) -> Capacities | None:
    """Return which capacities of baseline and arm the repeats leave possible; None where they do not tell."""
    baseline, other = (capacity_interval(bench, one) for one in (BASELINE, arm))
    ratio = capacity_ratio(bench, arm, BASELINE).interval
    return Capacities(baseline, other, ratio) if baseline and other and ratio else None


def _over(interval: Interval | None, calculated: Callable[[float], float]) -> Range:
    """Return the range of what rises or falls with a figure in `interval`."""
    if interval is None:
        return _UNKNOWN
    first, last = (calculated(end) for end in interval)
    return min(first, last), max(first, last)


def _both(ends: Range) -> Interval | None:
    low, high = ends
    return None if low is None or high is None else (low, high)


def _figure(value: float | None, unit: str, ends: Range, origin: Origin = "modelled") -> Figure:
    return Figure(value=value, low=ends[0], high=ends[1], unit=unit, origin=origin)


def _priced(price: Price, unit: str) -> Figure:
    return Figure(value=price.usd, unit=unit, origin=price.origin, source=price.source)


def _value(figure: Figure) -> float:
    return figure.value or 0.0


STAGE = Stage(
    run=run,
    result=RoiResult,
    settings=sections("roi"),
    sections=("roi",),
    needs=(Need(BenchResult, nothing=_void),),
    outputs=outputs("roi/roi.json"),
    probes=PROBES,
)
