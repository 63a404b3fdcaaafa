"""`Entry`: what a ranking knows of a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from eval.statistics.repeats import geometric_mean
from pipeline.base.results import Origin, Result


class Stated(Result):
    """A price in USD per hour, or a power in watts, that was not measured here."""

    value: float
    origin: Origin
    source: str
    """Who stated it, and when."""


class Level(Result):
    """What is ranked of a run at one concurrency."""

    concurrency: int
    output_tokens_per_s_runs: tuple[float, ...]
    """Of each repeat."""
    tpot_p50_ms_runs: tuple[float, ...] = ()
    goodput_tokens_per_s_runs: tuple[float, ...] = ()
    """Of requests that kept the service level; empty where none was agreed."""
    tokens_per_joule_runs: tuple[float, ...] = ()
    """By the power that was measured; empty where it was not."""
    ttft_p95_ms: float | None = None
    """None where too few requests carry it."""
    tpot_p95_ms: float | None = None
    overloaded: bool = False
    """Whether there were more requests than the engine can serve at once, so that speed is not the question."""

    @property
    def output_tokens_per_s(self) -> float:
        """Return the geometric mean of the repeats."""
        return geometric_mean(self.output_tokens_per_s_runs)


@dataclass(frozen=True)
class Entry:
    """One arm of one run."""

    name: str
    settings: Mapping[str, str]
    """Of workload and engine: runs that differ in one of them are not compared."""
    circumstances: Mapping[str, str]
    """What may differ and is told: the machine above all."""
    levels: Mapping[int, Level]
    """By concurrency."""
    void: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Reasons, by the concurrency that has no figures."""
    service_level: str | None = None
    """That goodput was counted by, in words; None where none was agreed."""
    deciding_repeats: int | None = None
    """How many repeats decided how many were made; None where their number was fixed."""
    gpus: int | None = None
    """That the engine used; None where that is not known."""
    usd_per_hour: Stated | None = None
    rated_watts: Stated | None = None
    """Of all GPUs that the engine used, by the catalogue."""


class Service(Result):
    """A service level, in milliseconds; None for no limit."""

    ttft_p95_ms: float | None = None
    tpot_p95_ms: float | None = None

    def missed(self, level: Level) -> str | None:
        """Return why a level does not keep it; None where it does."""
        for name, limit in self.model_dump().items():
            value = getattr(level, name)
            if limit is not None and value is None:
                return f"too few requests for {name}"
            if limit is not None and value > limit:
                return f"{name} is {value:.0f}, limit {limit:g}"
        return None
