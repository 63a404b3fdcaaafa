"""Whether AWQ pays, said from the figures of the stage `roi` and the ranges that the repeats leave them."""

from pipeline.base.format import count, extent, number, usd
from pipeline.report.cost_figures import ranged, requests_a_day
from pipeline.report.document import Finding, Tone
from pipeline.report.language.en.costs import Costs
from pipeline.report.language.language import Language
from pipeline.roi.figure import Decision, Figure
from pipeline.roi.result import ArmCost, RoiResult, Saving

_TONES: dict[Decision, Tone] = {"pays": "good", "does not pay": "bad", "not decided": "caution"}


def cost_finding(costs: RoiResult, saving: Saving, requests_per_day: float, say: Language) -> Finding:
    """Say whether AWQ pays at the recipe's load, and where it would."""
    return Finding(
        topic=say.findings.cost,
        stage=RoiResult.STAGE,
        headline=cost_sentence(costs, saving, say.costs),
        detail=_where_it_pays(saving, requests_per_day, say),
        tone=_TONES[saving.decision],
        origin=saving.saving_per_month_usd.origin,
    )


def cost_sentence(costs: RoiResult, saving: Saving, say: Costs) -> str:
    """Return in one plain sentence whether an arm pays, or that it is not decided."""
    baseline, arm = costs.of(saving.reference), costs.of(saving.arm)
    name, monthly = say.name_of(saving.arm), saving.saving_per_month_usd
    price = costs.engagement_usd.value if costs.engagement_usd else None
    engagement = None if not price else usd(price)
    if missed := _missed(costs, saving):
        return say.cannot_serve(say.title_of(missed))
    if saving.decision == "not decided":
        return _undecided(name, monthly, engagement, say)
    if saving.decision == "pays":
        paid = "" if engagement is None else say.paid_back(ranged(saving.payback_months, number, say))
        return say.pays(
            name, _machines(arm, say), ranged(baseline.machines, count, say), ranged(monthly, usd, say), paid
        )
    months = saving.payback_months
    if (monthly.high or 0.0) > 0 and engagement is not None and (months.value, months.low) != (None, None):
        back = ranged(months, number, say)
        return say.not_paid_back(name, ranged(monthly, usd, say), engagement, back)
    unpaid = "" if engagement is None else say.not_recovered(engagement)
    return _saves_nothing(name, baseline, arm, costs, say) + unpaid + "."


def _missed(costs: RoiResult, saving: Saving) -> str | None:
    """Return which of both arms cannot serve the load within the service level."""
    gone = {one.variant for one in costs.scenario.impossible} if costs.scenario else set()
    return next((arm for arm in (saving.reference, saving.arm) if arm in gone), None)


def _undecided(name: str, monthly: Figure, engagement: str | None, say: Costs) -> str:
    if monthly.low is None or monthly.high is None:
        return say.undecided_without_range(name)
    price = "" if engagement is None else say.engagement_to_recover(engagement)
    return say.undecided(name, extent(monthly.low, monthly.high, usd), price)


def _saves_nothing(name: str, baseline: ArmCost, arm: ArmCost, costs: RoiResult, say: Costs) -> str:
    before, after = (cost.machines.value or 0.0 for cost in (baseline, arm))
    if not costs.hourly_usd.value:
        return say.free_machines(name)
    if after > before:
        return say.needs_more(name, _machines(arm, say), ranged(baseline.machines, count, say))
    if after == before:
        return say.as_many_machines(name, _machines(baseline, say), _machines(arm, say))
    return say.saves_none(name)


def _machines(cost: ArmCost, say: Costs) -> str:
    return ranged(cost.machines, lambda machines: say.machines(count(machines), one=machines == 1), say, count)


def _where_it_pays(saving: Saving, requests_per_day: float, say: Language) -> str:
    even, findings = saving.break_even_requests_per_day, say.findings
    if saving.decision == "pays":
        return findings.pays
    if saving.saving_per_month_usd.low is None:
        return ""
    if even.low is None and even.value is None:
        return findings.no_break_even
    where = ranged(even, requests_a_day(say.costs), say.costs)
    if even.value is not None and even.value <= requests_per_day and saving.decision == "does not pay":
        return findings.pays_elsewhere(where, count(requests_per_day))
    return findings.first_pays(where)
