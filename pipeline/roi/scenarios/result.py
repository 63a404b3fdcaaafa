"""What `awqctl roi SCENARIO --json` prints. Amounts are US dollars, not rounded; `currency` says how they are shown."""

from typing import Literal

from pipeline.base.results import Origin, Result
from pipeline.roi.figure import Decision, Figure
from pipeline.roi.model import PricingModel
from pipeline.roi.options import Tenure

SCHEMA = 1
Verdict = Literal["confirmed", "refuted", "not decidable"]


class InputFigure(Result):
    """An input as it was stated or looked up."""

    name: str
    value: float
    low: float | None
    high: float | None
    shape: str
    origin: Origin
    source: str
    date: str | None
    stale: bool
    """A quote older than 90 days."""


class YearLoad(Result):
    """What is served in a year."""

    year: int
    requests_per_day: float
    average_tokens_per_s: float
    peak_tokens_per_s: float
    """Output tokens."""


class YearCost(Result):
    """What a year costs."""

    year: int
    machines: int
    rent_usd: float
    depreciation_usd: float
    energy_usd: float
    cooling_usd: float
    staff_usd: float
    fees_usd: float
    """Of an API, per token."""
    support_usd: float
    purchases_usd: float
    """Paid at the beginning of the year, resales taken off; part of no sum, as depreciation has it."""
    cost_usd: float


class CurvePoint(Result):
    """The cost of useful tokens at a load."""

    requests_per_day: float
    machines: int
    usd_per_mtok: float


class OptionCost(Result):
    """One way to serve the load."""

    name: str
    variant: str
    tenure: Tenure
    gpu: str | None
    machine: str | None = None
    """In words, where no catalogue has it: prices are then per machine."""
    gpus_per_machine: int
    quantization: str | None
    engaged: bool
    """Whether it carries the engagement's price."""
    machines_stated: bool
    """Whether the machines are somebody's claim, not counted for the peak."""
    concurrency: int | None
    """Requests under way at the planned goodput."""
    goodput_tokens_per_s: Figure | None
    """Of one machine at the service level; null: not known."""
    machines: Figure
    """In the first year. Their range is that of all inputs."""
    idle_share: Figure | None
    monthly_usd: Figure
    """In the first year; the engagement's one-time price left out."""
    yearly_usd: Figure
    total_usd: Figure
    """Of all years, the engagement included. Ranges of costs are bounds: no stated range leads beyond."""
    present_value_usd: Figure
    usd_per_mtok_useful: Figure | None
    """Per million output tokens within the service level, in the first year; null where no tokens are stated."""
    years: tuple[YearCost, ...]
    curve: tuple[CurvePoint, ...]
    """Over load; empty where machines cannot be counted."""


class Comparison(Result):
    """What one way saves against another. Ranges are the middle 95 % of the simulation, where inputs are ranges."""

    option: str
    reference: str
    saving_per_month_usd: Figure
    """In the first year; the engagement's one-time price left out."""
    saving_per_year_usd: Figure
    saving_total_usd: Figure
    """Of all years, after the engagement."""
    net_present_value_usd: Figure
    payback_months: Figure
    """Null: not within ten years."""
    break_even_requests_per_day: Figure
    """Null: at no load, or machines cannot be counted."""
    decision: Decision


class Swing(Result):
    """What one input does to the saving."""

    input: str
    low: float
    high: float
    stated: bool
    """Whether the range was stated; otherwise 20 % down and up."""
    saving_at_low_usd: float
    saving_at_high_usd: float


class ClaimVerdict(Result):
    """A claim, and what the tool says of it."""

    claim: str
    implied: bool
    figure: str
    says: float | bool | tuple[float, float]
    computed: float | bool | tuple[float, float] | None
    """Null where it is not decidable."""
    unit: str
    verdict: Verdict
    why: str
    """How it was computed, why it is wrong, or what is missing."""
    origin: Origin | None


class Impossible(Result):
    """A variant that cannot serve the load."""

    variant: str
    role: str | None
    reason: str


class Shown(Result):
    """What amounts are shown in."""

    code: str
    per_usd: float
    source: str
    date: str | None


class ScenarioResult(Result):
    """A scenario, priced; its claims, judged."""

    schema_version: int = SCHEMA
    scenario: str
    title: str
    about: str
    model: str | None
    currency: Shown
    years_planned: int
    missing: tuple[str, ...]
    """What is not stated, without which no machines can be counted."""
    load: tuple[YearLoad, ...]
    options: tuple[OptionCost, ...]
    impossible: tuple[Impossible, ...]
    comparisons: tuple[Comparison, ...]
    tornado_of: str | None
    """Option and reference of `tornado`."""
    tornado: tuple[Swing, ...]
    draws: int
    """Of the simulation; 0 where no input is a range."""
    seed: int
    claims: tuple[ClaimVerdict, ...]
    inputs: tuple[InputFigure, ...]
    notes: tuple[str, ...]
    pricing: PricingModel
    """What all amounts are computed from."""

    @property
    def tornado_comparison(self) -> Comparison | None:
        """Return the comparison whose saving the tornado moves; None where there is no tornado."""
        pairs = {f"{one.option} against {one.reference}": one for one in self.comparisons}
        return pairs.get(self.tornado_of or "")
