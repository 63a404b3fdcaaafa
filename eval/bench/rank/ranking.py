"""Runs of several machines in order: tokens per second, per GPU, per user, per dollar, per joule, goodput. Pure.

Runs of different machines are not paired: two of them are compared by the ratio of their geometric means with Welch's
interval (`eval.statistics.repeats`), and the intervals of all pairs and figures hold together with `CONFIDENCE`. The
rank of a run is a range: from one more than the number of runs that are surely better, to all that are not surely worse
(Mogstad, Romano, Shaikh and Wilhelm 2024, Review of Economic Studies 91, 476-518). Prices and rated power are constants
of a run, which move a ratio and its interval alike.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, Self

from pydantic import Field

from eval.bench.rank.entry import Entry, Level, Service
from eval.bench.rank.figures import By, Figure, Found, Measured, Points, figures_of, goodput_figures
from eval.bench.rank.frontier import FrontierPoint, frontier, not_on_frontier
from eval.bench.rank.likeness import Difference, differences, refuse_unlike, refuse_void
from eval.statistics.repeats import CONFIDENCE, Interval, each_of, geometric_mean, mean_interval, ratio_interval
from pipeline.base.results import Origin, Result

Verdict = Literal["better", "not decided", "not repeated"]
"""Of the first of a pair, whose figure is the higher; `not repeated` where a run was made once."""


class Place(Result):
    """A run in one ranking."""

    run: str
    rank_from: int
    rank_to: int
    """The same as `rank_from` where every pair of the run is decided."""
    value: float
    interval: Interval | None
    """Of the value alone, with `CONFIDENCE`; None where the repeats do not tell."""
    concurrency: int
    overloaded: bool
    """Whether that is more than the engine can serve at once."""
    origin: Origin
    """`modelled` where a price or a rated power is in it."""
    stated_value: float | None = None
    """That price or power."""
    source: str = ""
    """Who stated it, and when."""


class Pair(Result):
    """Two runs against each other."""

    first: str
    second: str
    ratio: float
    """First over second."""
    interval: Interval | None
    """Those of all pairs and figures hold together."""
    verdict: Verdict


class OneRanking(Result):
    """The runs by one figure, the highest first."""

    by: By
    measured: Measured | None
    """What the figure rests on; None where no run has it."""
    places: tuple[Place, ...]
    pairs: tuple[Pair, ...]
    not_ranked: dict[str, str]
    """Runs without the figure, and why."""


class Ranking(Result):
    """What `awqctl bench rank` says."""

    schema_version: Literal[1] = 1
    confidence: float
    """With which the verdicts of all pairs and figures hold together."""
    alike: dict[str, str]
    """Workload and engine settings, the same in all runs."""
    differs: tuple[Difference, ...]
    """What differs without forbidding the comparison, and may be why one run is faster."""
    service: Service
    rankings: tuple[OneRanking, ...]
    frontier: tuple[FrontierPoint, ...] = ()
    """Every level of every run that is compared: what each user gets against what a GPU gives."""
    not_on_frontier: dict[str, str] = Field(default_factory=dict)
    """Runs without a level there, and why."""

    def by(self, chosen: Collection[By]) -> Self:
        """Return those rankings alone; what their verdicts hold together with stays as it is."""
        return self.model_copy(update={"rankings": tuple(one for one in self.rankings if one.by in chosen)})


def rank(entries: Sequence[Entry], *, concurrency: int | None = None, service: Service | None = None) -> Ranking:
    """Return the runs in order.

    Args:
        entries: at least two, each with a name of its own.
        concurrency: at which they are compared; None for each run's level of the highest throughput, of those within
            the engine's capacity if there are any.
        service: what that level has to keep.

    Raises:
        UsageError: workload or engine settings differ.
        VoidMeasurementError: a level that is compared, or might have been the best, is void.
    """
    refuse_unlike(entries, concurrency)
    refuse_void(entries, concurrency)
    service = service or Service()
    chosen = {entry.name: _level(entry, concurrency, service) for entry in entries}
    points = {name: one for name, one in chosen.items() if isinstance(one, Level)}
    unfit = {name: one for name, one in chosen.items() if isinstance(one, str)}
    useful = {entry.name: one for entry in entries if (one := _useful_level(entry, concurrency, service))}
    found: dict[By, Found] = {by: {**figures, **unfit} for by, figures in figures_of(entries, points).items()}
    found["goodput_tokens_per_s"] = goodput_figures(entries, useful)
    questions = {one.measured for figures in found.values() for one in figures.values() if isinstance(one, Figure)}
    pairs = len(points) * (len(points) - 1) // 2
    each = each_of(CONFIDENCE, max(1, pairs * len(questions)))
    terms = _Terms(each, {entry.name: entry.deciding_repeats for entry in entries})
    return Ranking(
        confidence=CONFIDENCE,
        alike=dict(entries[0].settings),
        differs=differences({entry.name: entry.circumstances for entry in entries}),
        service=service,
        rankings=tuple(
            _ranking(by, figures, useful if by == "goodput_tokens_per_s" else points, terms)
            for by, figures in found.items()
        ),
        frontier=frontier(entries, concurrency),
        not_on_frontier=not_on_frontier(entries, concurrency),
    )


def _level(entry: Entry, concurrency: int | None, service: Service) -> Level | str:
    """Return the level that is ranked, or why there is none."""
    levels = [entry.levels[concurrency]] if concurrency is not None else list(entry.levels.values())
    missed = {level.concurrency: service.missed(level) for level in levels}
    kept = [level for level in levels if missed[level.concurrency] is None]
    if kept:
        within = [level for level in kept if not level.overloaded]
        return max(within or kept, key=lambda level: level.output_tokens_per_s)
    nearest = min(missed)
    return f"it keeps the service level at no concurrency; at {nearest} {missed[nearest]}"


def _useful_level(entry: Entry, concurrency: int | None, service: Service) -> Level | None:
    """Return the level of the highest goodput that keeps what is asked for, within capacity; None without one."""
    levels = [one for one in entry.levels.values() if concurrency in (None, one.concurrency) and not one.overloaded]
    kept = [one for one in levels if min(one.goodput_tokens_per_s_runs, default=0) > 0 and not service.missed(one)]
    return max(kept, key=lambda level: geometric_mean(level.goodput_tokens_per_s_runs), default=None)


@dataclass(frozen=True)
class _Terms:
    """On which runs are compared."""

    each: float
    """Confidence of each interval."""
    deciding: Mapping[str, int | None]
    """How many repeats decided how many were made, by run."""

    def first(self, *runs: str) -> int | None:
        """Return how many repeats of each of these runs say how far repeats differ; None for all."""
        return min((first for run in runs if (first := self.deciding[run]) is not None), default=None)


def _ranking(by: By, found: Found, points: Points, terms: _Terms) -> OneRanking:
    figures = {name: one for name, one in found.items() if isinstance(one, Figure)}
    order = sorted(figures, key=lambda name: geometric_mean(figures[name].runs), reverse=True)
    pairs = tuple(_pair(first, second, figures, terms) for first, second in combinations(order, 2))
    return OneRanking(
        by=by,
        measured=next((one.measured for one in figures.values()), None),
        places=tuple(_place(name, figures[name], points[name], pairs, terms) for name in order),
        pairs=pairs,
        not_ranked={name: one for name, one in found.items() if isinstance(one, str)},
    )


def _pair(first: str, second: str, figures: Mapping[str, Figure], terms: _Terms) -> Pair:
    above, below = figures[first].runs, figures[second].runs
    interval = ratio_interval(above, below, terms.each, first=terms.first(first, second))
    return Pair(
        first=first,
        second=second,
        ratio=geometric_mean(above) / geometric_mean(below),
        interval=interval,
        verdict="not repeated"
        if min(len(above), len(below)) == 1
        else "better"
        if interval and interval[0] > 1
        else "not decided",
    )


def _place(name: str, figure: Figure, level: Level, pairs: Sequence[Pair], terms: _Terms) -> Place:
    own = [pair for pair in pairs if name in (pair.first, pair.second)]
    above = sum(pair.second == name and pair.verdict == "better" for pair in own)
    below = sum(pair.first == name and pair.verdict == "better" for pair in own)
    return Place(
        run=name,
        rank_from=1 + above,
        rank_to=1 + len(own) - below,
        value=geometric_mean(figure.runs),
        interval=mean_interval(figure.runs, CONFIDENCE, first=terms.first(name)),
        concurrency=level.concurrency,
        overloaded=level.overloaded,
        origin=figure.origin,
        stated_value=figure.stated.value if figure.stated else None,
        source=figure.stated.source if figure.stated else "",
    )
