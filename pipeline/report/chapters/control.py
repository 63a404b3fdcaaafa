"""What AWQ bought over plain rounding, where the control was measured."""

from eval.accuracy.result import Contrast, EvalResult, TaskScore
from pipeline.base.format import MINUS, PLUS_MINUS, change, count, listed, score, with_error
from pipeline.report.cells import numbers, shown, word, words
from pipeline.report.comparison import AgainstControl, against_control
from pipeline.report.document import Cell, Table, Tone
from pipeline.report.evidence import Evidence
from pipeline.report.inputs import Inputs

_FEW = 3
"""Tasks that fit a sentence."""
_TONES: dict[AgainstControl, Tone] = {"better": "good", "worse": "bad"}
_WORDS: dict[AgainstControl, str] = {
    "better": "AWQ is better than rounding",
    "worse": "AWQ is worse than rounding",
    "no clear difference": "no clear difference",
    "error not known": "without a standard error it cannot be told from chance",
}


def control_sentence(accuracy: EvalResult) -> str:
    """Return in one sentence what AWQ bought; empty without a control."""
    contrasts = accuracy.contrasts
    if not contrasts:
        return ""
    if len(contrasts) > _FEW:
        return f"AWQ against plain rounding of the same model: {_counted(contrasts)}; the table below has every task."
    parts = [_phrase(*rows) for rows in zip(accuracy.gated, accuracy.control, contrasts, strict=True)]
    return f"AWQ against plain rounding of the same model: {'; '.join(parts)}."


def _phrase(awq: TaskScore, control: TaskScore, contrast: Contrast) -> str:
    difference = with_error(change(contrast.delta), contrast.delta_stderr)
    direction = "" if awq.higher_is_better else ", lower is better"
    same_items = " on the same items" if contrast.paired else ""
    return (
        f"on {awq.task} rounding {_loss(control.loss)} and AWQ {_loss(awq.loss)} (AWQ {MINUS} rounding: {difference} "
        f"{awq.metric}{same_items}{direction}), {_WORDS[against_control(contrast)]}"
    )


def _loss(loss: float) -> str:
    return f"loses {score(loss)}" if loss > 0 else f"gains {score(-loss)}" if loss < 0 else "loses nothing"


def _counted(contrasts: tuple[Contrast, ...]) -> str:
    verdicts = [against_control(one) for one in contrasts]
    parts = [f"{_WORDS[verdict]} on {count(verdicts.count(verdict))}" for verdict in _WORDS if verdict in verdicts]
    return f"of {count(len(contrasts))} tasks, {listed(parts)}"


def control_table(inputs: Inputs) -> Table:
    """Return per task the losses of both, and the difference between them."""
    accuracy = inputs.accuracy
    rows = zip(accuracy.gated, accuracy.control, accuracy.contrasts, strict=True)
    paired = "on the same items" if all(one.paired for one in accuracy.contrasts) else "paired where items are scored"
    return Table(
        id="accuracy-control",
        title="AWQ against plain rounding",
        columns=(
            *words("Task", "Metric"),
            *numbers("Rounded to nearest", "Loss of rounding", "Loss of AWQ", f"AWQ {MINUS} rounded"),
            *words("AWQ against rounding"),
        ),
        rows=tuple(_row(*row, inputs.evidence) for row in rows),
        origin="measured",
        note=(
            f"The control is the same model in the same groups, rounded to nearest without AWQ; no gate applies to it. "
            f"Figures {PLUS_MINUS} standard error, the last difference {paired}. Where its interval holds zero there "
            f"is no clear difference."
        ),
        sources=inputs.sources(EvalResult.STAGE),
    )


def _row(awq: TaskScore, control: TaskScore, contrast: Contrast, evidence: Evidence) -> tuple[Cell, ...]:
    verdict = against_control(contrast)
    return (
        word(awq.task),
        word(awq.metric if awq.higher_is_better else f"{awq.metric} (lower is better)"),
        shown(evidence, control.candidate, "value", lambda value: with_error(score(value), control.candidate.stderr)),
        shown(evidence, control, "loss", lambda value: with_error(change(value), control.delta_stderr)),
        shown(evidence, awq, "loss", lambda value: with_error(change(value), awq.delta_stderr)),
        shown(evidence, contrast, "delta", lambda value: with_error(change(value), contrast.delta_stderr)),
        word(verdict, _TONES.get(verdict, "plain")),
    )
