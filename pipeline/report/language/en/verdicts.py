"""How a verdict on accuracy is said."""

from collections.abc import Mapping

from eval.comparison.wording import Undecided
from eval.statistics import Verdict
from pipeline.report.language.en.words import Words


class Verdicts(Words):
    """In the report, in the model card and in the terminal."""

    words: Mapping[Verdict, str] = {"pass": "passed", "fail": "failed", "inconclusive": "inconclusive"}
    no_margin = "no margin agreed"
    none_left = "no"

    lacks: Mapping[Undecided, str] = {
        "no standard error": "no standard error, so it cannot be held against the margin",
        "too near the margin": "too near the margin for any number of items",
        "margin beyond chance": "guessed answers are within the margin",
    }
    """What an undecided task lacks, unless it is items."""

    def more_needed(self, items: str, *, one: bool) -> str:
        return f"{items} more item needed" if one else f"{items} more items needed"

    def margin_of_recovery(self, margin: str, recovery: str) -> str:
        return f"{margin} ({recovery} recovery)"

    def undecided(self, word: str, shortfall: str) -> str:
        return f"{word}: {shortfall}"

    def task_has(self, left: str) -> str:
        return f", the task has {left} more"

    def remedy(self, reason: Undecided, task: str) -> str:
        if reason == "no standard error":
            return (
                f"On {task} the loss has no standard error, so nothing can be concluded from it: measure more than one "
                f"item, or choose a `metric` that gives a value per item."
            )
        if reason == "margin beyond chance":
            return (
                f"On {task} the margin is as large as all that the baseline is above chance, so guessed answers would "
                f"pass: agree on a smaller margin, or choose a task that the baseline can do."
            )
        return (
            f"On {task} no number of items is likely to decide it, because the loss is too near the margin: improve "
            f"the checkpoint, or agree on another margin before new figures are looked at."
        )

    def more_items(self, task: str, items: str, left: str) -> str:
        return (
            f"On {task} about {items} more items would decide it if the loss stays as measured; the task has {left} "
            f"more (raise its `limit`)."
        )

    def too_few_items(self, task: str, items: str, left: str | None) -> str:
        has = "no more" if left is None else f"only {left} more"
        return (
            f"On {task} about {items} more items would decide it if the loss stays as measured, and the task has "
            f"{has}: add a task of the same kind or your own questions, or agree on another margin before new figures "
            f"are looked at."
        )

    def loss_alone(self, loss: str) -> str:
        return f"a loss of {loss}, without an interval"

    def at_least(self, sure: str, loss: str) -> str:
        return f"with {sure} confidence the loss is at least {loss}"

    def better_by(self, sure: str, gain: str) -> str:
        return f"with {sure} confidence AWQ is better by at least {gain}"

    def at_most(self, sure: str, loss: str) -> str:
        return f"with {sure} confidence the loss is at most {loss}"

    def span(self, low: str, high: str) -> str:
        return f"{low} to {high}"

    def part_of(self, items: str, of: str) -> str:
        return f"{items} of {of}"

    def groups(self, groups: str) -> str:
        return f" in {groups} groups"

    def lower_is_better(self, metric: str) -> str:
        return f"{metric} (lower is better)"
