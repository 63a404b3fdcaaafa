"""What a machine serves where nobody measured it: planned, with the band of the plan, and marked so."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipeline.catalogue.corrections import read_corrections
from pipeline.catalogue.gpus import find_gpu
from pipeline.catalogue.reference import planned_model
from pipeline.plan.architecture import Architecture
from pipeline.plan.placement import placed
from pipeline.plan.plan import Plan, plan_of
from pipeline.plan.roofline import Rate
from pipeline.plan.settings import Settings
from pipeline.roi.exact import exact
from pipeline.roi.quantity import Quantity
from pipeline.roi.scenarios.forms import ScenarioFile, ServiceForm, VariantForm

_LENGTH = 4096
_MS = 1000


@dataclass(frozen=True)
class Planned:
    """A variant as it was planned."""

    plan: Plan
    goodput: Quantity | None
    """Output tokens per second of one machine at the service level; None: it does not fit, or misses the level."""
    concurrency: int | None = None
    reason: str = ""
    """Why it cannot serve the load; empty: it can."""


def planned(variant: VariantForm, scenario: ScenarioFile, inputs: Mapping[str, Quantity]) -> Planned:
    """Return a variant's plan: whether the model fits, and its goodput at the largest number of requests in time.

    The speed is that of the stated tokens per request, of ranges that of their value.

    Raises:
        UsageError: the GPU is not known.
        SourceError: the model is not.
    """
    architecture = planned_model(str(scenario.model)).architecture
    plan = plan_of(
        architecture, find_gpu(str(variant.gpu)).planned(), _settings(variant, scenario, architecture, inputs)
    )
    if not plan.fits:
        return Planned(plan, None, reason=" ".join(plan.shortages))
    if plan.rate is None:
        return Planned(
            plan, None, reason=f"The rates of {plan.gpu.name} are not known, so its speed cannot be planned."
        )
    service = scenario.load.service if scenario.load else None
    rate = _within(architecture, plan, service)
    if rate is None:
        return Planned(plan, None, reason=_too_slow(architecture, plan, service))
    quantity = Quantity(
        exact(rate.expected),
        "modelled",
        f"planned at {rate.running} requests under way{', corrected by runs' if plan.correction else ''}",
        low=exact(rate.low),
        high=exact(rate.high),
        shape="triangular",
    )
    return Planned(plan, quantity, rate.running)


def _settings(
    variant: VariantForm, scenario: ScenarioFile, architecture: Architecture, inputs: Mapping[str, Quantity]
) -> Settings:
    tokens = [inputs.get(f"load.{name}_tokens") for name in ("input", "output")]
    sizes = [max(1, round(each.value)) for each in tokens if each is not None]
    length = scenario.max_model_len or min(architecture.max_position, _LENGTH)
    settings = Settings(
        quantization=variant.quantization,
        max_model_len=max(length, sum(sizes)),
        corrections=read_corrections(),
    )
    if len(sizes) == len(tokens):
        settings = replace(settings, input_tokens=sizes[0], output_tokens=sizes[1])
    return placed(architecture, find_gpu(str(variant.gpu)).planned(), settings, variant.gpus)


def _within(architecture: Architecture, plan: Plan, service: ServiceForm | None) -> Rate | None:
    """Return the rate with the most requests under way that keep the service level; None: not even one does."""
    low, high = 0, plan.rate.running if plan.rate else 0
    rates: dict[int, Rate | None] = {}
    while low < high:
        middle = (low + high + 1) // 2
        rates[middle] = plan_of(architecture, plan.gpu, replace(plan.settings, concurrency=middle)).rate
        low, high = (middle, high) if _keeps(rates[middle], plan.settings.output_tokens, service) else (low, middle - 1)
    return rates.get(low)


def _keeps(rate: Rate | None, tokens: int, service: ServiceForm | None) -> bool:
    if rate is None or service is None:
        return rate is not None
    return all(found <= limit for _, found, limit in _times(rate, tokens, service))


def _too_slow(architecture: Architecture, plan: Plan, service: ServiceForm | None) -> str:
    alone = plan_of(architecture, plan.gpu, replace(plan.settings, concurrency=1)).rate
    if alone is None or service is None:
        return "No request can run."
    asked = [
        f"{name} {found:,.0f} ms where {limit:g} ms are asked for"
        for name, found, limit in _times(alone, plan.settings.output_tokens, service)
        if found > limit
    ]
    return f"A request alone is planned to miss the service level: {', '.join(asked)}."


def _times(rate: Rate, tokens: int, service: ServiceForm) -> tuple[tuple[str, float, float], ...]:
    """Return each time that is limited, in milliseconds, with its name and its limit."""
    whole = rate.ttft_s + rate.tpot_s * (tokens - 1)
    found = (
        ("TTFT", rate.ttft_s, service.ttft_ms),
        ("TPOT", rate.tpot_s, service.tpot_ms),
        ("end-to-end latency", whole, service.e2e_ms),
    )
    return tuple((name, seconds * _MS, limit) for name, seconds, limit in found if limit is not None)
