"""`awqctl compare`: two models' sample files of lm-eval, whoever made them, against each other."""

from dataclasses import dataclass, field
from pathlib import Path

from eval.comparison.comparison import adjusted, compare_matched
from eval.comparison.matching import Matched
from eval.comparison.rows import Row
from eval.comparison.scores import metric_key
from eval.comparison.wording import guesses_sentence
from eval.samples.files import find_sample_files
from eval.samples.gaps import (
    count_gaps,
    lacking,
    metric_gaps,
    other_metrics,
    outdated,
    same_samples,
    without_chance,
)
from eval.samples.matching import belied, flaws, match_samples, shared_metrics, unusable
from eval.samples.plan import Plan, planned
from eval.samples.result import CompareResult, Request, TaskComparison
from eval.samples.settings import remarks, unstated
from eval.samples.task import SampleTask
from pipeline.base.errors import SourceError

_SHOWN = 5


@dataclass
class _Found:
    """What has been compared so far."""

    rows: list[TaskComparison] = field(default_factory=list)
    compared: list[tuple[SampleTask, SampleTask, str]] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    """What was not judged."""
    doubts: list[str] = field(default_factory=list)
    """What shows that a stated score is not that of the items; it cannot be allowed, as a part can."""
    notes: list[str] = field(default_factory=list)
    unstated: dict[str, None] = field(default_factory=dict)
    """Settings, in order."""


def compare_samples(baseline: Path, candidate: Path, request: Request) -> CompareResult:
    """Return the comparison of the tasks that both sides have, on the items that both answered.

    Raises:
        SourceError: files are missing or damaged, or there is nothing in common.
        UsageError: nothing says whether a higher value of a metric is better, or the request contradicts what does.
        VoidMeasurementError: both sides were scored with other prompts or settings, or a file contradicts another.
    """
    plan = planned(find_sample_files(baseline), find_sample_files(candidate), request)
    found = _compare_all(plan, request)
    if not found.rows:
        said = " ".join(dict.fromkeys((*plan.notes, *plan.gaps, *found.gaps, *found.notes)))
        raise SourceError(f"{baseline} and {candidate} have no item in common. {said}")
    rows = adjusted(found.rows)
    gaps = (*plan.gaps, *found.gaps, *found.doubts)
    whole = not gaps and not any(row.only_baseline or row.only_candidate for row in rows)
    notes = (*plan.notes, *gaps, *found.notes, *other_metrics(found.compared))
    guessed = [row for row in rows if row.verdict == "inconclusive" and row.passes_guesses]
    notes += tuple(f"'{row.task}' is not decided: {guesses_sentence(row)}" for row in guessed)
    if found.unstated:
        notes += (f"Not stated by both sides, so not compared: {', '.join(found.unstated)}.",)
    if request.margin:
        notes += without_chance(rows)
    if request.margin and found.doubts:
        notes += ("Items contradict a score, so this is no pass. Score the task again, with samples.",)
    elif request.margin and not (whole or request.allow_partial):
        notes += ("Not all of both sides was compared, so this is no pass. Score the rest, or give --allow-partial.",)
    return CompareResult(
        baseline=str(baseline),
        candidate=str(candidate),
        confidence=request.confidence,
        draws=request.draws,
        seed=request.seed,
        tasks=rows,
        complete=whole,
        passed=_passed(rows, request, sound=not found.doubts and (whole or request.allow_partial)),
        notes=tuple(dict.fromkeys(notes)),
    )


def _passed(rows: tuple[TaskComparison, ...], request: Request, *, sound: bool) -> bool | None:
    return None if request.margin is None else sound and all(row.passed for row in rows)


def _compare_all(plan: Plan, request: Request) -> _Found:
    """Compare every task; those of a group by themselves where its metric or its score says nothing of them."""
    found = _Found()
    metrics = shared_metrics({name: (plan.before[name], plan.after[name]) for name in plan.names}, request.metric)
    parts: list[_Part] = []
    for name, metric in metrics.items():
        before, after = plan.before[name], plan.after[name]
        reason = _compare(before, after, metric, request, found)
        found.gaps += [*count_gaps(before, after), *metric_gaps(before, after, metric)]
        found.unstated |= dict.fromkeys(unstated(before, after))
        found.notes += [*outdated(before, after, reason), *remarks(before, after), *same_samples(before, after)]
        if reason:
            found.notes.append(f"The tasks of '{name}' are compared one by one: {reason}.")
        alone = lacking(before, after, metric)
        own = [part for part in (before.subtasks if reason else alone) if before.items[part] or after.items[part]]
        parts += [
            _Part(before.member(part), after.member(part), name, metric) for part in own if part in after.subtasks
        ]
        found.gaps += [
            f"'{part}' of '{name}' is on one side only; not compared."
            for part in {*before.subtasks} ^ {*after.subtasks}
            if reason or part in alone
        ]
    done = set(metrics)
    for part in parts:
        if part.before.name not in done:
            done.add(part.before.name)
            _compare_part(part, request, found)
    return found


@dataclass(frozen=True)
class _Part:
    """A task of a group that is judged by itself."""

    before: SampleTask
    after: SampleTask
    group: str
    metric: str
    """The group's."""


def _compare_part(part: _Part, request: Request, found: _Found) -> None:
    """Compare a task of a group by the group's metric, or by its own first one where it has not that."""
    name, items = part.before.name, max(part.before.items.total(), part.after.items.total())
    common = [metric for metric in part.before.metrics_of_items if metric in part.after.metrics_of_items]
    wanted = request.metric and metric_key(dict.fromkeys(common), request.metric)
    metric = part.metric
    if metric not in common:
        if not common or (request.metric and not wanted):
            found.gaps.append(
                f"'{name}' of '{part.group}' ({items} items) does not have {metric.removesuffix(',none')} on both "
                f"sides, so it was not judged. Compare it with --task {name} and a metric that it has."
            )
            return
        metric = wanted or next((key for key in part.before.metrics if key in common), common[0])
        found.notes.append(
            f"'{name}' ({items} items) is no part of the score of '{part.group}', which is {part.metric}: it was "
            f"judged by itself, by {metric}."
        )
    _compare(part.before, part.after, metric, request, found)


def _compare(before: SampleTask, after: SampleTask, metric: str, request: Request, found: _Found) -> str:
    """Compare one task, unless nothing can be said of it as a group; then return why."""
    matched = match_samples(before, after, metric, told=request.higher_is_better)
    reason = unusable(matched)
    if reason:
        return reason
    found.notes += flaws(matched, doubtful=False)
    found.doubts += [*flaws(matched, doubtful=True), *belied(matched, request.margin)]
    if matched.keys:
        found.rows.append(_compared(matched, request))
        found.compared.append((before, after, metric))
    else:
        found.gaps.append(f"'{before.name}' was not compared: both sides have no document in common.")
    return ""


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
