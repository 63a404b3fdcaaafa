"""The alarm on token probabilities: it finds broken weights, and judges nothing."""

from eval.accuracy.result import GATED, EvalResult
from eval.alarm.fidelity import OVER_CONTROL
from eval.alarm.result import Fidelity
from pipeline.base.format import count, number, share
from pipeline.recipe.arms import arm_name
from pipeline.report.cells import numbers, shown, word, words
from pipeline.report.document import Cell, Table
from pipeline.report.evidence import Evidence
from pipeline.report.inputs import Inputs


def alarm_table(inputs: Inputs) -> Table:
    """Return per arm how far its token probabilities are from the baseline's."""
    fidelity, limits = inputs.accuracy.fidelity, inputs.recipe.eval.alarm
    return Table(
        id="accuracy-alarm",
        title="Alarm on token probabilities (not the verdict)",
        columns=(
            *words("Arm", "Held-out text"),
            *numbers("Tokens", "Mean KL divergence, nats", "Same most likely token"),
            *words("Alarm"),
        ),
        rows=tuple(_row(one, inputs.evidence) for one in fidelity),
        origin="measured",
        note=(
            f"It is raised above {limits.max_kl:g} nats or below {share(limits.min_top1)} agreement, and for AWQ above "
            f"{OVER_CONTROL:g} times the rounded model's divergence: weights are most likely broken there. "
            f"Silence says nothing about the tasks, and no verdict uses these figures. "
            f"The divergence is a lower bound: beyond the {_top_k(fidelity)} most likely tokens, all others count "
            f"together."
        ),
        sources=inputs.sources(EvalResult.STAGE),
    )


def _row(one: Fidelity, evidence: Evidence) -> tuple[Cell, ...]:
    return (
        word(arm_name(one.arm)),
        word(one.text),
        shown(evidence, one, "tokens", count),
        shown(evidence, one, "mean_kl_nats", lambda value: number(value, 2)),
        shown(evidence, one, "top1_agreement", share),
        word("raised", "bad") if one.absurd else word("silent"),
    )


def _top_k(fidelity: tuple[Fidelity, ...]) -> str:
    return count(min(one.top_k for one in fidelity))


def alarm_text(one: Fidelity) -> str:
    """Return a raised alarm as a sentence."""
    return (
        f"The alarm was raised for {arm_name(one.arm)}: its token probabilities diverge by "
        f"{number(one.mean_kl_nats, 2)} nats from the baseline's, and the most likely token is the same at "
        f"{share(one.top1_agreement)} of the positions. Its weights are most likely mapped wrongly."
    )


def not_scored(accuracy: EvalResult) -> str:
    """Return why AWQ has no scores; empty where it has them."""
    if accuracy.stopped is None:
        return ""
    raised = [alarm_text(one) for one in accuracy.fidelity if one.arm == GATED and one.absurd]
    return " ".join([*raised, "AWQ was not scored on the tasks."])
