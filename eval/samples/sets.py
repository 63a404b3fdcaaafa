"""One side of `awqctl compare`: the tasks and groups that a model's sample files hold, ready to be scored."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from eval.comparison.result import Score
from eval.comparison.rows import Row, read_rows
from eval.comparison.scores import LOWER_IS_BETTER, TaskScores, metric_key, metric_keys, stated_score, task_scores
from eval.comparison.validity import is_mean, listed_metrics
from eval.samples.files import SampleFile, SampleFiles
from pipeline.base.errors import SourceError

_HIGHER_IS_BETTER = frozenset(
    {"acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match", "em", "f1", "mcc", "bleu", "chrf", "chrf++"}
    | {"pass@1", "pass_at_1", "prompt_level_strict_acc", "inst_level_strict_acc", "prompt_level_loose_acc"}
    | {"inst_level_loose_acc", "rouge1", "rouge2", "rougeL", "mc1", "mc2", "contains", "likelihood"}
)
"""For samples without a results file. Metrics in neither set need to be told."""


@dataclass(frozen=True)
class SampleTask:
    """A task or a group of one side."""

    name: str
    subtasks: tuple[str, ...]
    """The task itself where it is no group."""
    rows: tuple[Row, ...]
    """Of all filters."""
    results: Mapping[str, Any] = field(default_factory=dict)
    """lm-eval's document; empty where there is none."""

    @property
    def values(self) -> Mapping[str, Any]:
        """Return lm-eval's scores of the task, empty where they are not stated."""
        found: Mapping[str, Any] = self.results.get("results", {}).get(self.name, {})
        return found

    @property
    def metrics(self) -> list[str]:
        """Return the metrics with their filters, in lm-eval's order; of samples alone, those of the first item."""
        stated = metric_keys(dict(self.values))
        first = self.rows[0]
        return stated or [f"{name},{first.filter or 'none'}" for name in first.values]

    def metric(self, wanted: str | None) -> str:
        """Return a metric with its filter: the first one when none is named.

        Raises:
            SourceError: the task has no such metric; names those it has.
        """
        if wanted is None:
            return self.metrics[0]
        found = metric_key(dict.fromkeys(self.metrics), wanted)
        if found is None:
            raise SourceError(f"Task '{self.name}' has no metric '{wanted}'; it has {', '.join(self.metrics)}.")
        return found

    def higher_is_better(self, metric: str) -> bool | None:
        """Return the direction as the results state it; None where they do not."""
        name = metric.partition(",")[0]
        stated = self.results.get("higher_is_better", {})
        said = [stated.get(task, {}).get(name) for task in (self.name, *self.subtasks)]
        listed = listed_metrics(self.results.get("configs", {}), self.subtasks)
        said += [entry.get("higher_is_better") for entry in listed if entry.get("metric") == name]
        return next((bool(answer) for answer in said if answer is not None), None)

    def scores(self, metric: str, *, higher_is_better: bool) -> TaskScores:
        """Return the task with one metric.

        Raises:
            SourceError: no sample has it, a value is missing, or nothing says the score.
            VoidMeasurementError: the items contradict the score.
        """
        counts = [self.results.get("n-samples", {}).get(subtask, {}).get("original", 0) for subtask in self.subtasks]
        return task_scores(
            self.rows,
            task=self.name,
            metric=metric,
            stated=self._stated(metric),
            higher_is_better=higher_is_better,
            items_available=sum(counts),
            mean=is_mean(self.results.get("configs", {}), self.subtasks, metric.partition(",")[0]),
        )

    def _stated(self, metric: str) -> Score | None:
        return stated_score(dict(self.values), metric) if isinstance(self.values.get(metric), int | float) else None


def read_tasks(found: SampleFiles) -> dict[str, SampleTask]:
    """Return every task and every group of one side, by name.

    Raises:
        SourceError: a file is damaged.
    """
    tasks: dict[str, SampleTask] = {}
    for file in found.files:
        rows = _with_filters(read_rows(file.path, file.task), file.results)
        if not rows:
            raise SourceError(f"{file.path} is empty. Score the task again, with samples.")
        subtasks = tuple(dict.fromkeys(row.subtask for row in rows)) if file.ours else (file.task,)
        tasks[file.task] = SampleTask(file.task, subtasks, tuple(rows), file.results)
    return tasks | _groups(found.files, tasks)


def usual_direction(metric: str) -> bool | None:
    """Return whether a higher value is better as the metric's name says it; None for names that nobody agreed on."""
    name = metric.partition(",")[0]
    return True if name in _HIGHER_IS_BETTER else False if name in LOWER_IS_BETTER else None


def tasks_to_compare(tasks: Mapping[str, SampleTask]) -> tuple[str, ...]:
    """Return the groups, and the tasks that are in none of them."""
    groups = [task for task in tasks.values() if task.subtasks != (task.name,)]
    inside = {subtask for group in groups for subtask in group.subtasks}
    nested = {
        one.name
        for one in groups
        for other in groups
        if set(one.subtasks) < set(other.subtasks)
        or (set(one.subtasks) == set(other.subtasks) and one.name > other.name)
    }
    return tuple(name for name in tasks if name not in inside | nested)


def _groups(files: Iterable[SampleFile], tasks: Mapping[str, SampleTask]) -> dict[str, SampleTask]:
    """Return the groups that have a score of their own and whose tasks all have samples."""
    found: dict[str, SampleTask] = {}
    for file in files:
        children = file.results.get("group_subtasks", {})
        for name in children:
            if file.ours or name in tasks or name in found or not metric_keys(file.results["results"].get(name, {})):
                continue
            leaves = _leaves(name, children)
            members = [tasks[leaf] for leaf in leaves if leaf in tasks]
            if members and len(members) == len(leaves):
                rows = tuple(row for member in members for row in member.rows)
                found[name] = SampleTask(name, leaves, rows, file.results)
    return found


def _leaves(name: str, children: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the tasks below a group, groups within it resolved."""
    below = children.get(name) or []
    if not below:
        return (name,)
    return tuple(dict.fromkeys(leaf for child in below for leaf in _leaves(child, children)))


def _with_filters(rows: list[Row], results: Mapping[str, Any]) -> list[Row]:
    """Return rows with the filters that lm-eval before 0.4.4 did not write, but only listed in its results.

    Then each document has one row per filter, in the order of the filters. Without results they are called by number.
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
    names = names if len(names) == max(turns) + 1 else [f"filter {turn + 1}" for turn in range(max(turns) + 1)]
    return [replace(row, filter=names[turn]) for row, turn in zip(rows, turns, strict=True)]
