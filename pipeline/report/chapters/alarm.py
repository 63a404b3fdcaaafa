"""The alarm on token probabilities: it finds broken weights, and judges nothing."""

from eval.accuracy.result import GATED, EvalResult
from eval.alarm.fidelity import OVER_CONTROL
from eval.alarm.result import Fidelity
from pipeline.base.format import count, number, plain, share
from pipeline.report.cells import numbers, shown, word, words
from pipeline.report.document import Cell, Table
from pipeline.report.inputs import Inputs
from pipeline.report.language.language import Language


def alarm_table(inputs: Inputs) -> Table:
    """Return per arm how far its token probabilities are from the baseline's."""
    fidelity, limits, say = inputs.accuracy.fidelity, inputs.recipe.eval.alarm, inputs.say.alarm
    tokens = count(min(one.top_k for one in fidelity))
    return Table(
        id="accuracy-alarm",
        title=say.title,
        columns=(*words(*say.columns[:2]), *numbers(*say.columns[2:5]), *words(*say.columns[5:])),
        rows=tuple(_row(one, inputs) for one in fidelity),
        origin="measured",
        note=say.note(plain(limits.max_kl), share(limits.min_top1), plain(OVER_CONTROL), tokens),
        sources=inputs.sources(EvalResult.STAGE),
    )


def _row(one: Fidelity, inputs: Inputs) -> tuple[Cell, ...]:
    evidence, say = inputs.evidence, inputs.say.alarm
    return (
        word(say.name_of(one.arm)),
        word(inputs.say.stored.held_out(one.text)),
        shown(evidence, one, "tokens", count),
        shown(evidence, one, "mean_kl_nats", lambda value: number(value, 2)),
        shown(evidence, one, agreement_field(one), share),
        word(say.raised, "bad") if one.absurd else word(say.silent),
    )


def agreement_field(one: Fidelity) -> str:
    """Return the field of the share that the alarm looked at."""
    return "top1_agreement" if one.clear_agreement is None else "clear_agreement"


def alarm_text(one: Fidelity, language: Language) -> str:
    """Return a raised alarm as a sentence."""
    say, text = language.alarm, language.stored.held_out(one.text)
    return say.text(say.name_of(one.arm), number(one.mean_kl_nats, 2), share(one.agreement), text)


def not_scored(accuracy: EvalResult, say: Language) -> str:
    """Return why AWQ has no scores; empty where it has them."""
    if accuracy.stopped is None:
        return ""
    raised = [alarm_text(one, say) for one in accuracy.fidelity if one.arm == GATED and one.absurd]
    return " ".join([*raised, say.alarm.not_scored])
