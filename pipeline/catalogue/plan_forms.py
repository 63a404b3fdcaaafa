"""The files of `awqctl plan pack` and `awqctl plan fleet` as they are read."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, Field, ValidationError, model_validator

from pipeline.base.errors import UsageError
from pipeline.base.format import listed, plural
from pipeline.base.results import Result
from pipeline.base.validation import explain
from pipeline.catalogue.choices import kv_cache_dtype, quantization
from pipeline.catalogue.files import read, shipped_plans
from pipeline.plan.fleet import MONTHS
from pipeline.plan.limits import MOST, MOST_AMOUNT, MOST_GPUS

_LONGEST_YEARS = 50
_WORST_PUE = 10
_FEWEST = 1e-9
"""Of the users, at the same moment."""
_MOST_PROBLEMS = 10
SectionT = TypeVar("SectionT", bound=Result)

Quantized = Annotated[str, AfterValidator(quantization)]
KvCacheDtype = Annotated[str, AfterValidator(kv_cache_dtype)]
Usd = Annotated[Decimal, Field(ge=0, le=Decimal(MOST_AMOUNT))]
Count = Annotated[int, Field(gt=0, le=MOST, strict=True)]
GpuCount = Annotated[int, Field(gt=0, le=MOST_GPUS, strict=True)]
ActiveShare = Annotated[float, Field(ge=_FEWEST, le=1)]
Amount = Annotated[float, Field(ge=1 / MOST_AMOUNT, le=MOST_AMOUNT, strict=True)]


class PackedModel(Result):
    """A model of a pack: planned, or given by its size (`memory_gb`)."""

    name: str
    model: str | None = None
    quantization: Quantized = "none"
    max_model_len: Count = 4096
    sequences: Count = 1
    kv_cache_dtype: KvCacheDtype = "auto"
    memory_gb: Amount | None = None

    @model_validator(mode="after")
    def _has_one_size(self) -> Self:
        return _one_of(self, self.name, "model", "memory_gb")


class PackFile(Result):
    """`awqctl plan pack FILE`."""

    gpus: Annotated[tuple[str, ...], Field(min_length=1)]
    models: Annotated[tuple[PackedModel, ...], Field(min_length=1)]
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] = 0.92
    stated_gb: Amount | None = None
    """What somebody said that all need together; shown beside what is planned."""

    @model_validator(mode="after")
    def _has_names_once(self) -> Self:
        names = [model.name for model in self.models]
        if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
            raise ValueError(f"{listed(twice)} is the name of several models; each needs its own")
        return self


class FleetPurchase(Result):
    """Cards of one kind."""

    gpu: str
    count: GpuCount
    unit_usd: Usd | None = None
    """None: the catalogue's list price."""
    rent_usd_per_hour: Usd | None = None
    """Of the same card, to compare with renting; None: the cheapest offer of the catalogue."""


class FleetPhase(Result):
    """What is bought in a month."""

    name: str
    month: Annotated[int, Field(ge=0)] = 0
    purchases: tuple[FleetPurchase, ...] = ()
    other_usd: Usd = Decimal(0)


class FleetDemand(Result):
    """Whom the fleet serves: a model for users, or parameters that are to be held."""

    gpu: str
    model: str | None = None
    quantization: Quantized = "awq"
    max_model_len: Count = 8192
    gpus_per_replica: GpuCount | None = None
    """None: the fewest that hold the model."""
    input_tokens: Count = 1024
    output_tokens: Count = 512
    users: tuple[Count, ...] = (100, 1_000, 10_000, 100_000, 1_000_000)
    active_share: ActiveShare = 0.1
    tokens_per_s_per_user: Amount = 10.0
    parameters: Amount | None = None
    bits: Amount = 8.0

    @model_validator(mode="after")
    def _has_one_size(self) -> Self:
        return _one_of(self, "a demand", "model", "parameters")


class FleetFile(Result):
    """`awqctl plan fleet FILE`."""

    phases: tuple[FleetPhase, ...] = ()
    years: Annotated[int, Field(gt=0, le=_LONGEST_YEARS)] = 3
    usd_per_kwh: Usd = Decimal("0.25")
    pue: Annotated[float, Field(ge=1, le=_WORST_PUE)] = 1.4
    load: Annotated[float, Field(gt=0, le=1)] = 0.6
    staff_usd_per_year: Usd = Decimal(0)
    running_usd_per_year: Usd = Decimal(0)
    depreciation_years: Annotated[int, Field(gt=0, le=_LONGEST_YEARS)] = 3
    hours_per_month: Annotated[float, Field(ge=0, le=744)] = 730.0
    demand: tuple[FleetDemand, ...] = ()

    @model_validator(mode="after")
    def _has_something_in_time(self) -> Self:
        if not self.phases and not self.demand:
            raise ValueError("there are neither phases nor a demand; give one of them")
        if late := [phase.name for phase in self.phases if phase.month >= self.years * MONTHS]:
            raise ValueError(
                f"{listed(late)}: bought after the {plural(self.years, 'year')} that are planned (`years`)"
            )
        return self


def _one_of(section: SectionT, name: str, first: str, second: str) -> SectionT:
    given = [key for key in (first, second) if getattr(section, key) is not None]
    if len(given) != 1:
        has = "both" if given else "neither"
        raise ValueError(f"{name} has {has} `{first}` {'and' if given else 'nor'} `{second}`; give one of the two")
    return section


def read_file(path: Path, kind: type[Any]) -> Any:
    """Return a file as it is understood.

    Raises:
        UsageError: it is not there, or not valid; every problem is on a line of its own.
    """
    if not path.is_file():
        raise UsageError(
            f"There is no file {path}, and none of that name ships. Give the path of one, or one of: "
            f"{', '.join(shipped_plans())}."
        )
    try:
        return kind.model_validate(read(path))
    except ValidationError as problem:
        errors = [error for error in problem.errors() if not (error["type"] == "too_short" and error["input"])]
        found = [explain(error, kind, path.name) for error in errors[:_MOST_PROBLEMS]]
        raise UsageError(
            "\n  ".join([f"{path} cannot be planned:", *found]) + "\nCorrect it and try again."
        ) from problem
