"""Finds the runs that are ranked: output folders with `record.json`, or with what `awqctl bench --endpoint` wrote."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from eval.bench.load.endpoint_result import ENDPOINT_FILE, EndpointLoad, read_endpoint
from eval.bench.rank.endpoint_entry import of_endpoint
from eval.bench.rank.entry import Entry
from eval.bench.rank.record_entry import of_record
from eval.bench.result import BenchResult
from pipeline.base.errors import MissingStageError, SourceError, UsageError
from pipeline.base.format import listed
from pipeline.recipe.arms import AWQ
from pipeline.record.record import RECORD, RunRecord, load_record

_TWO = "Name two runs or more by their output folders, each once."


def entries_of(runs: Sequence[Path], arm: str | None = None, prices: Mapping[str, float] | None = None) -> list[Entry]:
    """Return what is ranked.

    Args:
        runs: output folders, or the files `record.json` or `endpoint.json`.
        arm: of the recipe; None for AWQ, or the only arm that all have.
        prices: USD per hour by the name of a run, which is that of its folder, or its path as given.

    Raises:
        UsageError: a run is not there, was not benchmarked, or has not the arm; a price is for none of them.
    """
    if len(runs) < 2:  # noqa: PLR2004 -- one has no rival
        raise UsageError(_TWO)
    names = names_of(runs)
    prices = {} if prices is None else {_named(given, names): usd for given, usd in prices.items()}
    found = {names[run]: _read(run) for run in runs}
    recipes = {name: one for name, one in found.items() if isinstance(one, RunRecord)}
    arm = _arm(recipes, arm) if recipes else arm
    overs = {_bench(name, record).throughput_over for name, record in recipes.items()}
    return [
        of_endpoint(name, one, prices.get(name))
        if isinstance(one, EndpointLoad)
        else of_record(name, one, str(arm), "whole run" if "whole run" in overs else "steady state", prices.get(name))
        for name, one in found.items()
    ]


def names_of(runs: Sequence[Path]) -> dict[Path, str]:
    """Return a name for each run: the part of its path, from the end, by which all differ; else the path as given.

    Raises:
        UsageError: one is there twice.
    """
    if len({run.resolve() for run in runs}) < len(runs):
        raise UsageError(_TWO)
    folders = [run.resolve() if run.is_dir() else run.resolve().parent for run in runs]
    for names in zip(*(reversed(folder.parts) for folder in folders), strict=False):
        if len(set(names)) == len(runs):
            return dict(zip(runs, names, strict=True))
    return {run: str(run) for run in runs}


def _named(given: str, names: Mapping[Path, str]) -> str:
    for run, name in names.items():
        if given in (name, str(run)):
            return name
    raise UsageError(f"There is no run called {given} to have a price. Runs: {listed(list(names.values()))}.")


def _read(run: Path) -> RunRecord | EndpointLoad:
    if not run.exists():
        raise SourceError(f"There is no run {run}. Name the output folder of a run.")
    record = run / RECORD if run.is_dir() else run
    if record.name != ENDPOINT_FILE and (found := load_record(record)) is not None:
        return found
    endpoint = run / "bench" / ENDPOINT_FILE if run.is_dir() else run
    if not endpoint.is_file():
        raise SourceError(f"{run} is no output folder: it has neither {RECORD} nor bench/{ENDPOINT_FILE}. Name one.")
    return read_endpoint(endpoint)


def _bench(name: str, record: RunRecord) -> BenchResult:
    try:
        return record.result(BenchResult)
    except MissingStageError as problem:
        raise MissingStageError(f"{name}: {problem.message}") from None


def _arm(records: Mapping[str, RunRecord], asked: str | None) -> str:
    """Return the arm that is ranked: the one asked for, AWQ, or the first that all runs have."""
    measured = {name: [load.arm for load in _bench(name, record).arms] for name, record in records.items()}
    common = [arm for arm in next(iter(measured.values())) if all(arm in arms for arms in measured.values())]
    chosen = asked or (AWQ if AWQ in common else next(iter(common), None))
    if chosen in common:
        return str(chosen)
    has = "; ".join(f"{name}: {', '.join(arms)}" for name, arms in measured.items())
    raise UsageError(
        f"Not every run measured {f'the arm {asked}' if asked else 'one same arm'} ({has}). Choose one that all have "
        f"with --arm."
    )
