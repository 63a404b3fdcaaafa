"""Accuracy of runs against the first, arm by arm: paired on the items, as `awqctl compare` does it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from eval.accuracy.result import EvalResult
from eval.samples.comparison import compare_samples
from eval.samples.result import Request, TaskComparison
from pipeline.base.errors import AwqctlError
from pipeline.record.record import RunRecord
from pipeline.runs.find import folder_of
from pipeline.runs.result import FigureRow, Refusal, RunFigure, Verdict


def accuracy_rows(
    runs: Mapping[str, Path], records: Mapping[str, RunRecord]
) -> tuple[tuple[FigureRow, ...], tuple[Refusal, ...]]:
    """Return the score of every task and arm that the runs share, and what is not compared.

    Args:
        runs: output folders by name, the first one before all others.
        records: the same.
    """
    found = {name: one for name, record in records.items() if (one := record.find(EvalResult))}
    if lacking := [name for name in records if name not in found]:
        return (), (Refusal(topic="accuracy", what="all tasks", why=f"{', '.join(lacking)} has no evaluation"),)
    first, *others = runs
    arms = [arm for arm in found[first].arms if all(arm in one.arms for one in found.values())]
    rows: dict[str, FigureRow] = {}
    refused: list[Refusal] = []
    for arm in arms:
        for other in others:
            for said in _pair(arm, first, other, runs):
                if isinstance(said, Refusal):
                    refused.append(said)
                else:
                    known = rows.get(said.name)
                    rows[said.name] = said if known is None else _joined(known, said)
    return tuple(rows.values()), tuple(refused)


def _pair(arm: str, first: str, other: str, runs: Mapping[str, Path]) -> Iterator[FigureRow | Refusal]:
    before, after = (folder_of(runs[name]) / EvalResult.STAGE / arm for name in (first, other))
    try:
        found = compare_samples(before, after, Request())
    except AwqctlError as problem:
        yield Refusal(topic="accuracy", what=f"{arm} of {other}", why=problem.message)
        return
    for task in found.tasks:
        yield _row(arm, first, other, task)
    if not found.complete:
        why = " ".join(found.notes) or "items of one side alone are left out"
        yield Refusal(topic="accuracy", what=f"what only {first} or {other} has of {arm}", why=why)


def _row(arm: str, first: str, other: str, task: TaskComparison) -> FigureRow:
    # The interval is of the loss, which points the other way where higher is better.
    sign = -1 if task.higher_is_better else 1
    ends = sorted((sign * task.interval.low, sign * task.interval.high)) if task.interval else None
    return FigureRow(
        topic="accuracy",
        name=f"{arm}, {task.task} ({task.metric}, {task.items} items)",
        unit="score",
        origin="measured",
        runs={
            first: RunFigure(value=task.baseline.value),
            other: RunFigure(
                value=task.candidate.value,
                against_first=task.delta,
                against_first_interval=(ends[0], ends[1]) if ends else None,
                verdict=_verdict(task.delta, (ends[0], ends[1]) if ends else None),
            ),
        },
    )


def _verdict(delta: float, interval: tuple[float, float] | None) -> Verdict:
    if interval is None or interval[0] <= 0 <= interval[1]:
        return "alike" if interval == (0.0, 0.0) and delta == 0 else "not decided"
    return "higher" if interval[0] > 0 else "lower"


def _joined(known: FigureRow, more: FigureRow) -> FigureRow:
    """Return a row with the runs of both, the first one's figure once."""
    new = {name: one for name, one in more.runs.items() if name not in known.runs}
    return known.model_copy(update={"runs": {**known.runs, **new}})
