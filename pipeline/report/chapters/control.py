"""What AWQ bought over plain rounding, where the control was measured."""

from eval.accuracy.result import Contrast, EvalResult, TaskScore
from pipeline.base.format import change, count, score, with_error
from pipeline.report.cells import numbers, shown, word, words
from pipeline.report.comparison import AgainstControl, against_control
from pipeline.report.document import Cell, Table, Tone
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.control import Control
from pipeline.report.verdicts import metric_text

_FEW = 3
"""Tasks that fit a sentence."""
_TONES: dict[AgainstControl, Tone] = {"better": "good", "worse": "bad"}


def control_sentence(accuracy: EvalResult, say: Control) -> str:
    """Return in one sentence what AWQ bought; empty without a control."""
    contrasts = accuracy.contrasts
    if not contrasts:
        return ""
    if len(contrasts) > _FEW:
        return say.counted_sentence(_counted(contrasts, say))
    parts = [_phrase(*rows, say) for rows in zip(accuracy.gated, accuracy.control, contrasts, strict=True)]
    return say.sentence("; ".join(parts))


def _phrase(awq: TaskScore, control: TaskScore, contrast: Contrast, say: Control) -> str:
    same_items = say.same_items if contrast.paired else ""
    direction = "" if awq.higher_is_better else say.lower_is_better
    return say.task(
        awq.task,
        _loss(control.loss, say),
        _loss(awq.loss, say),
        with_error(change(contrast.delta), contrast.delta_stderr),
        awq.metric,
        f"{same_items}{direction}",
        say.verdicts[against_control(contrast)],
    )


def _loss(loss: float, say: Control) -> str:
    if loss == 0:
        return say.loses_nothing
    return say.loses(score(loss)) if loss > 0 else say.gains(score(-loss))


def _counted(contrasts: tuple[Contrast, ...], say: Control) -> str:
    found = [against_control(one) for one in contrasts]
    parts = [
        say.counted_verdict(words, count(found.count(verdict)))
        for verdict, words in say.verdicts.items()
        if verdict in found
    ]
    return say.counted(count(len(contrasts)), say.listing(parts))


def control_table(inputs: Inputs) -> Table:
    """Return per task the losses of both, and the difference between them."""
    accuracy, say = inputs.accuracy, inputs.say.control
    rows = zip(accuracy.gated, accuracy.control, accuracy.contrasts, strict=True)
    return Table(
        id="accuracy-control",
        title=say.title,
        columns=(*words(*say.columns[:2]), *numbers(*say.columns[2:6]), *words(*say.columns[6:])),
        rows=tuple(_row(*row, inputs) for row in rows),
        origin="measured",
        note=say.note(say.paired if all(one.paired for one in accuracy.contrasts) else say.partly_paired),
        sources=inputs.sources(EvalResult.STAGE),
    )


def _row(awq: TaskScore, control: TaskScore, contrast: Contrast, inputs: Inputs) -> tuple[Cell, ...]:
    evidence, verdict = inputs.evidence, against_control(contrast)
    rounded = control.candidate
    return (
        word(awq.task),
        word(metric_text(awq, inputs.say.verdicts)),
        shown(evidence, rounded, "value", lambda value: with_error(score(value), rounded.stderr)),
        shown(evidence, control, "loss", lambda value: with_error(change(value), control.delta_stderr)),
        shown(evidence, awq, "loss", lambda value: with_error(change(value), awq.delta_stderr)),
        shown(evidence, contrast, "delta", lambda value: with_error(change(value), contrast.delta_stderr)),
        word(inputs.say.control.words[verdict], _TONES.get(verdict, "plain")),
    )
