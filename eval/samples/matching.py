"""Which metric and direction two sides of `awqctl compare` share, and their items matched by it."""

from collections.abc import Iterator, Mapping
from typing import NoReturn

from eval.comparison.coverage import unjudged
from eval.comparison.lm_eval_metrics import contributions
from eval.comparison.matching import Matched, match
from eval.comparison.rows import Row
from eval.comparison.scores import TaskScores
from eval.comparison.validity import no_number
from eval.samples.task import SampleTask, usual_direction
from eval.statistics import Margin
from pipeline.base.errors import SourceError, UsageError, VoidMeasurementError

_PERCENT = 100
_Sides = tuple[SampleTask, SampleTask]


def shared_metrics(tasks: Mapping[str, _Sides], wanted: str | None) -> dict[str, str]:
    """Return the metric of each task, with its filter.

    Raises:
        SourceError: a task does not have the wanted one; names what it has, and the tasks that do.
    """
    found: dict[str, str] = {}
    lacking: list[SourceError] = []
    for name, (before, after) in tasks.items():
        stating = before if before.values or not after.values else after
        try:
            found[name] = stating.metric(wanted)
        except SourceError as problem:
            lacking.append(problem)
    if lacking:
        hint = f" Compare those that have it: {' '.join(f'--task {name}' for name in found)}." if found else ""
        raise SourceError(f"{lacking[0]}{hint}")
    return found


def match_samples(before: SampleTask, after: SampleTask, metric: str, *, told: bool | None) -> Matched:
    """Return two sides' items of one task, matched.

    Args:
        before: the baseline's.
        after: the candidate's.
        metric: with filter.
        told: the direction that the user gave, for metrics whose direction nothing states.

    Raises:
        SourceError: an item has no value of the metric.
        UsageError: nothing says the direction, or the user gave another one.
        VoidMeasurementError: both sides state opposite directions, have another scale, or were asked differently.
    """
    higher = _direction(before, after, metric, told)
    matched = match(before.scores(metric, higher_is_better=higher), after.scores(metric, higher_is_better=higher))
    _require_values(matched.only_baseline, after, metric)
    _require_values(matched.only_candidate, before, metric)
    _require_same_scale(matched)
    if not (before.group or after.group) and _one_states(matched):
        raise SourceError(
            f"Task '{before.name}': the results of one side alone state {metric}, and the items do not give it. Put "
            f"the results of both evaluations beside the samples, or of neither."
        )
    return matched


def _require_same_scale(matched: Matched) -> None:
    """Refuse right or wrong answers that one version of a task counts as 1 and another as 100.

    Raises:
        VoidMeasurementError: each side is one of these.
    """
    name = matched.baseline.metric.partition(",")[0]
    values = [
        {row.values[name] for row in arm.rows.values() if isinstance(row.values[name], int | float)}
        for arm in (matched.baseline, matched.candidate)
    ]
    if any(one and one <= {0, 1} and _PERCENT in other <= {0, _PERCENT} for one, other in (values, values[::-1])):
        raise VoidMeasurementError(
            f"Task '{matched.baseline.task}': a right answer counts as 1 on one side and as 100 on the other. Score "
            f"both with the same version of the task."
        )


def unusable(matched: Matched) -> str:
    """Return why nothing can be said of a group as a whole, as the end of a sentence; empty where something can."""
    for side, arm in (("baseline", matched.baseline), ("candidate", matched.candidate)):
        if arm.contradiction:
            return f"of the {side}, {arm.contradiction}"
    return "one side alone states its score, and the items do not give it" if _one_states(matched) else ""


def _one_states(matched: Matched) -> bool:
    before, after = matched.baseline, matched.candidate
    return before.stated != after.stated and None in (before.contributions, after.contributions)


def flaws(matched: Matched, *, doubtful: bool) -> Iterator[str]:
    """Yield, as sentences, why the items of a side were not paired: where nothing explains it, or elsewhere."""
    for side, arm in (("baseline", matched.baseline), ("candidate", matched.candidate)):
        if arm.flaw and arm.doubtful is doubtful:
            yield (
                f"'{arm.task}' was compared by its scores alone, as of independent items: of the {side}, {arm.flaw}."
            )


def belied(matched: Matched, margin: Margin | None) -> Iterator[str]:
    """Yield that the items of a task, whose score is no mean of them, lost more than the margin and its scores did not.

    What a task's own function makes of right and wrong answers cannot stay as it is where these change so much.
    """
    arms = matched.baseline, matched.candidate
    sums = [_plain(arm) for arm in arms]
    if margin is None or not any(arm.flaw for arm in arms) or None in sums:
        return
    sign = 1 if arms[0].higher_is_better else -1
    items, scores = (
        sign * (one - other)
        for one, other in ((sums[0] or 0, sums[1] or 0), (arms[0].score.value, arms[1].score.value))
    )
    share = 0.0 if margin.recovery is None else 1 - margin.recovery
    most = margin.absolute if margin.absolute is not None else share * abs(arms[0].score.value)
    if items > most >= scores:
        yield (
            f"'{arms[0].task}': the values of its items lost {items:.4f} on average, and lm-eval's stated scores "
            f"{scores:.4f}: they may be another evaluation's."
        )


def _plain(arm: TaskScores) -> float | None:
    """Return the mean of the items' values; None where they are no numbers."""
    name = arm.metric.partition(",")[0]
    found = contributions(name, [row.values[name] for row in arm.rows.values()])
    return found.value if found and found.plain else None


def _direction(before: SampleTask, after: SampleTask, metric: str, told: bool | None) -> bool:  # noqa: FBT001 -- private
    name = metric.partition(",")[0]
    stated = [side for side in (before.higher_is_better(metric), after.higher_is_better(metric)) if side is not None]
    if len(set(stated)) > 1:
        raise VoidMeasurementError(
            f"The results of both sides state opposite directions of '{name}' in task '{before.name}'. "
            f"Score both with the same version of the task."
        )
    known = stated[0] if stated else usual_direction(name)
    if known is None and told is None:
        raise UsageError(
            f"Nothing says whether a higher '{name}' is better. Give --higher-is-better or --lower-is-better."
        )
    if None not in (known, told) and known != told:
        _refuse(before.name, name, higher=bool(known), source="results state" if stated else "name says")
    return bool(told if known is None else known)


def _refuse(task: str, name: str, *, higher: bool, source: str) -> NoReturn:
    direction, given = ("higher", "--lower-is-better") if higher else ("lower", "--higher-is-better")
    raise UsageError(
        f"The {source} that a {direction} '{name}' is better (task '{task}'), so {given} cannot be. Leave it out, or "
        f"choose with --task and --metric what it is meant for."
    )


def _require_values(lone: tuple[Row, ...], other: SampleTask, metric: str) -> None:
    """Refuse an item that the other side has as well, but without a value, unless its whole subtask has none."""
    name, _, filter_ = metric.partition(",")
    missing = unjudged(other.rows, metric)
    nowhere = {subtask for subtask, count in missing.items() if count == other.items[subtask]}
    without = {
        (row.subtask, row.doc_hash): row
        for row in other.rows
        if name not in row.values and row.filter in (None, filter_) and row.subtask not in nowhere
    }
    first = next((without[key] for row in lone if (key := (row.subtask, row.doc_hash)) in without), None)
    if first is not None:
        raise no_number(first, name)
