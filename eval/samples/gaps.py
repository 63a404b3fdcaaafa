"""What of a task was not judged, or is not what the results state, as sentences; with these nothing is complete."""

from collections.abc import Iterable, Iterator, Mapping
from filecmp import cmp
from pathlib import Path

from eval.comparison.coverage import unjudged
from eval.comparison.result import Comparison
from eval.samples.task import SampleTask

_SHOWN = 5
_Sides = tuple[tuple[str, SampleTask], ...]


def sides(before: SampleTask, after: SampleTask) -> _Sides:
    """Return both sides of a task, with their names."""
    return ("baseline", before), ("candidate", after)


def lacking(before: SampleTask, after: SampleTask, metric: str) -> dict[str, int]:
    """Return the tasks of a group of which no item has the metric on a side, each with its items."""
    found: dict[str, int] = {}
    for task in (before, after):
        missing = unjudged(task.rows, metric)
        found |= {name: count for name, count in missing.items() if count == task.items[name]}
    return found


def count_gaps(before: SampleTask, after: SampleTask) -> Iterator[str]:
    """Yield where there are other numbers of items than the results state, and items that are there twice."""
    for side, task in sides(before, after):
        stated = task.stated_items
        other = {name: (task.items[name], count) for name, count in stated.items() if task.items[name] != count}
        if other:
            listed = _listed(task, {name: f"{found} of {count}" for name, (found, count) in other.items()})
            yield (
                f"The {side} has samples of another number of items of '{task.name}' than its results state: {listed}. "
                f"Its score is taken from the samples. Copy all of these, or score the task again."
            )
        if task.repeated:
            texts = {name: f"{count} rows beside {task.items[name]} items" for name, count in task.repeated.items()}
            yield (
                f"The {side} has samples of '{task.name}' that stand in their file again: {_listed(task, texts)}. Each "
                f"item was counted once, as it was written last. Score the task again, into an empty folder."
            )


def metric_gaps(before: SampleTask, after: SampleTask, metric: str) -> Iterator[str]:
    """Yield where the metric is missing for some items of a task."""
    whole = lacking(before, after, metric)
    for side, task in sides(before, after):
        partly = {name: count for name, count in unjudged(task.rows, metric).items() if name not in whole}
        if partly:
            listed = _listed(task, {name: f"{count} of {task.items[name]}" for name, count in partly.items()})
            yield f"Of '{task.name}' (the {side}), {listed} items have no '{metric}': they were not judged."


def outdated(before: SampleTask, after: SampleTask, reason: str) -> Iterator[str]:
    """Yield whose group score is another evaluation's, where it was taken from the items, as there is no `reason`."""
    if not reason:
        for side, task in sides(before, after):
            if task.outdated:
                yield f"The score of '{task.name}' was taken from the items: of the {side}, {task.outdated}."


def same_samples(before: SampleTask, after: SampleTask) -> Iterator[str]:
    """Yield that both sides are one evaluation: the same files, or copies of one."""
    first, second = ({row.file: None for row in task.rows} for task in (before, after))
    if len(first) == len(second) and all(_same(*pair) for pair in zip(first, second, strict=True)):
        yield (
            f"Both sides have the very same samples of '{before.name}', to the last byte: this compares one evaluation "
            f"with itself, unless two models answer and score exactly alike."
        )


def _same(one: Path, other: Path) -> bool:
    return one.samefile(other) or (one.stat().st_size == other.stat().st_size and cmp(one, other, shallow=False))


def without_chance(rows: Iterable[Comparison]) -> tuple[str, ...]:
    """Return a sentence on the metrics of which nobody knows what a model scores that knows nothing."""
    names = dict.fromkeys(row.metric for row in rows if row.chance is None)
    if not names:
        return ()
    return (f"What guesses score in {', '.join(names)} is not known, so the margin was not held against it.",)


def other_metrics(compared: Iterable[tuple[SampleTask, SampleTask, str]]) -> Iterator[str]:
    """Yield which metrics and filters of the tasks were not compared."""
    found: dict[tuple[str, str], list[str]] = {}
    every = list(compared)
    for before, after, metric in every:
        judged = {other for part, _, other in every if part.name in before.subtasks} | {metric}
        own = dict.fromkeys(name for task in (before, after) for name in (*task.metrics, *task.metrics_of_items))
        others = ", ".join(name.removesuffix(",none") for name in own if name not in judged)
        if others:
            found.setdefault((metric.removesuffix(",none"), others), []).append(f"'{before.name}'")
    for (metric, others), names in found.items():
        yield (
            f"Of {', '.join(names[:_SHOWN])}{' and others' if len(names) > _SHOWN else ''}, {metric} was compared; "
            f"not compared: {others}. Choose with --metric."
        )


def _listed(task: SampleTask, texts: Mapping[str, str]) -> str:
    """Return the first texts, each with its task where it is one of a group."""
    named = [f"{name} {text}" if task.group else text for name, text in texts.items()]
    return ", ".join(named[:_SHOWN]) + (f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else "")
