"""The accuracy in the model card: what was measured, how sure it is, and the verdict."""

from eval.accuracy.result import Contrast, EvalResult, TaskScore
from eval.comparison.result import Score
from pipeline.base.format import NONE, certainty, change, recovery, score, with_error
from pipeline.quantize.card.text import table, text
from pipeline.report.chapters.accuracy_finding import by_verdict
from pipeline.report.chapters.alarm import not_scored
from pipeline.report.language.en.card import Card
from pipeline.report.language.en.verdicts import Verdicts
from pipeline.report.language.language import Language
from pipeline.report.verdicts import interval_text, items_text, margin_text, metric_text, verdict_word


def accuracy_text(accuracy: EvalResult, say: Language) -> str:
    """Return the section on accuracy as Markdown."""
    parts = [_verdicts(accuracy, say), *([_control(accuracy, say.card)] if accuracy.contrasts else [])]
    return "\n\n".join(parts)


def _verdicts(accuracy: EvalResult, say: Language) -> str:
    if accuracy.stopped is not None:
        return text(not_scored(accuracy, say))
    tasks, card = accuracy.gated, say.card
    sure = certainty(tasks[0].confidence)
    titles = (card.task, card.metric, *card.titles, card.interval(sure), card.margin, card.verdict)
    rows = table(titles, [_score_row(task, say.verdicts) for task in tasks])
    undecided = card.undecided if by_verdict(tasks, "inconclusive") else ""
    how = card.how(text(accuracy.lm_eval_version), text(accuracy.engine_version), sure)
    return f"{rows}\n\n{how}{undecided}"


def _score_row(task: TaskScore, say: Verdicts) -> tuple[str, ...]:
    word = verdict_word(task, say)
    return (
        text(task.task),
        text(metric_text(task, say)),
        items_text(task, say),
        _score(task.baseline),
        _score(task.candidate),
        NONE if task.recovery is None else recovery(task.recovery),
        change(task.loss),
        interval_text(task, say),
        margin_text(task, say),
        word if task.passed else f"**{word}**",
    )


def _control(accuracy: EvalResult, say: Card) -> str:
    rows = [
        (text(task.task), text(task.metric), _score(task.candidate), _delta(contrast))
        for task, contrast in zip(accuracy.control, accuracy.contrasts, strict=True)
    ]
    losses = table((say.task, say.metric, *say.control_titles), rows)
    return f"{say.control}\n\n{losses}"


def _delta(contrast: Contrast) -> str:
    return with_error(change(contrast.delta), contrast.delta_stderr)


def _score(entry: Score) -> str:
    return with_error(score(entry.value), entry.stderr)
