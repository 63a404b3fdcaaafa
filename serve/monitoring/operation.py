"""`OperationResult`: what an endpoint did over some days, from its samples and its audit."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from pipeline.base.results import Result
from pipeline.recipe.serve import ServiceLevels
from serve.audit.lines import AuditLine
from serve.endpoint import EndpointFolder
from serve.gateway.rules import TEMPORARY
from serve.monitoring.audit_window import audit_lines
from serve.monitoring.availability import Availability, availability
from serve.monitoring.drift import BenchmarkLevel, DriftVerdict, Observation, drift
from serve.monitoring.incidents import Incident, incidents_of
from serve.monitoring.outcomes import generates
from serve.monitoring.promises import read_promises
from serve.monitoring.requests import RequestFigures, RequestStatistics, tpot_ms
from serve.monitoring.samples import Sample, read_samples
from serve.monitoring.service_levels import LevelVerdict, verdicts

Period = Literal["week", "month", "quarter"]
DAYS: dict[Period, int] = {"week": 7, "month": 30, "quarter": 91}
_FULL = 0.95
_NOBODYS = frozenset({"-", TEMPORARY})
"""Ids of keys of which there are no clients."""
_REACH_S = 15.0


class DayFigures(Result):
    """One day, UTC."""

    day: str
    requests: RequestFigures
    levels: tuple[LevelVerdict, ...]
    unknown_s: float
    down_s: float


class KeyUse(Result):
    """One key."""

    key: str
    requests: RequestFigures


class Load(Result):
    """How full the endpoint was, by its samples."""

    samples: int = 0
    queued: int = 0
    """Samples in which requests waited, in an engine or at the door."""
    cache_full: int = 0
    """Samples in which an engine's KV cache was fuller than 95 %."""
    most_running: int = 0


class Price(Result):
    """What the endpoint's machine costs."""

    usd_per_hour: float
    source: Literal["stated", "record"]
    """On the command line, or in the record of the release."""
    planned_usd_per_mtok: float | None = None
    """Per million output tokens at the load that the record was priced for."""


class OperationResult(Result):
    """What `awqctl serve report` is made of."""

    schema_version: Literal[1] = 1
    endpoint: str
    period: Period
    since: str
    until: str
    promised: ServiceLevels
    levels: tuple[LevelVerdict, ...]
    """Over the whole time."""
    requests: RequestFigures
    ready_s: float
    down_s: float
    unknown_s: float
    planned_s: float
    days: tuple[DayFigures, ...]
    keys: tuple[KeyUse, ...]
    """Those with the most output tokens first."""
    load: Load
    incidents: tuple[Incident, ...]
    drift: tuple[DriftVerdict, ...]
    price: Price | None = None

    @property
    def usd(self) -> float | None:
        """Return what the machine cost while the endpoint ran, or should have; None where nothing has a price."""
        hours = (self.ready_s + self.down_s + self.unknown_s) / 3600
        return None if self.price is None else hours * self.price.usd_per_hour

    @property
    def usd_per_mtok(self) -> float | None:
        """Return the cost of a million output tokens; None without a price, or without tokens."""
        tokens = self.requests.completion_tokens
        return None if self.usd is None or not tokens else self.usd / tokens * 1e6


def operation(
    folder: EndpointFolder,
    period: Period,
    until: datetime,
    *,
    benchmark: Sequence[BenchmarkLevel] = (),
    price: Price | None = None,
) -> OperationResult:
    """Return what the endpoint did in the days before `until`, that day included.

    Args:
        folder: of the endpoint.
        period: how many days.
        until: the end, not after now.
        benchmark: of the release, where there is one.
        price: of the machine, where it is known.

    Raises:
        UsageError: the endpoint has never run.
    """
    promised = read_promises(folder).levels
    last = until.astimezone(UTC).date()
    course = _Course(promised.p95_s)
    days = [
        course.day(folder, day, min(until, _midnight(day + timedelta(days=1))), promised)
        for day in (last - timedelta(days=back) for back in reversed(range(DAYS[period])))
    ]
    figures, available = course.all.figures(), course.available
    return OperationResult(
        endpoint=folder.name,
        period=period,
        since=days[0].day,
        until=until.isoformat(timespec="seconds"),
        promised=promised,
        levels=verdicts(promised, figures, available),
        requests=figures,
        ready_s=available.ready_s,
        down_s=available.down_s,
        unknown_s=available.unknown_s,
        planned_s=available.planned_s,
        days=tuple(days),
        keys=course.keys(),
        load=course.load,
        incidents=tuple(course.incidents),
        drift=drift(benchmark, course.seen) if benchmark else (),
        price=price,
    )


class _Course:
    """Goes through the days, one at a time, so that a quarter needs no more memory than a day."""

    def __init__(self, p95_s: float) -> None:
        self._p95_s = p95_s
        self.all = RequestStatistics(p95_s)
        self.available = Availability()
        self.load = Load()
        self.incidents: list[Incident] = []
        self.seen: list[Observation] = []
        self._keys: dict[str, RequestStatistics] = {}
        self._times, self._running = array("d"), array("d")

    def day(self, folder: EndpointFolder, day: date, end: datetime, promised: ServiceLevels) -> DayFigures:
        """Take one day and return its figures."""
        begin = _midnight(day)
        samples = tuple(read_samples(folder.samples, begin, end))
        available = availability(samples, begin, end)
        self.incidents += incidents_of(samples, begin)
        self._watch(one for one in samples if one.time >= begin)
        of_day = RequestStatistics(self._p95_s)
        for line in audit_lines(folder.audit, begin, end):
            of_day.add(line)
            self._take(line)
        self.available += available
        figures = of_day.figures()
        return DayFigures(
            day=day.isoformat(),
            requests=figures,
            levels=verdicts(promised, figures, available),
            unknown_s=available.unknown_s,
            down_s=available.down_s,
        )

    def keys(self) -> tuple[KeyUse, ...]:
        """Return the keys, those with the most output tokens first."""
        found = [KeyUse(key=key, requests=one.figures()) for key, one in self._keys.items()]
        return tuple(sorted(found, key=lambda one: (-one.requests.completion_tokens, one.key)))

    def _take(self, line: AuditLine) -> None:
        self.all.add(line)
        if line.key_id not in _NOBODYS:
            self._keys.setdefault(line.key, RequestStatistics(self._p95_s)).add(line)
        if not generates(line):
            return
        per_token, running = tpot_ms(line), self._running_at(datetime.fromisoformat(line.at).timestamp())
        if per_token is not None and running is not None and line.prompt_tokens:
            self.seen.append(Observation(running=running, prompt_tokens=line.prompt_tokens, tpot_ms=per_token))

    def _watch(self, samples: Iterator[Sample]) -> None:
        """Keep how many requests an engine had, by time, and how full everything was."""
        self._times, self._running = array("d"), array("d")
        counts = {"samples": 0, "queued": 0, "cache_full": 0}
        most = self.load.most_running
        for one in samples:
            if one.event != "sample":
                continue
            running, ready = sum(model.running for model in one.models), sum(model.ready for model in one.models)
            self._times.append(one.time.timestamp())
            self._running.append(running / ready if ready else 0.0)
            counts["samples"] += 1
            counts["queued"] += bool(one.queued or any(model.waiting for model in one.models))
            counts["cache_full"] += any((model.kv_cache_usage or 0) > _FULL for model in one.models)
            most = max(most, running)
        before = self.load
        self.load = Load(
            samples=before.samples + counts["samples"],
            queued=before.queued + counts["queued"],
            cache_full=before.cache_full + counts["cache_full"],
            most_running=most,
        )

    def _running_at(self, at: float) -> float | None:
        place = bisect_right(self._times, at) - 1
        return self._running[place] if place >= 0 and at - self._times[place] <= _REACH_S else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
