"""What the chosen number of items can show, before the first token: smallest visible difference, items for the margin.

Before a first run nobody knows how many items will flip. The planning values below are assumptions: flips of models
quantized to 4 bit were reported from a few per cent of the items to more than ten (Dutta et al. 2024, "Accuracy is Not
All You Need", arXiv 2407.09141). Once a recipe has been evaluated, its own figures take their place.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from eval.accuracy.result import EvalResult, Resolution, TaskScore
from eval.statistics import (
    effective_discordance,
    items_needed,
    smallest_difference_paired,
    smallest_difference_spread,
    smallest_difference_unpaired,
)
from pipeline.recipe.eval import Eval, EvalTask

_DOUBTFUL = 0.5
"""Share of what a usual baseline is above chance, above which a margin is warned of before anything was measured."""
POWER = 0.8
"""Chance of seeing what is there; the field's usual figure."""
ASSUMED_DISCORDANCE = 0.12
ASSUMED_ACCURACY = 0.75
RIGHT_OR_WRONG = ("acc", "acc_norm", "exact_match", "pass@1", "pass_at_1")
"""Metrics that are 0 or 1 per item."""
PROBABILITY_MASS = re.compile(r"truthfulqa.*_mc2|tinyTruthfulQA$")
"""Tasks whose `acc` is the probability of all right answers together, between 0 and 1: nothing flips, and nobody knows
the spread beforehand."""


@dataclass(frozen=True)
class TaskItems:
    """How many items a task asks, and how many it has."""

    task: str
    items: int
    available: int
    chance: float | None = None
    """Share of the items that guesses get right, of answers that are right or wrong."""


@dataclass(frozen=True)
class _Expected:
    """What is known, or assumed, of one task before it is measured."""

    discordance: float | None
    accuracy: float | None
    spread: float | None
    """Where it says more than the discordance: other metrics, and items in groups."""
    unpaired_spread: float | None
    margin: float | None
    design_effect: float = 1.0
    """Items that one effective item takes, in groups or with unequal weights."""
    effective_discordance: float | None = None
    """Share of the effective items that flip, where it is not the discordance."""
    above_chance: float | None = None
    """How much better the baseline is than guessed answers."""


def resolutions(
    settings: Eval, counted: Iterable[TaskItems], earlier: EvalResult | None = None
) -> tuple[Resolution, ...]:
    """Return the resolution of every task of a recipe, in its order.

    Args:
        settings: the recipe's section.
        counted: the items of each task.
        earlier: an evaluation of the same model, whose disagreement is used where it had the task.
    """
    by_task = {entry.task: entry for entry in counted}
    before = {row.task: row for row in earlier.gated} if earlier else {}
    return tuple(_resolution(settings, task, by_task[task.name], before.get(task.name)) for task in settings.all_tasks)


def _resolution(settings: Eval, task: EvalTask, counted: TaskItems, earlier: TaskScore | None) -> Resolution:
    metric = (task.metric or "").partition(",")[0]
    if earlier is not None and earlier.paired and (not metric or earlier.metric.partition(",")[0] == metric):
        return _of(settings, task, counted, _measured(task, earlier), "measured")
    if metric in ("", *RIGHT_OR_WRONG) and not PROBABILITY_MASS.match(task.name):
        margin = task.margin if task.min_recovery is None else (1 - task.min_recovery) * ASSUMED_ACCURACY
        above = None if counted.chance is None else ASSUMED_ACCURACY - counted.chance
        expected = _Expected(ASSUMED_DISCORDANCE, ASSUMED_ACCURACY, None, None, margin, above_chance=above)
        return _of(settings, task, counted, expected, "assumed")
    return _of(settings, task, counted, _Expected(None, None, None, None, task.margin), "unknown")


def _measured(task: EvalTask, earlier: TaskScore) -> _Expected:
    root, score, above = math.sqrt(earlier.items), earlier.baseline, earlier.above_chance
    margin = task.margin
    if task.min_recovery is not None:
        kept = task.min_recovery if earlier.higher_is_better else 1 / task.min_recovery
        margin = abs(1 - kept) * score.value
    if earlier.discordance:
        effect = earlier.design_effect or 1.0
        if effect > 1 and earlier.spread is not None:
            flipping = effective_discordance(earlier.spread, effect, earlier.items, earlier.loss)
            return _Expected(earlier.discordance, score.value, earlier.spread, None, margin, effect, flipping, above)
        return _Expected(earlier.discordance, score.value, None, None, margin, above_chance=above)
    errors = (score.stderr, earlier.candidate.stderr)
    unpaired = None if None in errors else root * math.hypot(*(error or 0.0 for error in errors))
    return _Expected(None, None, earlier.spread or None, unpaired, margin, above_chance=above)


def _of(settings: Eval, task: EvalTask, counted: TaskItems, expected: _Expected, origin: str) -> Resolution:
    items, confidence = counted.items, settings.confidence
    paired = unpaired = None
    if expected.spread is not None:
        paired = smallest_difference_spread(items, expected.spread, confidence=confidence, power=POWER)
    elif expected.discordance is not None:
        paired = smallest_difference_paired(items, expected.discordance, confidence=confidence, power=POWER)
    known = paired is not None
    if paired is not None and expected.discordance is not None and paired > expected.discordance:
        paired = None  # No difference exceeds the flips.
    if expected.accuracy is not None:
        unpaired = smallest_difference_unpaired(items, expected.accuracy, confidence=confidence, power=POWER)
    elif expected.unpaired_spread is not None:
        unpaired = smallest_difference_spread(items, expected.unpaired_spread, confidence=confidence, power=POWER)
    needed = _needed(expected, confidence)
    return Resolution.model_validate(
        {
            "task": task.name,
            "metric": task.metric or "acc or exact_match",
            "items": items,
            "items_available": counted.available,
            "discordance": expected.discordance,
            "accuracy": expected.accuracy,
            "spread": expected.spread,
            "origin": origin if known else "unknown",
            "smallest_paired": paired,
            "smallest_unpaired": unpaired,
            "margin": expected.margin,
            "above_chance": expected.above_chance,
            "items_needed": needed,
            "decidable": None if needed is None else items >= needed,
        }
    )


def _needed(expected: _Expected, confidence: float) -> int | None:
    if not expected.margin:
        return None
    of_effective = expected.effective_discordance or expected.discordance
    spread = expected.spread if of_effective is None else None
    if spread is None and of_effective is None:
        return None
    return items_needed(
        expected.margin,
        spread=spread,
        discordance=of_effective,
        effect=expected.design_effect,
        confidence=confidence,
        power=POWER,
    )


def resolution_warnings(found: Iterable[Resolution]) -> list[str]:
    """Return a sentence for each task whose items do not suffice for its margin, or whose margin passes guesses."""
    found = tuple(found)
    undecided = [_warning(one) for one in found if one.decidable is False or one.margin == 0]
    return undecided + [_of_guesses(one) for one in found if one.margin and _passes_guesses(one, one.margin)]


def _passes_guesses(one: Resolution, margin: float) -> bool:
    """Return whether guessed answers are within a margin: surely where it was measured, likely where it is assumed."""
    if one.above_chance is None:
        return False
    return margin >= one.above_chance * (_DOUBTFUL if one.origin == "assumed" else 1.0)


def _of_guesses(one: Resolution) -> str:
    margin, above = one.margin or 0.0, one.above_chance or 0.0
    advice = "Agree on a smaller margin, or choose a task that the baseline can do"
    if one.origin != "assumed":
        return (
            f"The baseline was {above:.4g} above chance on {one.task} when it was measured, and the margin is "
            f"{margin:g}: guessed answers are within it, so there will be no pass. {advice}"
        )
    return (
        f"The margin of {one.task}, {margin:g}, is wide for answers that are {ASSUMED_ACCURACY - above:.4g} right by "
        f"chance: guesses are within it, and there is no pass, unless the baseline gets more than "
        f"{ASSUMED_ACCURACY - above + margin:.4g} right. {advice}"
    )


def _warning(one: Resolution) -> str:
    if one.margin == 0 or one.items_needed is None:
        return (
            f"The margin of {one.task} is 0: no number of items can show that nothing at all was lost. "
            f"Agree on a loss that would not matter"
        )
    basis = "assumed" if one.origin == "assumed" else "measured before"
    what = f"a spread {basis}"
    if one.discordance is not None:
        what = f"{one.discordance:.1%} of the items flip{', in groups' if one.spread is not None else ''}, {basis}"
    rest = one.items_available - one.items_needed
    advice = (
        f"Raise its limit to {one.items_needed}"
        if rest >= 0 and one.items < one.items_available
        else f"The task has {one.items_available}: agree on a wider margin, or add questions"
    )
    return (
        f"{one.items} items of {one.task} will most likely not decide a margin of {one.margin:g}: that takes about "
        f"{one.items_needed} ({what}, no true loss, {POWER:.0%} power). {advice}"
    )
