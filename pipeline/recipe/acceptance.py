"""The recipe section `acceptance`: what the client accepts, clause by clause, in a file of its own or in the recipe."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.recipe.section import NonNegativeFloat, PositiveFloat, PositiveInt, Section

Share = Annotated[float, Field(ge=1e-9, lt=1)]
"""Of requests or of time; less than one in 10^9 no run can show."""


class ClauseBase(Section):
    """What every clause has."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$")]
    """Names it in reports, in `gates.xml` and in MLflow."""
    words: str = ""
    """The clause in the client's own words."""
    required: bool = False
    """Whether a run ends with 3 also where the clause is not decided or not measured."""
    arm: str = AWQ
    """The arm that it is about."""


class AccuracyClause(ClauseBase):
    """The loss of accuracy, by the one-sided bounds of `eval`."""

    kind: Literal["accuracy"]
    task: str | None = None
    """None for every task that was measured: all of them have to keep it."""
    max_loss: NonNegativeFloat | None = None
    """Largest loss in the metric's own unit."""
    min_recovery: Annotated[float, Field(gt=0, le=1)] | None = None
    """Instead: smallest share of the baseline's score."""

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.max_loss is None) == (self.min_recovery is None):
            raise ValueError("give either `max_loss` or `min_recovery`")
        return self


class LatencyClause(ClauseBase):
    """A percentile of a latency at a concurrency."""

    kind: Literal["latency"]
    of: Literal["ttft", "tpot", "e2e"]
    """Time to the first token, time per output token, or end to end."""
    percentile: Literal["p50", "p95", "p99"]
    concurrency: PositiveInt
    max_ms: PositiveFloat


class ThroughputClause(ClauseBase):
    """Output tokens per second."""

    kind: Literal["throughput"]
    concurrency: PositiveInt | None = None
    """None for the highest throughput of all concurrencies."""
    min_tokens_per_s: PositiveFloat


class SpeedUpClause(ClauseBase):
    """Throughput over that of another arm."""

    kind: Literal["speed-up"]
    concurrency: PositiveInt | None = None
    """None for the highest throughputs, whatever concurrencies they are at."""
    reference: str = BASELINE
    min_ratio: PositiveFloat

    @model_validator(mode="after")
    def _two_arms(self) -> Self:
        if self.arm == self.reference:
            raise ValueError("`arm` and `reference` are the same, so that the speed-up is always 1")
        return self


class CostClause(ClauseBase):
    """What it costs at the recipe's load."""

    kind: Literal["cost"]
    per: Literal["month", "mtok"]
    """A month, or a million output tokens that are served."""
    max_usd: PositiveFloat


class MemoryClause(ClauseBase):
    """Memory of the weights, or all that the engine was seen to hold."""

    kind: Literal["memory"]
    of: Literal["weights", "peak"]
    max_gib: PositiveFloat
    """Per GPU under tensor parallelism; 5 GB are 4.66 GiB."""


class TemperatureClause(ClauseBase):
    """Of the hottest GPU under load."""

    kind: Literal["temperature"]
    max_c: PositiveFloat


class UtilisationClause(ClauseBase):
    """Mean utilisation of each GPU while a load ran."""

    kind: Literal["utilisation"]
    concurrency: PositiveInt | None = None
    """None for every concurrency that was measured."""
    min_percent: Annotated[float, Field(gt=0, le=100)]


class ErrorsClause(ClauseBase):
    """Share of the requests that failed."""

    kind: Literal["errors"]
    concurrency: PositiveInt | None = None
    """None for every concurrency that was measured."""
    max_share: Share


class UptimeClause(ClauseBase):
    """Share of the time in which the endpoint answers; no run measures it, operation does."""

    kind: Literal["uptime"]
    min_share: Share


def _kind(given: Any) -> Any:
    return given.get("kind") if isinstance(given, dict) else getattr(given, "kind", None)


Clause = Annotated[
    Annotated[AccuracyClause, Tag("accuracy")]
    | Annotated[LatencyClause, Tag("latency")]
    | Annotated[ThroughputClause, Tag("throughput")]
    | Annotated[SpeedUpClause, Tag("speed-up")]
    | Annotated[CostClause, Tag("cost")]
    | Annotated[MemoryClause, Tag("memory")]
    | Annotated[TemperatureClause, Tag("temperature")]
    | Annotated[UtilisationClause, Tag("utilisation")]
    | Annotated[ErrorsClause, Tag("errors")]
    | Annotated[UptimeClause, Tag("uptime")],
    Discriminator(
        _kind,
        custom_error_type="clause_kind",
        custom_error_message="`kind` is one of accuracy, latency, throughput, speed-up, cost, memory, temperature, "
        "utilisation, errors and uptime",
    ),
]


class SignedOff(Section):
    """Who agreed to the clauses, and when; a statement that nobody here can check."""

    name: Annotated[str, Field(pattern=r"\S")]
    role: str = ""
    date: date

    @field_validator("date", mode="before")
    @classmethod
    def _a_day(cls, given: Any) -> Any:
        """Refuse numbers, also as text, which pydantic takes for seconds since 1970."""
        if isinstance(given, date) or (isinstance(given, str) and "-" in given[1:]):
            return given
        raise ValueError("a day is expected, such as 2026-11-30")


class AcceptanceTerms(Section):
    """What an acceptance file has."""

    title: str = ""
    strict: bool = False
    """Whether every clause is `required`."""
    signed_off: SignedOff | None = None
    """None: the clauses are judged all the same, and marked as not signed off."""
    clauses: tuple[Clause, ...] = ()

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        ids = [clause.id for clause in self.clauses]
        if twice := sorted({one for one in ids if ids.count(one) > 1}):
            raise ValueError(f"each clause has an id of its own; {', '.join(twice)} is there more than once")
        return self


class Acceptance(AcceptanceTerms):
    """The section: the name of a file, or the terms themselves."""

    file: str | None = None
    """A file relative to the recipe, or the name of one that ships (`awqctl acceptance ls`); `acceptance: FILE` is
    short for it."""

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, given: Any) -> Any:
        return {"file": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _file_or_terms(self) -> Self:
        if (self.file is None) == (not self.clauses):
            raise ValueError("name a `file`, or give `clauses`")
        return self
