"""What the gate on accuracy states: the scores, the bound that decides, and what an undecided task lacks."""

from collections.abc import Sequence


class VerdictSentences:
    """One sentence per verdict; those of an undecided task hold what it lacks."""

    def task_verdict(
        self, verdict: Sequence[str], *, task: str, metric: str, before: str, after: str, items: str
    ) -> str:
        amount = "1 item" if items == "1" else f"{items} items"
        return f"{task}: {metric} {before} to {after} on {amount}; {''.join(verdict)}"

    def agreed_margin(self, *, margin: str) -> str:
        return f"the margin of {margin}"

    def margin_of_recovery(self, *, margin: str, recovery: str) -> str:
        return f"the margin of {margin} ({recovery} recovery)"

    def within_margin(self, margin: Sequence[str], *, sure: str, loss: str) -> str:
        return f"pass: with {sure} confidence the loss is at most {loss}, within {''.join(margin)}."

    def beyond_margin(self, margin: Sequence[str], *, sure: str, loss: str) -> str:
        return f"fail: with {sure} confidence the loss is at least {loss}, beyond {''.join(margin)}."

    def not_within_margin(self, margin_and_lack: Sequence[str], *, sure: str, loss: str) -> str:
        margin, lack = margin_and_lack
        return f"inconclusive: with {sure} confidence the loss is at most {loss}, not within {margin}; {lack}."

    def loss_without_error(self, margin: Sequence[str], *, loss: str) -> str:
        return f"inconclusive: without a standard error the loss of {loss} cannot be held against {''.join(margin)}."

    def not_decided(self, why: Sequence[str]) -> str:
        return f"not decided: {''.join(why)}"

    def guesses_within(self, margin: Sequence[str], *, baseline: str, chance: str) -> str:
        return (
            f"the baseline's {baseline} is no further from chance ({chance}) than {''.join(margin)}, so a model that "
            f"knows nothing would pass. Agree on a smaller margin, or choose a task that the baseline can do."
        )

    def more_items_needed(self, *, items: str) -> str:
        return f"{items} more {'item' if items == '1' else 'items'} needed"

    def lacks_error(self) -> str:
        return "no standard error, so it cannot be held against the margin"

    def lacks_distance(self) -> str:
        return "too near the margin for any number of items"

    def lacks_baseline(self) -> str:
        return "guessed answers are within the margin"
