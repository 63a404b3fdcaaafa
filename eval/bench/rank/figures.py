"""The figures that runs are ranked by, each with one value per repeat. Pure arithmetic."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.bench.rank.entry import Entry, Level, Stated
from pipeline.base.results import Origin

_SECONDS_PER_HOUR = 3600.0
_MS_PER_S = 1000.0
By = Literal[
    "output_tokens_per_s",
    "output_tokens_per_s_per_gpu",
    "output_tokens_per_s_per_user",
    "output_tokens_per_usd",
    "output_tokens_per_joule",
    "goodput_tokens_per_s",
]
"""Tokens per second and watt are tokens per joule. A user's are those of a stream once it has begun: 1 over TPOT.
Goodput are those of requests that kept the service level, at the level where most of them are."""
Measured = Literal["throughput", "tpot", "energy", "goodput"]


@dataclass(frozen=True)
class Figure:
    """One run's figure: higher is better."""

    runs: tuple[float, ...]
    measured: Measured = "throughput"
    """What repeats: figures that rest on the same are one question with different constants."""
    stated: Stated | None = None
    """The price or the power in it."""

    @property
    def origin(self) -> Origin:
        """Return `modelled` where something stated is in it."""
        return "modelled" if self.stated else "measured"


Found = Mapping[str, Figure | str]
"""By run; a text says why it has none."""
Points = Mapping[str, Level]
"""The level that is ranked, by run."""


def figures_of(entries: Sequence[Entry], points: Points) -> dict[By, Found]:
    """Return every figure that rests on throughput, of every run that has a level to rank."""
    entries = [entry for entry in entries if entry.name in points]
    return {by: find(entries, points) for by, find in _FINDERS.items()}


def goodput_figures(entries: Sequence[Entry], points: Points) -> Found:
    """Return the goodput of every run, where all that have one counted it by the same service level.

    Args:
        entries: all runs.
        points: each one's level of the highest goodput.
    """
    levels = {entry.service_level for entry in entries if entry.service_level}

    def figure(entry: Entry) -> Figure | str:
        if entry.service_level is None:
            return "no service level was agreed for it (bench.service_level)"
        if len(levels) > 1:
            return f"the runs have other service levels: {entry.service_level}"
        runs = points[entry.name].goodput_tokens_per_s_runs if entry.name in points else ()
        return Figure(runs, "goodput") if runs and min(runs) > 0 else "in none of its levels every run had goodput"

    return {entry.name: figure(entry) for entry in entries}


def _throughput(entries: Sequence[Entry], points: Points) -> Found:
    return {entry.name: Figure(points[entry.name].output_tokens_per_s_runs) for entry in entries}


def _per_gpu(entries: Sequence[Entry], points: Points) -> Found:
    return {
        entry.name: Figure(_scaled(points[entry.name].output_tokens_per_s_runs, 1 / entry.gpus))
        if entry.gpus
        else "it ran without a GPU"
        if entry.gpus == 0
        else "its GPUs are not known"
        for entry in entries
    }


def _per_user(entries: Sequence[Entry], points: Points) -> Found:
    if len({points[entry.name].concurrency for entry in entries}) > 1:
        return {entry.name: "the runs are ranked at different concurrencies: give --concurrency" for entry in entries}

    def figure(entry: Entry) -> Figure | str:
        runs = points[entry.name].tpot_p50_ms_runs
        return Figure(tuple(_MS_PER_S / ms for ms in runs), "tpot") if runs and min(runs) > 0 else "TPOT is not known"

    return {entry.name: figure(entry) for entry in entries}


def _per_usd(entries: Sequence[Entry], points: Points) -> Found:
    def figure(entry: Entry) -> Figure | str:
        price = entry.usd_per_hour
        if price is None:
            return f"no price is known: give --price {entry.name}=USD, per hour of the machine"
        if not price.value:
            return "its price is 0"
        runs = points[entry.name].output_tokens_per_s_runs
        return Figure(_scaled(runs, _SECONDS_PER_HOUR / price.value), stated=price)

    return {entry.name: figure(entry) for entry in entries}


def _per_joule(entries: Sequence[Entry], points: Points) -> Found:
    """Return tokens per joule, by the power measured where all runs have it, by rated power otherwise."""
    if entries and all(points[entry.name].tokens_per_joule_runs for entry in entries):
        return {entry.name: Figure(points[entry.name].tokens_per_joule_runs, "energy") for entry in entries}

    def figure(entry: Entry) -> Figure | str:
        watts = entry.rated_watts
        if watts is None or not watts.value:
            return "neither was its power measured in all runs, nor is its rated power known"
        return Figure(_scaled(points[entry.name].output_tokens_per_s_runs, 1 / watts.value), stated=watts)

    return {entry.name: figure(entry) for entry in entries}


def _scaled(runs: Sequence[float], factor: float) -> tuple[float, ...]:
    return tuple(run * factor for run in runs)


_FINDERS: Mapping[By, Callable[[Sequence[Entry], Points], Found]] = {
    "output_tokens_per_s": _throughput,
    "output_tokens_per_s_per_gpu": _per_gpu,
    "output_tokens_per_s_per_user": _per_user,
    "output_tokens_per_usd": _per_usd,
    "output_tokens_per_joule": _per_joule,
}
