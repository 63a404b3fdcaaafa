"""`awqctl compare`: two models' sample files of lm-eval, whoever made them, against each other."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from eval.comparison.comparison import adjusted, compare_matched
from eval.comparison.matching import Matched
from eval.comparison.result import Comparison
from eval.comparison.rows import Row
from eval.samples.files import SampleFiles, find_sample_files
from eval.samples.matching import flaws, match_samples, shared_metrics
from eval.samples.sets import SampleTask, read_tasks, tasks_to_compare
from eval.samples.settings import remarks, unstated
from eval.statistics import Margin
from pipeline.base.errors import SourceError
from pipeline.base.results import Result

_SHOWN = 5
_Tasks = Mapping[str, SampleTask]


class TaskComparison(Comparison):
    """One task or group that both sides have."""

    only_baseline: int
    """Items that the candidate has not answered; they are left out."""
    only_candidate: int
    unmatched_examples: tuple[str, ...]
    """The first of both, in words."""


class CompareResult(Result):
    """What `awqctl compare --json` prints."""

    schema_version: Literal[1] = 1
    baseline: str
    """File or folder, as given."""
    candidate: str
    confidence: float
    draws: int
    seed: int
    tasks: tuple[TaskComparison, ...]
    complete: bool
    """Whether every task that was to be compared is here, with all items of both sides."""
    passed: bool | None
    """Whether every task passes; without `--allow-partial` an incomplete comparison does not. None without a margin."""
    notes: tuple[str, ...]
    """What was not compared, not stated or left out, as sentences."""


@dataclass(frozen=True)
class Request:
    """What is to be compared, and how."""

    tasks: tuple[str, ...] = ()
    """Groups or tasks by name; by default all groups, and the tasks in none."""
    metric: str | None = None
    """By default the first that lm-eval lists for the task."""
    higher_is_better: bool | None = None
    """For metrics of which neither the files nor their name say it; another direction than theirs is refused."""
    margin: Margin | None = None
    confidence: float = 0.95
    draws: int = 10_000
    seed: int = 0
    allow_partial: bool = False
    """Judge what both sides have, although one has tasks or items that the other has not."""


def compare_samples(baseline: Path, candidate: Path, request: Request) -> CompareResult:
    """Return the comparison of the tasks that both sides have, on the items that both answered.

    Raises:
        SourceError: files are missing or damaged, or there is nothing in common.
        UsageError: nothing says whether a higher value of a metric is better, or the request contradicts what does.
        VoidMeasurementError: both sides were scored with other prompts or settings, or a file contradicts another.
    """
    found = find_sample_files(baseline), find_sample_files(candidate)
    before, after = _sides(*found)
    names, lone = _names(before, after, request)
    metrics = shared_metrics({name: (before[name], after[name]) for name in names}, request.metric)
    notes: tuple[str, ...] = (f"Only one side has {', '.join(lone)}; not compared.",) if lone else ()
    compared: list[TaskComparison] = []
    missing: dict[str, None] = {}
    for name in names:
        matched = match_samples(before[name], after[name], metrics[name], told=request.higher_is_better)
        missing |= dict.fromkeys(unstated(before[name], after[name]))
        notes += (*remarks(before[name], after[name]), *flaws(matched))
        if matched.keys:
            compared.append(_compared(matched, request))
        else:
            notes += (f"'{name}' was not compared: both sides have no document in common.",)
    if not compared:
        raise SourceError(f"{baseline} and {candidate} have no item in common. {' '.join(notes)}")
    if missing:
        notes += (f"Not stated by both sides, so not compared: {', '.join(missing)}.",)
    rows = adjusted(compared)
    whole = not lone and len(rows) == len(names) and not any(row.only_baseline or row.only_candidate for row in rows)
    if request.margin and not (whole or request.allow_partial):
        notes += ("Not all of both sides was compared, so this is no pass. Score the rest, or give --allow-partial.",)
    return CompareResult(
        baseline=str(baseline),
        candidate=str(candidate),
        confidence=request.confidence,
        draws=request.draws,
        seed=request.seed,
        tasks=rows,
        complete=whole,
        passed=_passed(rows, request, whole=whole),
        notes=tuple(dict.fromkeys((*found[0].notes, *found[1].notes, *notes))),
    )


def _passed(rows: tuple[TaskComparison, ...], request: Request, *, whole: bool) -> bool | None:
    if request.margin is None:
        return None
    return (whole or request.allow_partial) and all(row.passed for row in rows)


def _sides(baseline: SampleFiles, candidate: SampleFiles) -> tuple[_Tasks, _Tasks]:
    """Return the tasks and groups of both sides; a task whose file does not name it is called as on the other side."""
    before, after = read_tasks(baseline), read_tasks(candidate)
    if len(before) == len(after) == 1:
        if not candidate.files[0].named:
            after = _renamed(after, next(iter(before)))
        elif not baseline.files[0].named:
            before = _renamed(before, next(iter(after)))
    return _with_groups_of(after, before), _with_groups_of(before, after)


def _renamed(tasks: _Tasks, name: str) -> dict[str, SampleTask]:
    (task,) = tasks.values()
    rows = tuple(replace(row, subtask=name) for row in task.rows)
    return {name: replace(task, name=name, subtasks=(name,), rows=rows)}


def _with_groups_of(other: _Tasks, tasks: _Tasks) -> _Tasks:
    """Add the groups that only the other side's results name, where all their tasks are here too."""
    added = {
        group.name: SampleTask(
            group.name, group.subtasks, tuple(row for name in group.subtasks for row in tasks[name].rows)
        )
        for group in other.values()
        if group.name not in tasks and group.subtasks != (group.name,) and set(group.subtasks) <= tasks.keys()
    }
    return {**tasks, **added}


def _names(before: _Tasks, after: _Tasks, request: Request) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tasks to compare, and those that one side alone has, unless the user chose."""
    unknown = [name for name in request.tasks if name not in before or name not in after]
    if unknown:
        both = ", ".join(name for name in before if name in after) or "none"
        raise SourceError(f"No task '{unknown[0]}' on both sides. Those of both are: {both}.")
    sides = tasks_to_compare(before), tasks_to_compare(after)
    names = request.tasks or tuple(name for name in sides[0] if name in after)
    if not names:
        listed = " and ".join(", ".join(side[:_SHOWN]) for side in sides)
        raise SourceError(f"Both sides have no task in common: {listed}. Give samples of the same tasks.")
    lone = tuple(
        f"'{name}'" for side, others in ((sides[0], after), (sides[1], before)) for name in side if name not in others
    )
    return names, () if request.tasks else lone


def _compared(matched: Matched, request: Request) -> TaskComparison:
    found = compare_matched(
        matched, margin=request.margin, confidence=request.confidence, draws=request.draws, seed=request.seed
    )
    sides = (("baseline", matched.only_baseline), ("candidate", matched.only_candidate))
    return TaskComparison(
        **dict(found),
        only_baseline=len(matched.only_baseline),
        only_candidate=len(matched.only_candidate),
        unmatched_examples=tuple(
            _described(row, side, matched.baseline.task) for side, rows in sides for row in rows[:_SHOWN]
        ),
    )


def _described(row: Row, side: str, task: str) -> str:
    of_group = "" if row.subtask == task else f" of {row.subtask}"
    return f"item {row.doc_id}{of_group}, {side} only"
