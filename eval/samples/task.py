"""One task or group of one side of `awqctl compare`: its rows, and what lm-eval's results state of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from eval.comparison.coverage import has_metric, items_of, stated_items
from eval.comparison.lm_eval_metrics import contributions
from eval.comparison.result import Score
from eval.comparison.rows import Row
from eval.comparison.scores import (
    LOWER_IS_BETTER,
    TaskScores,
    close,
    metric_key,
    metric_keys,
    stated_score,
    task_scores,
)
from eval.comparison.validity import is_mean, listed_metrics
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
    sources: tuple[Mapping[str, Any], ...] = ()
    """The document of each subtask, where these are not all the same."""
    outdated: str = ""
    """Why the stated score of a group is not that of its samples, as the end of a sentence."""
    repeated: Mapping[str, int] = field(default_factory=dict)
    """Rows that stood in the file a second time, by subtask."""

    @property
    def group(self) -> bool:
        """Return whether it is a group."""
        return self.subtasks != (self.name,)

    @property
    def documents(self) -> dict[str, Mapping[str, Any]]:
        """Return what lm-eval states of each subtask."""
        return dict(zip(self.subtasks, self.sources or (self.results,) * len(self.subtasks), strict=True))

    @cached_property
    def items(self) -> Counter[str]:
        """Return how many items there are, by subtask."""
        return items_of(self.rows)

    @property
    def stated_items(self) -> dict[str, int]:
        """Return how many items the results state, by subtask, of those subtasks of which they do."""
        found = {name: stated_items(document, name) for name, document in self.documents.items()}
        return {name: count for name, count in found.items() if count is not None}

    def member(self, name: str) -> "SampleTask":
        """Return one of the subtasks by itself."""
        rows = tuple(row for row in self.rows if row.subtask == name)
        repeated = {name: self.repeated[name]} if name in self.repeated else {}
        return SampleTask(name, (name,), rows, self.documents[name], repeated=repeated)

    @property
    def values(self) -> Mapping[str, Any]:
        """Return lm-eval's scores of the task, empty where they are not stated."""
        found: Mapping[str, Any] = self.results.get("results", {}).get(self.name, {})
        return found

    @property
    def metrics(self) -> list[str]:
        """Return the metrics with their filters, in lm-eval's order; of samples alone, those of the items."""
        stated = metric_keys(dict(self.values))
        return stated or self.metrics_of_items

    @property
    def metrics_of_items(self) -> list[str]:
        """Return the metrics of the items, with their filters."""
        kinds = dict.fromkeys((row.filter or "none", *row.values) for row in self.rows)
        return list(dict.fromkeys(f"{name},{filter_}" for filter_, *names in kinds for name in names))

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
        documents = [(self.name, self.results), *self.documents.items()]
        said = [results.get("higher_is_better", {}).get(task, {}).get(name) for task, results in documents]
        listed = [entry for task, results in documents for entry in listed_metrics(results.get("configs", {}), [task])]
        said += [entry.get("higher_is_better") for entry in listed if entry.get("metric") == name]
        return next((bool(answer) for answer in said if answer is not None), None)

    def scores(self, metric: str, *, higher_is_better: bool) -> TaskScores:
        """Return the task with one metric.

        Raises:
            SourceError: no sample has it, a value is missing, or nothing says the score.
            VoidMeasurementError: the items contradict the score.
        """
        counts = [
            document.get("n-samples", {}).get(task, {}).get("original", 0) for task, document in self.documents.items()
        ]
        name = metric.partition(",")[0]
        configs = {task: document.get("configs", {}).get(task, {}) for task, document in self.documents.items()}
        known = any(configs.values())
        found = task_scores(
            self.rows,
            task=self.name,
            metric=metric,
            stated=self._stated(metric),
            higher_is_better=higher_is_better,
            items_available=sum(counts),
            mean=is_mean(configs if known else {}, self.subtasks, name),
            equal=self.group and weighting(self, metric) == "equal",
        )
        return found if not self.group else replace(found, contradiction=self._contradiction(found))

    @property
    def whole(self) -> bool:
        """Return whether the items are as many as the results state, as far as they do."""
        return all(self.items[name] == count for name, count in self.stated_items.items())

    def _stated(self, metric: str) -> Score | None:
        """Return what lm-eval states of these items; None where it states nothing, or of others, and items give one.

        Raises:
            SourceError: it is of other items, and these give no score.
        """
        if not isinstance(self.values.get(metric), int | float):
            return None
        of_these = not self.outdated and self.whole
        if not of_these and self._addable(metric):
            return None
        if not of_these and not self.group:
            raise SourceError(
                f"Task '{self.name}' has samples of {self.items.total()} items, and its results are of "
                f"{sum(self.stated_items.values())}: the values of '{metric}' cannot be added up to a score of these. "
                f"Copy all samples, or score the task again."
            )
        return stated_score(dict(self.values), metric)

    def _addable(self, metric: str) -> bool:
        values = [row.values[metric.partition(",")[0]] for row in self.rows if has_metric(row, metric)]
        return bool(values) and contributions(metric.partition(",")[0], values) is not None

    def _contradiction(self, found: TaskScores) -> str:
        """Return why nothing can be said of a group: how its score comes from its items is not known."""
        if found.contradiction or not self.values:
            return found.contradiction
        known = weighting(self, found.metric)
        if found.stated and self.whole and not self.outdated:
            if not found.flaw or (known and not found.doubtful):
                return ""
            return found.flaw if known else f"no mean of its tasks' scores is {found.score.value:.6g}, its own"
        parts = None if found.stated else found.contributions
        certain = known in ("size", "equal") and parts is not None and parts.plain
        return "" if certain else self.outdated or "its samples are not all there"


def usual_direction(metric: str) -> bool | None:
    """Return whether a higher value is better as the metric's name says it; None for names that nobody agreed on."""
    name = metric.partition(",")[0]
    return True if name in _HIGHER_IS_BETTER else False if name in LOWER_IS_BETTER else None


def weighting(group: SampleTask, metric: str) -> Literal["size", "equal", "either"] | None:
    """Return how the results that state a group's score weigh its tasks, by what they state of these.

    None where the stated score is neither of both means, `either` where both come to the same. Where nothing is
    stated, items count the same.
    """
    results = group.results.get("results", {})
    stated = group.values.get(metric)
    if stated is None:
        return "size"
    values = [(results.get(task, {}).get(metric), stated_items(group.results, task)) for task in group.subtasks]
    known = [(value, size or 0) for value, size in values if isinstance(value, int | float)]
    items = sum(size for _, size in known)
    by_size = bool(items) and close(sum(value * size for value, size in known) / items, stated)
    alike = bool(known) and close(sum(value for value, _ in known) / len(known), stated)
    if by_size and alike and len({size for _, size in known}) > 1:
        return "either"
    return "size" if by_size else "equal" if alike else None
