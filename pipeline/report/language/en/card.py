"""What the model card says; of the checkpoint as quantizing says it, and of the measured accuracy."""

from pipeline.base.format import PLUS_MINUS
from pipeline.base.sentences.card import CardSentences
from pipeline.report.language.en.words import Words


class Card(Words, CardSentences):
    """One section on the accuracy: a table, how it was measured, and the control."""

    task = "Task"
    metric = "Metric"
    titles = ("Items", "Baseline", "AWQ", "Recovery", "Loss")
    margin = "Agreed margin"
    verdict = "Verdict"
    undecided = " Inconclusive: the items measured do not decide it."
    control_titles = ("Rounded to nearest", "AWQ minus rounded")
    control = "The same model rounded to nearest without AWQ, as a control:"

    def interval(self, sure: str) -> str:
        return f"{sure} interval of the loss"

    def how(self, lm_eval: str, engine: str, sure: str) -> str:
        return (
            f"lm-eval {lm_eval} against {engine}, the same items and the same engine settings for every column. Scores "
            f"{PLUS_MINUS} standard error; the loss counts in the worse direction. A task passed where the loss is "
            f"within the agreed margin with {sure} confidence, one-sided, and failed where it is beyond it with {sure} "
            f"confidence."
        )
