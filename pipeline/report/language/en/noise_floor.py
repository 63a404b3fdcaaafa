"""What is said of the noise floor."""

from pipeline.base.format import MINUS
from pipeline.report.language.en.words import Words


class NoiseFloorSentences(Words):
    """One paragraph and one table."""

    inside = "inside the floor"
    beyond = "beyond the floor"
    no_difference = "no difference"
    not_measured = "no floor"
    again = "The baseline was measured a second time, on a fresh server at another concurrency."
    title = "Noise floor: the baseline against itself"
    columns = (
        "Task",
        "Items",
        f"Second {MINUS} first run",
        "Items changed",
        "Flips (to wrong, to right)",
        "Noise floor",
        f"AWQ {MINUS} baseline",
        "Flips with AWQ",
        "AWQ's difference",
    )

    def inside_sentence(self, tasks: str) -> str:
        return (
            f"On {tasks} the difference between AWQ and the baseline is inside this noise floor: measuring the same "
            f"model twice explains as much."
        )

    def beyond_sentence(self, tasks: str) -> str:
        return f"On {tasks} the difference between AWQ and the baseline is larger than what that explains."

    def unknown_sentence(self, tasks: str) -> str:
        return f"On {tasks} there is no noise floor, because items are not scored one by one."

    def runs(self, first: str, second: str) -> str:
        return f"{first} in the first run, {second} in the second"

    def note(self, runs: str) -> str:
        return (
            f"Requests in flight: {runs}. The floor is the difference that chance alone adds when the same "
            f"weights are measured again, with 95 % confidence; zero when both runs gave the same answers. A loss "
            f"inside the floor still counts in full at the gate."
        )
