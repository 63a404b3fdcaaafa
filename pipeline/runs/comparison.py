"""Runs against the first of them: what differs, then the figures that may be compared, then those that may not."""

from collections.abc import Sequence
from pathlib import Path

from eval.bench.rank.runs import names_of
from eval.statistics.repeats import CONFIDENCE
from pipeline.base.errors import UsageError
from pipeline.runs.accuracy import accuracy_rows
from pipeline.runs.cost import cost_rows
from pipeline.runs.find import folder_of, record_of
from pipeline.runs.overview import overview
from pipeline.runs.result import RunsComparison
from pipeline.runs.settings import setting_groups
from pipeline.runs.speed import speed_rows

_FEWEST = 2
_SEVERAL = "Several things differ between these runs, so a figure that differs does not say which of them it is due to."
_ONE_START = "Repeats are of one start of each engine: what differs from start to start is not in the intervals."


def compare_runs(runs: Sequence[Path]) -> RunsComparison:
    """Return every run against the first.

    Raises:
        SourceError: one is not there.
        UsageError: fewer than two, or one twice.
    """
    if len(runs) < _FEWEST:
        raise UsageError("A comparison takes two runs or more. Name their output folders; `awqctl runs ls` lists them.")
    names = names_of(runs)
    folders = {names[run]: run for run in runs}
    records = {name: record_of(run) for name, run in folders.items()}
    settings = setting_groups(records)
    found = (accuracy_rows(folders, records), speed_rows(folders, records), cost_rows(records))
    differing = sum(len(group.differences) for group in settings)
    figures = tuple(row for rows, _ in found for row in rows)
    notes = (_SEVERAL if differing > 1 else "", _ONE_START if any(row.topic == "speed" for row in figures) else "")
    return RunsComparison(
        confidence=CONFIDENCE,
        runs=tuple(overview(name, str(folder_of(run)), records[name]) for name, run in folders.items()),
        settings=settings,
        figures=figures,
        refused=tuple(one for _, refused in found for one in refused),
        notes=tuple(filter(None, notes)) if figures else (),
    )
