"""The accuracy in the model card: what was measured, how sure it is, and the verdict."""

from eval.accuracy.result import Contrast, EvalResult, TaskScore
from eval.comparison.result import Score
from eval.comparison.wording import margin_text
from pipeline.base.format import NONE, PLUS_MINUS, certainty, change, recovery, score, with_error
from pipeline.quantize.card.text import table, text
from pipeline.report.chapters.accuracy_finding import by_verdict
from pipeline.report.chapters.alarm import not_scored
from pipeline.report.language.language import ENGLISH
from pipeline.report.verdicts import interval_text, items_text, metric_text, verdict_word


def accuracy_text(accuracy: EvalResult) -> str:
    """Return the section on accuracy as Markdown."""
    parts = [_verdicts(accuracy), *([_control(accuracy)] if accuracy.contrasts else [])]
    return "\n\n".join(parts)


def _verdicts(accuracy: EvalResult) -> str:
    if accuracy.stopped is not None:
        return text(not_scored(accuracy, ENGLISH.alarm))
    tasks = accuracy.gated
    sure = certainty(tasks[0].confidence)
    titles = ("Task", "Metric", "Items", "Baseline", "AWQ", "Recovery", "Loss", f"{sure} interval of the loss")
    rows = table((*titles, "Agreed margin", "Verdict"), [_score_row(task) for task in tasks])
    return f"{rows}\n\n{_how(accuracy, sure)}"


def _how(accuracy: EvalResult, sure: str) -> str:
    undecided = (
        " Inconclusive: the items measured do not decide it." if by_verdict(accuracy.gated, "inconclusive") else ""
    )
    return (
        f"lm-eval {text(accuracy.lm_eval_version)} against {text(accuracy.engine_version)}, the same items and the "
        f"same engine settings for every column. Scores {PLUS_MINUS} standard error; the loss counts in the worse "
        f"direction. A task passed where the loss is within the agreed margin with {sure} confidence, one-sided, "
        f"and failed where it is beyond it with {sure} confidence.{undecided}"
    )


def _score_row(task: TaskScore) -> tuple[str, ...]:
    word = verdict_word(task, ENGLISH.verdicts)
    return (
        text(task.task),
        text(metric_text(task, ENGLISH.verdicts)),
        items_text(task, ENGLISH.verdicts),
        _score(task.baseline),
        _score(task.candidate),
        NONE if task.recovery is None else recovery(task.recovery),
        change(task.loss),
        interval_text(task, ENGLISH.verdicts),
        margin_text(task),
        word if task.passed else f"**{word}**",
    )


def _control(accuracy: EvalResult) -> str:
    rows = [
        (text(task.task), text(task.metric), _score(task.candidate), _delta(contrast))
        for task, contrast in zip(accuracy.control, accuracy.contrasts, strict=True)
    ]
    losses = table(("Task", "Metric", "Rounded to nearest", "AWQ minus rounded"), rows)
    return f"The same model rounded to nearest without AWQ, as a control:\n\n{losses}"


def _delta(contrast: Contrast) -> str:
    return with_error(change(contrast.delta), contrast.delta_stderr)


def _score(entry: Score) -> str:
    return with_error(score(entry.value), entry.stderr)
