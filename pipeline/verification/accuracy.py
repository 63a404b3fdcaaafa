"""Accuracy made again from lm-eval's samples: every arm's scores, and every comparison with the baseline."""

import math
from collections.abc import Iterator
from pathlib import Path

from eval.accuracy.judgement import Measured, gates_of, result_of
from eval.accuracy.result import AGAIN, EvalResult
from eval.comparison.scores import TaskScores, read_scores
from pipeline.base.errors import AwqctlError
from pipeline.base.results import Gate, Phrase, Result
from pipeline.recipe.recipe import Recipe
from pipeline.verification.result import UNREADABLE, Problem, Recomputed

_CLOSE = 1e-9
_COMPARED = ("tasks", "contrasts", "noise_floor")


def check_accuracy(accuracy: EvalResult, recipe: Recipe, folder: Path) -> tuple[Recomputed | None, list[Problem]]:
    """Compare all that is said of the tasks with what the samples give; None where the alarm left nothing to score.

    Args:
        accuracy: as recorded.
        recipe: that it was measured with.
        folder: with a folder of samples for each arm.
    """
    if accuracy.stopped is not None:
        return None, []
    try:
        made = result_of(recipe, dict(_measured(accuracy, recipe, folder)), accuracy.overlap, accuracy.fidelity)
    except (AwqctlError, *UNREADABLE) as problem:
        detail = f"the samples of the tasks cannot be scored again: {problem}"
        return Recomputed(what="accuracy", figures=0), [Problem(kind="result", where="eval", detail=detail)]
    pairs = [(f"eval/results.json#/{name}", getattr(accuracy, name), getattr(made, name)) for name in _COMPARED]
    figures = sum(1 for _, before, _ in pairs for _ in _numbers(before))
    problems = [problem for where, before, after in pairs for problem in _differences(where, before, after)]
    return Recomputed(what="accuracy, from the samples of every task and arm", figures=figures), problems


def check_gates(accuracy: EvalResult, gates: tuple[Gate, ...]) -> Iterator[Problem]:
    """Yield the gates of a record that are not what its result of the tasks comes to."""
    found, expected = ({one.name: one.outcome for one in each} for each in (gates, gates_of(accuracy)))
    for name in dict.fromkeys((*expected, *found)):
        if found.get(name) != expected.get(name):
            yield Problem(
                kind="result",
                where=f"record.json, the gate '{name}'",
                found=found.get(name),
                expected=expected.get(name),
                detail="made again from the scores",
            )


def _measured(accuracy: EvalResult, recipe: Recipe, folder: Path) -> Iterator[tuple[str, Measured]]:
    again = (AGAIN,) if accuracy.noise_floor else ()
    for arm in (*accuracy.arms, *again):
        yield (
            arm,
            Measured(
                scores={
                    task.name: _scores(task.name, accuracy, recipe, folder / arm) for task in recipe.eval.all_tasks
                },
                seconds=accuracy.seconds.get(arm, 0.0),
                kernel=accuracy.kernels.get(arm, ""),
                lm_eval=accuracy.lm_eval_version,
                engine=accuracy.engine_version,
            ),
        )


def _scores(task: str, accuracy: EvalResult, recipe: Recipe, folder: Path) -> TaskScores:
    metric = next(row.metric for row in accuracy.tasks if row.task == task)
    others = [other.name for other in recipe.eval.all_tasks]
    return read_scores(folder / f"{task}.results.json", folder / f"{task}.samples.jsonl", task, metric, others=others)


def _numbers(value: object) -> Iterator[float]:
    if isinstance(value, Result):
        value = tuple(getattr(value, name) for name in type(value).model_fields)
    if isinstance(value, tuple):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def _differences(where: str, before: object, after: object) -> Iterator[Problem]:
    """Yield where two results differ, field by field; how a version words its methods is no figure."""
    if isinstance(before or after, Phrase):
        return
    if isinstance(before, Result) and isinstance(after, Result):
        for name in type(before).model_fields:
            yield from _differences(f"{where}/{name}", getattr(before, name), getattr(after, name))
    elif isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after):
        for place, pair in enumerate(zip(before, after, strict=True)):
            yield from _differences(f"{where}/{place}", *pair)
    elif not _alike(before, after):
        yield Problem(
            kind="result", where=where, found=str(before), expected=str(after), detail="made again from the samples"
        )


def _alike(one: object, other: object) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=_CLOSE, abs_tol=_CLOSE)
    return one == other
