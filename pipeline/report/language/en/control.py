"""What is said of AWQ against plain rounding."""

from collections.abc import Mapping

from pipeline.base.format import MINUS, PLUS_MINUS
from pipeline.report.comparison import AgainstControl
from pipeline.report.language.en.words import Words


class Control(Words):
    """One sentence and one table."""

    verdicts: Mapping[AgainstControl, str] = {
        "better": "AWQ is better than rounding",
        "worse": "AWQ is worse than rounding",
        "no clear difference": "no clear difference",
        "error not known": "without a standard error it cannot be told from chance",
    }
    words: Mapping[AgainstControl, str] = {
        "better": "better",
        "worse": "worse",
        "no clear difference": "no clear difference",
        "error not known": "error not known",
    }
    """The same in the table."""
    title = "AWQ against plain rounding"
    columns = (
        "Task",
        "Metric",
        "Rounded to nearest",
        "Loss of rounding",
        "Loss of AWQ",
        f"AWQ {MINUS} rounded",
        "AWQ against rounding",
    )
    lower_is_better = ", lower is better"
    same_items = " on the same items"
    loses_nothing = "loses nothing"
    paired = "on the same items"
    partly_paired = "paired where items are scored"

    def sentence(self, parts: str) -> str:
        return f"AWQ against plain rounding of the same model: {parts}."

    def counted_sentence(self, counted: str) -> str:
        return f"AWQ against plain rounding of the same model: {counted}; the table below has every task."

    def task(self, task: str, rounding: str, awq: str, difference: str, metric: str, remarks: str, verdict: str) -> str:
        return (
            f"on {task} rounding {rounding} and AWQ {awq} (AWQ {MINUS} rounding: {difference} {metric}{remarks}), "
            f"{verdict}"
        )

    def loses(self, loss: str) -> str:
        return f"loses {loss}"

    def gains(self, gain: str) -> str:
        return f"gains {gain}"

    def counted(self, tasks: str, parts: str) -> str:
        return f"of {tasks} tasks, {parts}"

    def counted_verdict(self, verdict: str, tasks: str) -> str:
        return f"{verdict} on {tasks}"

    def note(self, paired: str) -> str:
        return (
            f"The control is the same model in the same groups, rounded to nearest without AWQ; no gate applies to it. "
            f"Figures {PLUS_MINUS} standard error, the last difference {paired}. Where its interval holds zero there "
            f"is no clear difference."
        )
