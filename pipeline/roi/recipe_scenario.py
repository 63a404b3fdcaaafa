"""A recipe with its benchmark as a scenario: a variant per priced arm and alternative, so that one engine prices both.

Goodput is what was measured at the service level, with the interval of the repeats; without a level the highest
throughput. The measured machine is one of its own: its price is per machine, and no catalogue has to know it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from eval.bench.result import BenchResult
from pipeline.base.errors import EnvironmentLackError, SourceError
from pipeline.catalogue.reference import planned_model
from pipeline.catalogue.sources import Source
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.recipe.prices import Amount, Engagement, Price, Purchase, Site
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.roi import Alternative, Load, Ranged, Roi
from pipeline.roi.probes import check_card
from pipeline.roi.scenarios.forms import (
    CurrencyForm,
    EngagementForm,
    InputForm,
    LoadForm,
    PurchaseForm,
    ScenarioFile,
    ServiceForm,
    SiteForm,
    VariantForm,
)
from pipeline.roi.scenarios.result import ScenarioResult
from pipeline.roi.scenarios.runs import goodput_of
from pipeline.roi.scenarios.scenario import priced

THIS_RUN = "this run"
IN_RECIPE = "the recipe"
BENCHMARK_PROMPTS = "the benchmark's prompts, because the recipe states none"
_SHARED = ("hourly", "purchase.price", "purchase.watts", "purchase.resale_share")
"""Keys of the measured machine, which is the same one for every arm."""
MISSED = "It is shown to keep the service level at no concurrency."


@dataclass
class _Sources:
    """Turns what the recipe states into inputs; quotes are named by the key that they stand under."""

    found: dict[str, Source] = field(default_factory=dict)

    def of(self, key: str, stated: Price | Amount | None) -> InputForm | None:
        """Return a price or an amount as an input; None where there is none."""
        if stated is None:
            return None
        value = stated.usd if isinstance(stated, Price) else stated.value
        return self.input(key, value, stated, low=stated.low, high=stated.high)

    def given(self, key: str, stated: Price | Amount) -> InputForm:
        """Return the same of what has to be there."""
        value = stated.usd if isinstance(stated, Price) else stated.value
        return self.input(key, value, stated, low=stated.low, high=stated.high)

    def input(
        self,
        key: str,
        value: float,
        stated: Price | Amount | Load | Engagement,
        *,
        low: float | None = None,
        high: float | None = None,
    ) -> InputForm:
        """Return a number with the origin of what it stands in."""
        said, origin = stated.source or key, stated.origin or "assumed"
        if origin == "quoted":
            self.found[key] = Source(said, None if isinstance(stated, Load) else stated.date)
        ends = {} if low is None or high is None else {"low": low, "high": high}
        source = {origin: key if origin == "quoted" else said}
        return InputForm.model_validate({"value": value, **source, **ends, "same_as": key if key in _SHARED else ""})


def price_run(recipe: Recipe, bench: BenchResult, arms: Iterable[str], model: str) -> ScenarioResult | None:
    """Return a run priced whole; None where the baseline is not among the arms, as nothing can be compared then.

    Args:
        recipe: with its section `roi`.
        bench: the benchmark.
        arms: those that have a price.
        model: folder or hub id that alternatives are planned for.

    Raises:
        UsageError: an alternative names a GPU, a package or an API that the catalogue does not know.
    """
    names = list(arms)
    if BASELINE not in names:
        return None
    sources = _Sources()
    measured = {name: goodput_of(bench, name, THIS_RUN) or MISSED for name in names}
    variants = [_of_arm(name, recipe.roi, sources) for name in names]
    unplanned = _unplanned(model) if any(one.gpu and not one.goodput_tokens_per_s for one in _others(recipe)) else ""
    for one in _others(recipe):
        if one.arm is not None and one.arm not in measured:
            continue  # said of the arm already
        if one.gpu is not None:
            check_card(one)
        variants.append(_of_alternative(one, recipe.roi, sources))
        if one.arm is not None:
            measured[one.name] = measured[one.arm]
        elif one.goodput_tokens_per_s is None and unplanned:
            measured[one.name] = unplanned
    scenario = _scenario(recipe, bench, tuple(variants), sources)
    found = priced(scenario.model_copy(update={"model": model}), sources.found, measured)
    return found.model_copy(update={"model": recipe.model.source})


def _others(recipe: Recipe) -> tuple[Alternative, ...]:
    return recipe.roi.alternatives


def _unplanned(model: str) -> str:
    """Return why alternatives cannot be planned; empty where they can. The measured arms are priced all the same."""
    try:
        planned_model(model)
    except (SourceError, EnvironmentLackError) as problem:
        return str(problem)
    return ""


def _scenario(recipe: Recipe, bench: BenchResult, variants: tuple[VariantForm, ...], sources: _Sources) -> ScenarioFile:
    roi = recipe.roi
    return ScenarioFile(
        scenario=recipe.name,
        title=recipe.report.title,
        about=recipe.description,
        max_model_len=recipe.engine.max_model_len,
        hours_per_month=_hours(roi),
        years=roi.years,
        discount_rate=sources.of("discount_rate", roi.discount_rate),
        load=_load(roi.load, bench, sources),
        site=_site(roi.site, sources) if roi.site else None,
        engagement=_engagement(roi.engagement, sources) if roi.engagement else None,
        currency=CurrencyForm(code=roi.currency.code, per_usd=sources.given("currency", roi.currency.per_usd))
        if roi.currency
        else None,
        variants=variants,
        apis=roi.apis,
        draws=roi.draws,
        seed=roi.seed,
    )


def _hours(roi: Roi) -> InputForm | None:
    """Return stated hours; None for those that the calendar has."""
    usual = Roi.model_fields["hours_per_month"].default
    return None if roi.hours_per_month == usual else InputForm(value=roi.hours_per_month, assumed=IN_RECIPE)


def _load(load: Load, bench: BenchResult, sources: _Sources) -> LoadForm:
    def stated(name: Ranged) -> InputForm:
        low, high = load.ranges.get(name, (None, None))
        return sources.input("load", getattr(load, name), load, low=low, high=high)

    def said(name: Ranged, unless: float) -> bool:
        return name in load.ranges or getattr(load, name) != unless

    level = bench.service_level
    return LoadForm(
        requests_per_day=stated("requests_per_day"),
        input_tokens=stated("input_tokens_per_request") if load.input_tokens_per_request else _prompts(bench),
        output_tokens=stated("output_tokens_per_request"),
        peak_factor=None if load.day_curve or not said("peak_to_average", 1) else stated("peak_to_average"),
        day_curve=load.day_curve,
        growth_per_year=stated("growth_per_year") if said("growth_per_year", 0) else None,
        service=ServiceForm(**level.model_dump(exclude={"share"})) if level else None,
    )


def _prompts(bench: BenchResult) -> InputForm:
    """Return the tokens of the benchmark's prompts: as asked for, of a client's own as they were counted."""
    tokens = float(bench.input_tokens.middle)
    points = bench.points_of(BASELINE)
    if bench.prompts is not None and points and points[0].requests_per_s > 0:
        tokens = round((points[0].total_tokens_per_s - points[0].output_tokens_per_s) / points[0].requests_per_s, 1)
    return InputForm(value=tokens, assumed=BENCHMARK_PROMPTS)


def _site(site: Site, sources: _Sources) -> SiteForm:
    return SiteForm(
        usd_per_kwh=sources.given("site.usd_per_kwh", site.usd_per_kwh),
        pue=sources.given("site.pue", site.pue),
        load=sources.given("site.load", site.load),
        staff_usd_per_year=sources.of("site.staff_usd_per_year", site.staff_usd_per_year),
    )


def _engagement(engagement: Engagement, sources: _Sources) -> EngagementForm:
    prices = {"one_time_usd": engagement.usd, "monthly_usd": engagement.monthly_usd}
    stated = {name: sources.input("engagement", usd, engagement) for name, usd in prices.items() if usd is not None}
    return EngagementForm(package=engagement.package, support=engagement.support, **stated)


def _of_arm(name: str, roi: Roi, sources: _Sources) -> VariantForm:
    return VariantForm(
        name=name,
        machine=roi.machine,
        role="baseline" if name == BASELINE else "candidate" if name == AWQ else None,
        spares=roi.spares,
        hourly_usd=sources.of("hourly", roi.hourly),
        purchase=_purchase("purchase", roi.purchase, sources),
    )


def _of_alternative(one: Alternative, roi: Roi, sources: _Sources) -> VariantForm:
    key = f"alternatives.{one.name}"
    own: Mapping[str, object] = {"machine": roi.machine} if one.gpu is None else {"gpu": one.gpu, "gpus": one.gpus}
    return VariantForm.model_validate(
        {
            "name": one.name,
            **own,
            "quantization": one.quantization,
            "engaged": AWQ in (one.arm, one.quantization),
            "spares": roi.spares if one.spares is None else one.spares,
            "goodput_tokens_per_s": sources.of(f"{key}.goodput_tokens_per_s", one.goodput_tokens_per_s),
            "hourly_usd": sources.of(f"{key}.hourly", one.hourly),
            "purchase": _purchase(f"{key}.purchase", one.purchase, sources),
        }
    )


def _purchase(key: str, purchase: Purchase | None, sources: _Sources) -> PurchaseForm | None:
    if purchase is None:
        return None
    return PurchaseForm(
        usd=sources.of(f"{key}.price", purchase.price),
        watts=sources.of(f"{key}.watts", purchase.watts),
        life_years=purchase.life_years,
        resale_share=sources.given(f"{key}.resale_share", purchase.resale_share),
    )
