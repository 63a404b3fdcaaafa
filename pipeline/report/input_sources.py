"""Inputs of the costs in the language of the report: what they are called, and who says so."""

from collections.abc import Mapping
from fractions import Fraction

from eval.bench.arm_crossover import useful_point
from eval.bench.result import LoadPoint
from pipeline.base.format import currency
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.pricing import PricingSentences
from pipeline.roi.model import ModelInput, PricingModel
from pipeline.roi.recipe_scenario import BENCHMARK_PROMPTS, IN_RECIPE
from pipeline.roi.scenarios.inputs import CALENDAR, DAY_CURVE, NO_PEAK
from pipeline.roi.scenarios.quantities import NOT_STATED
from pipeline.roi.scenarios.result import InputFigure, ScenarioResult

_RATE = "currency.per_usd"
_GOODPUT = ".goodput_tokens_per_s"
_OF_THE_MACHINE = ("hourly_usd", "purchase_usd", "watts", "resale_share")
"""Inputs that all measured arms share."""


def pricing_of(scenario: ScenarioResult, inputs: Inputs) -> PricingModel:
    """Return what the money is computed from, its sources in the language of the report."""
    model = scenario.pricing
    said = tuple(one.model_copy(update={"source": source_of(one, scenario, inputs)}) for one in model.inputs)
    return _in_currency(model.model_copy(update={"inputs": said}), inputs)


def _in_currency(model: PricingModel, inputs: Inputs) -> PricingModel:
    """Return the model with the currency of the report, which may be another one than that of the costs."""
    money = inputs.recipe.report.currency
    if money is None:
        return model
    exact = str(Fraction(str(money.per_usd)))
    rate = ModelInput(name=_RATE, value=exact, origin="quoted", source=money.source, date=money.date.isoformat())
    others = tuple(one for one in model.inputs if one.name != _RATE)
    return model.model_copy(update={"inputs": (*others, rate), "currency": money.code, "per_usd": exact})


def input_name(key: str, inputs: Inputs) -> str:
    """Return what an input is called: `load.requests_per_day`, `awq.hourly_usd`."""
    say = inputs.say.pricing
    variant, _, what = key.rpartition(".")
    if what in _OF_THE_MACHINE and variant in {load.arm for load in inputs.load.arms}:
        return _with_currency(say.input_of(say.measured_machine, say.inputs_of_variants[what]))
    named = say.inputs.get(key) or say.input_of(say.title_of(variant), say.inputs_of_variants[what])
    return _with_currency(named)


def _with_currency(name: str) -> str:
    """Return the name of an input with the currency that its amount is printed in."""
    return name.replace("{currency}", currency())


def is_money(key: str) -> bool:
    """Return whether an input is an amount of US dollars."""
    return "usd" in key.rpartition(".")[2] and key != _RATE


def source_of(one: InputFigure | ModelInput, scenario: ScenarioResult, inputs: Inputs) -> str:
    """Return who says so: as stated, or in the language of the report where we say it ourselves."""
    say = inputs.say.pricing
    if one.name.endswith(_GOODPUT):
        return _speed(one, scenario, inputs) or one.source
    return _own(say).get(one.source, one.source)


def _own(say: PricingSentences) -> Mapping[str, str]:
    return {
        NOT_STATED: say.not_stated,
        CALENDAR: say.calendar,
        IN_RECIPE: say.in_recipe,
        NO_PEAK: say.no_peak,
        DAY_CURVE: say.day_curve,
        BENCHMARK_PROMPTS: say.benchmark_prompts,
    }


def _speed(one: InputFigure | ModelInput, scenario: ScenarioResult, inputs: Inputs) -> str:
    """Return how a speed was measured or planned; nothing of one that the recipe states."""
    variant, say = one.name.removesuffix(_GOODPUT), inputs.say.pricing
    option = next((each for each in scenario.options if each.variant == variant), None)
    if one.origin == "modelled":
        return say.planned(str(option.concurrency)) if option and option.concurrency else ""
    arm, point, bench = arm_of(variant, inputs), measured_point(variant, inputs), inputs.load
    if one.origin != "measured" or arm is None or point is None:
        return ""
    tokens = say.tokens(str(bench.input_tokens), str(bench.output_tokens))
    said = say.goodput if bench.service_level else say.highest
    return said(say.name_of(arm), str(point.concurrency), tokens)


def measured_point(variant: str, inputs: Inputs) -> LoadPoint | None:
    """Return the point of the benchmark that a variant's speed is from; None where it was not measured."""
    arm, bench = arm_of(variant, inputs), inputs.load
    if arm is None or not bench.points_of(arm):
        return None
    return useful_point(bench, arm) if bench.service_level else bench.best(arm)


def arm_of(variant: str, inputs: Inputs) -> str | None:
    """Return the arm whose measured speed a variant has; None of one that was not measured here."""
    arms = {load.arm for load in inputs.load.arms}
    if variant in arms:
        return variant
    others = inputs.recipe.roi.alternatives if inputs.recipe.has("roi") else ()
    return next((one.arm for one in others if one.name == variant and one.arm in arms), None)
