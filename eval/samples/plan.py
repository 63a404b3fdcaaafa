"""Which tasks and groups two sides of `awqctl compare` have in common, whatever their files are called."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from eval.samples.files import SampleFiles
from eval.samples.result import Request
from eval.samples.sets import group_of, read_tasks, tasks_to_compare
from eval.samples.task import SampleTask
from pipeline.base.errors import SourceError

_SHOWN = 5
_Tasks = Mapping[str, SampleTask]


@dataclass(frozen=True)
class Plan:
    """What is to be compared."""

    before: _Tasks
    after: _Tasks
    names: tuple[str, ...]
    """Tasks and groups that both sides have."""
    gaps: tuple[str, ...]
    """What one side alone has, or has without samples, as sentences; with these nothing is complete."""
    notes: tuple[str, ...]


def planned(baseline: SampleFiles, candidate: SampleFiles, request: Request) -> Plan:
    """Return what both sides have, unless the user chose.

    Raises:
        SourceError: a file is damaged, or both sides have no task in common, or not the chosen one.
    """
    first, second, taken = _same_names(baseline, candidate)
    before, after = _with_groups_of(second, first), _with_groups_of(first, second)
    both = {name: task for name, task in before.items() if name in after}
    missing = {**baseline.missing, **candidate.missing}
    if request.tasks:
        _require_known(request.tasks, both, missing)
    names = request.tasks or tasks_to_compare(both, after)
    if not names:
        listed = " and ".join(", ".join(tasks_to_compare(side)[:_SHOWN]) for side in (before, after))
        raise SourceError(f"Both sides have no task in common: {listed}. Give samples of the same tasks.")
    inside = {*names, *(part for name in names for side in (before, after) for part in side[name].subtasks)}
    lone = () if request.tasks else _lone(before, after, inside)
    gaps: tuple[str, ...] = (f"Only one side has {', '.join(lone)}; not compared.",) if lone else ()
    gaps += tuple(
        text
        for side in (baseline, candidate)
        for name, text in side.missing.items()
        if name in inside or not request.tasks
    )
    return Plan(before, after, names, gaps, (*baseline.notes, *candidate.notes, *taken))


def _require_known(wanted: tuple[str, ...], both: _Tasks, missing: Mapping[str, str]) -> None:
    unknown = next((name for name in wanted if name not in both), None)
    if unknown is not None:
        listed = ", ".join(both) or "none"
        why = "".join(f" {text}" for text in list(missing.values())[:_SHOWN])
        raise SourceError(f"No task '{unknown}' on both sides. Those of both are: {listed}.{why}")


def _lone(before: _Tasks, after: _Tasks, inside: set[str]) -> tuple[str, ...]:
    """Return the tasks that one side alone has, without the groups of which it has the tasks."""
    found = [
        name
        for side, other in ((before, after), (after, before))
        for name, task in side.items()
        if name not in other and name not in inside and not (task.group and set(task.subtasks) <= side.keys())
    ]
    return tuple(f"'{name}'" for name in found)


def _same_names(baseline: SampleFiles, candidate: SampleFiles) -> tuple[_Tasks, _Tasks, tuple[str, ...]]:
    """Return both sides' tasks; two single files are of one task, whatever they are called."""
    before, after = read_tasks(baseline), read_tasks(candidate)
    if not len(baseline.files) == len(candidate.files) == 1:
        return before, after, ()
    first, second = baseline.files[0], candidate.files[0]
    given = baseline.origin.is_file() and candidate.origin.is_file()
    if first.task == second.task or not (given or not first.named or not second.named):
        return before, after, ()
    taken = first.task if first.named or not second.named else second.task
    note = f"{first.path} and {second.path} were taken for samples of one task, '{taken}'."
    return _renamed(before[first.task], taken), _renamed(after[second.task], taken), (note,)


def _renamed(task: SampleTask, new: str) -> _Tasks:
    """Return a side with one task under another name; several subtasks keep theirs."""
    if len(task.subtasks) > 1:
        sources = tuple(task.documents.values())
        return {new: replace(task, name=new, results=_document(task.results, task.name, new), sources=sources)}
    (name,) = task.subtasks
    rows = tuple(replace(row, subtask=new) for row in task.rows)
    repeated = {new: sum(task.repeated.values())} if task.repeated else {}
    return {new: SampleTask(new, (new,), rows, _document(task.documents[name], name, new), repeated=repeated)}


def _document(results: Mapping[str, Any], name: str, new: str) -> Mapping[str, Any]:
    """Return results that call a task by another name."""
    return {
        key: {new: part[name], **part} if isinstance(part, dict) and name in part else part
        for key, part in results.items()
    }


def _with_groups_of(other: _Tasks, tasks: _Tasks) -> _Tasks:
    """Add the groups that only the other side's results name, where all their tasks are here too."""
    added = {
        group.name: group_of(tasks, group.name, group.subtasks)
        for group in other.values()
        if group.name not in tasks and group.group and set(group.subtasks) <= tasks.keys()
    }
    return {**tasks, **added}
