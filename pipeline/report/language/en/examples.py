"""What is said of changed answers."""

from pipeline.report.language.en.words import Words


class Examples(Words):
    """Titles and labels; the answers themselves are quoted as they are."""

    note = "The first items that changed, taken in turn from the task's parts; long texts are shortened."
    to_wrong = "Right to wrong"
    to_right = "Wrong to right"
    question = "Question"
    expected = "Expected"
    baseline = "Baseline"
    empty = "(empty)"

    def title(self, task: str) -> str:
        return f"Examples of changed answers: {task}"

    def item(self, direction: str, part: str, number: str) -> str:
        return f"{direction}: {part}item {number}"
