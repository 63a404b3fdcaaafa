"""One side of `awqctl compare`: the tasks and groups that a model's sample files hold, ready to be scored."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from eval.comparison.coverage import distinct
from eval.comparison.rows import Row, read_rows
from eval.comparison.scores import metric_keys
from eval.samples.files import SampleFile, SampleFiles
from eval.samples.results import stated_tasks
from eval.samples.task import SampleTask
from pipeline.base.errors import SourceError


def read_tasks(found: SampleFiles) -> dict[str, SampleTask]:
    """Return every task and every group of one side, by name.

    Raises:
        SourceError: a file is damaged.
    """
    tasks: dict[str, SampleTask] = {}
    for file in found.files:
        rows, repeated = distinct(_with_filters(read_rows(file.path, file.task), file.results))
        if not rows:
            raise SourceError(f"{file.path} is empty. Score the task again, with samples.")
        names = dict.fromkeys(row.subtask for row in rows)
        stated = stated_tasks(file.results) if file.ours and file.results else ()
        subtasks = tuple(names | dict.fromkeys(stated))
        if not file.ours and len(names) == 1:
            subtasks, repeated = (file.task,), Counter({file.task: repeated.total()} if repeated else {})
            rows = rows if file.task in names else [replace(row, subtask=file.task) for row in rows]
        tasks[file.task] = SampleTask(file.task, subtasks, tuple(rows), file.results, repeated=repeated)
    return tasks | _groups(found.files, tasks)


def tasks_to_compare(tasks: Mapping[str, SampleTask], *others: Mapping[str, SampleTask]) -> tuple[str, ...]:
    """Return the groups, and the tasks that are in none of them.

    Of groups within a group only the outer one, and one of several groups of the same tasks, unless the scores that are
    stated on either side differ: then they weigh their tasks differently.
    """
    groups = [task for task in tasks.values() if task.group]
    inside = {subtask for group in groups for subtask in group.subtasks}

    def alike(one: str, outer: str) -> bool:
        return all(_scores(side.get(one)) == _scores(side.get(outer)) for side in (tasks, *others))

    nested = {
        one.name
        for one in groups
        for outer in groups
        if set(one.subtasks) < set(outer.subtasks)
        or (set(one.subtasks) == set(outer.subtasks) and one.name > outer.name and alike(one.name, outer.name))
    }
    return tuple(name for name in tasks if name not in inside | nested)


def _scores(task: SampleTask | None) -> dict[str, Any]:
    return {} if task is None else {key: task.values[key] for key in metric_keys(dict(task.values))}


def group_of(tasks: Mapping[str, SampleTask], name: str, subtasks: tuple[str, ...], **stated: Any) -> SampleTask:
    """Return a group with the rows of its tasks, all of which are there; `stated` is what its results say."""
    members = [tasks[subtask] for subtask in subtasks]
    return SampleTask(
        name,
        subtasks,
        tuple(row for member in members for row in member.rows),
        sources=tuple(member.results for member in members),
        repeated={name: count for member in members for name, count in member.repeated.items()},
        **stated,
    )


def _groups(files: Sequence[SampleFile], tasks: Mapping[str, SampleTask]) -> dict[str, SampleTask]:
    """Return the groups that have a score of their own and whose tasks all have samples.

    The results of an evaluation of all its tasks come first: of those the score is.
    """
    times = {file.task: file for file in files}
    found: dict[str, SampleTask] = {}
    for file in files:
        children = file.results.get("group_subtasks", {})
        for name in children:
            if file.ours or name in tasks or not metric_keys(file.results["results"].get(name, {})):
                continue
            leaves = _leaves(name, children)
            if not all(leaf in tasks for leaf in leaves) or (name in found and not found[name].outdated):
                continue
            members = [times[leaf] for leaf in leaves]
            other = next((one for one in members if one.results is not file.results or one.time != file.time), None)
            outdated = "" if other is None else _outdated(file, other)
            found[name] = group_of(tasks, name, leaves, results=file.results, outdated=outdated)
    return found


def _outdated(stating: SampleFile, other: SampleFile) -> str:
    """Return that a group's score is another evaluation's than one of its tasks' samples, with both times."""
    times = [file.time or file.path.name for file in (stating, other)]
    return f"its score is of the evaluation of {times[0]}, and the samples of {other.task} are of {times[1]}"


def _leaves(name: str, children: Mapping[str, Sequence[str]], above: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the tasks below a group, groups within it resolved."""
    below = [child for child in children.get(name) or [] if child not in (name, *above)]
    if not below:
        return (name,)
    return tuple(dict.fromkeys(leaf for child in below for leaf in _leaves(child, children, (name, *above))))


def _with_filters(rows: list[Row], results: Mapping[str, Any]) -> list[Row]:
    """Return rows with the filters that lm-eval before 0.4.4 did not write, but only listed in its results.

    Then each document has one row per filter, in the order of the filters, again and again where the file was appended
    to. Without results they are called by number.
    """
    seen: Counter[tuple[str, str]] = Counter()
    turns = []
    for row in rows:
        turns.append(seen[row.subtask, row.doc_id])
        seen[row.subtask, row.doc_id] += 1
    if all(row.filter for row in rows) or not any(turns):
        return rows
    values = metric_keys(results.get("results", {}).get(rows[0].subtask, {}))
    names = list(dict.fromkeys(key.partition(",")[2] for key in values))
    if not names or (max(turns) + 1) % len(names):
        names = [f"filter {turn + 1}" for turn in range(max(turns) + 1)]
    return [replace(row, filter=names[turn % len(names)]) for row, turn in zip(rows, turns, strict=True)]
