"""A scenario's file as it is read; every number says where it came from."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, PositiveInt, model_validator

from pipeline.base.results import Origin, Result
from pipeline.catalogue.plan_forms import Quantized
from pipeline.recipe.roi import RESERVED
from pipeline.roi.quantity import STRENGTH

Number = Annotated[int, Field(strict=True)] | Annotated[float, Field(strict=True, allow_inf_nan=False)]


class Form(Result):
    """Base of the forms: no number is infinite."""

    model_config = ConfigDict(allow_inf_nan=False)


class InputForm(Form):
    """A number or a range, and where it came from: one of `measured`, `quoted`, `modelled` and `assumed`.

    `quoted` names a source of the file; the others say in words which run, which formula, or why.
    """

    value: Number | None = None
    low: Number | None = None
    high: Number | None = None
    shape: Literal["uniform", "triangular"] | None = None
    """Of a range. None: triangular around a value, uniform without one."""
    measured: str | None = None
    quoted: str | None = None
    modelled: str | None = None
    assumed: str | None = None
    same_as: str = ""
    """Any name, given to all inputs that are one and the same unknown: they are drawn and moved together."""

    @property
    def origin(self) -> tuple[Origin, str]:
        """Return where it came from, and what is said of that."""
        return next((name, str(getattr(self, name))) for name in STRENGTH if getattr(self, name))

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if len([name for name in STRENGTH if getattr(self, name)]) != 1:
            raise ValueError(f"a number has one of {', '.join(STRENGTH)}, which says where it came from")
        if (self.low is None) != (self.high is None) or (self.value is None and self.low is None):
            raise ValueError("give a value, or low and high, or all three")
        if self.shape == "triangular" and self.value is None:
            raise ValueError("a triangular range needs its value, where it is most likely")
        low, high = self.low, self.high
        if low is not None and high is not None:
            middle = low if self.value is None else self.value
            if not low <= middle <= high:
                raise ValueError("low, value and high have to stand in order")
        return self


def _pair(given: Any) -> Any:
    """Return `[number, source]`, as the catalogue writes it, as a quote; `[low, high, source]` as a range."""
    if isinstance(given, list) and len(given) == 2:  # noqa: PLR2004 -- a number and its source
        return {"value": given[0], "quoted": given[1]}
    if isinstance(given, list) and len(given) == 3:  # noqa: PLR2004 -- two ends and their source
        return {"low": given[0], "high": given[1], "quoted": given[2]}
    if isinstance(given, int | float):
        raise ValueError(  # noqa: TRY004 -- pydantic tells ValueErrors
            "a bare number does not say where it came from; write [number, source] or {value: ..., assumed: ...}"
        )
    return given


Input = Annotated[InputForm, BeforeValidator(_pair)]


class ServiceForm(Form):
    """What a request may take at the most, for goodput that is planned."""

    ttft_ms: Annotated[float, Field(gt=0)] | None = None
    tpot_ms: Annotated[float, Field(gt=0)] | None = None
    e2e_ms: Annotated[float, Field(gt=0)] | None = None


class LoadForm(Form):
    """What has to be served."""

    requests_per_day: Input
    input_tokens: Input | None = None
    """Per request; None: nobody says so."""
    output_tokens: Input | None = None
    peak_factor: Input | None = None
    """The busiest hour over the day's average; None: 1, or what the day's curve has."""
    day_curve: tuple[Number, ...] | None = None
    """24 values, one per hour, in any unit."""
    growth_per_year: Input | None = None
    service: ServiceForm | None = None

    @model_validator(mode="after")
    def _has_one_peak(self) -> Self:
        if self.peak_factor is not None and self.day_curve is not None:
            raise ValueError("it has both `peak_factor` and `day_curve`; the curve says what the peak is")
        return self


class SiteForm(Form):
    """Where bought machines stand."""

    usd_per_kwh: Input
    pue: Input
    """Energy of the building per energy of the machines; what exceeds 1 is cooling."""
    load: Input
    """Share of their power that the machines draw on average."""
    staff_usd_per_year: Input | None = None
    """The share of the staff's pay that this deployment takes, also of rented machines."""


class PurchaseForm(Form):
    """Buying instead of renting."""

    usd: Input | None = None
    """Per GPU with its part of the machine; None: the card's list price of the catalogue."""
    watts: Input | None = None
    """None: the catalogue's."""
    life_years: PositiveInt = 3
    resale_share: Input
    """Of the price, at the end of its life."""


class EngagementForm(Form):
    """What the quantization costs: a package of the catalogue, or stated prices."""

    package: str | None = None
    support: str | None = None
    """A package that is paid by the month."""
    one_time_usd: Input | None = None
    monthly_usd: Input | None = None


class RunForm(Form):
    """A run whose benchmark says what a machine serves."""

    out: str
    """Its output folder."""
    arm: str = "awq"


class VariantForm(Form):
    """A model on a GPU, in a number format."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    gpu: str | None = None
    machine: str | None = None
    """Instead of `gpu`: a machine that no catalogue has, in words; its prices are per machine, its speed is stated."""
    gpus: PositiveInt = 1
    quantization: Quantized = "none"
    role: Literal["baseline", "candidate"] | None = None
    """The candidate carries the engagement's price."""
    engaged: bool | None = None
    """Whether it carries that price, too; None: only the candidate does."""
    machines: Input | Literal["planned"] | None = None
    """As somebody claims; `planned`: at most as many as carry what the stated ones do; None: counted for the peak."""
    spares: Annotated[int, Field(ge=0)] = 0
    goodput_tokens_per_s: Input | None = None
    """Of one machine at the service level; None: as measured by `run`, else planned."""
    run: RunForm | None = None
    hourly_usd: Input | None = None
    """Per GPU; None: the catalogue's cheapest offer, unless it is bought."""
    purchase: PurchaseForm | None = None

    @property
    def is_engaged(self) -> bool:
        """Return whether it carries the engagement's price."""
        return self.role == "candidate" if self.engaged is None else self.engaged

    @model_validator(mode="after")
    def _is_one_machine(self) -> Self:
        if (self.gpu is None) == (self.machine is None):
            raise ValueError("it has either a `gpu` of the catalogue, or a `machine` of its own")
        if self.machine is None:
            return self
        if self.hourly_usd is None and self.purchase is None:
            raise ValueError("no catalogue has a price of a `machine`; give `hourly_usd` or `purchase`")
        if self.purchase is not None and (self.purchase.usd is None or self.purchase.watts is None):
            raise ValueError("no catalogue knows a `machine`; give `purchase` its `usd` and `watts`")
        if self.run is not None:
            raise ValueError("a `run` is of a `gpu` of the catalogue; state the `goodput_tokens_per_s` of a `machine`")
        return self


class CurrencyForm(Form):
    """What amounts are shown in, at a stated rate."""

    code: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    per_usd: Input


class ClaimForm(Form):
    """Something that the client is told, and the figure that decides it."""

    claim: str
    says: Number | bool | tuple[Number, Number]
    """The number, both ends of a range, or whether something is so."""
    figure: str
    """What is computed; `recipes/scenarios/README.md` lists them."""
    of: dict[str, Any] = Field(default_factory=dict)
    """What the figure is computed of."""
    implied: bool = False
    """Whether the client is left to conclude it."""


class ScenarioFile(Form):
    """A scenario."""

    scenario: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    title: str
    about: str = ""
    sources: dict[str, dict[str, Any]] = Field(default_factory=dict)
    model: str | None = None
    max_model_len: PositiveInt | None = None
    hours_per_month: Input | None = None
    """None: 730."""
    years: Annotated[int, Field(gt=0, le=10)] = 3
    discount_rate: Input | None = None
    """A year; None: future money counts as today's."""
    load: LoadForm | None = None
    site: SiteForm | None = None
    engagement: EngagementForm | None = None
    currency: CurrencyForm | None = None
    variants: tuple[VariantForm, ...] = ()
    apis: tuple[str, ...] = ()
    draws: Annotated[int, Field(ge=100, le=100_000)] = 1_000
    seed: int = 0
    claims: tuple[ClaimForm, ...] = ()

    @model_validator(mode="after")
    def _can_be_compared(self) -> Self:
        names = [*(variant.name for variant in self.variants), *self.apis]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)} is the name of several variants; each needs its own")
        if taken := [name for name in names if name in RESERVED]:
            raise ValueError(f"{', '.join(taken)} is what other inputs are called by; choose another name")
        roles = [variant.role for variant in self.variants if variant.role]
        if self.variants and (roles.count("baseline") != 1 or roles.count("candidate") > 1):
            raise ValueError("one variant has the role baseline, and at most one the role candidate")
        if self.site is None and any(variant.purchase for variant in self.variants):
            raise ValueError("what is bought needs a `site`: energy, cooling and staff")
        if self.apis and self.load is None:
            raise ValueError("an API is paid per token, so the scenario needs a `load`")
        return self
