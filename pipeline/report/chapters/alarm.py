"""The alarm on token probabilities: it finds broken weights, and judges nothing."""

from eval.accuracy.result import GATED, EvalResult
from eval.alarm.fidelity import OVER_CONTROL
from eval.alarm.result import Fidelity
from pipeline.base.format import count, number, share
from pipeline.recipe.arms import arm_name
from pipeline.recipe.eval import Alarm
from pipeline.report.cells import figure, numbers, word, words
from pipeline.report.document import Cell, Table


def alarm_table(fidelity: tuple[Fidelity, ...], limits: Alarm, sources: tuple[str, ...]) -> Table:
    """Return per arm how far its token probabilities are from the baseline's."""
    return Table(
        id="accuracy-alarm",
        title="Alarm on token probabilities (not the verdict)",
        columns=(
            *words("Arm", "Held-out text"),
            *numbers("Tokens", "Mean KL divergence, nats", "Same most likely token"),
            *words("Alarm"),
        ),
        rows=tuple(_row(one) for one in fidelity),
        origin="measured",
        note=(
            f"It is raised above {limits.max_kl:g} nats or below {share(limits.min_top1)} agreement, and for AWQ above "
            f"{OVER_CONTROL:g} times the rounded model's divergence: weights are most likely broken there. "
            f"Silence says nothing about the tasks, and no verdict uses these figures. "
            f"The divergence is a lower bound: beyond the {_top_k(fidelity)} most likely tokens, all others count "
            f"together."
        ),
        sources=sources,
    )


def _row(one: Fidelity) -> tuple[Cell, ...]:
    return (
        word(arm_name(one.arm)),
        word(one.text),
        figure(one.tokens, count),
        figure(one.mean_kl_nats, lambda value: number(value, 2)),
        figure(one.top1_agreement, share),
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
