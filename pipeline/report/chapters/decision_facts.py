"""What a run knows of AWQ and FP8, as the recommendation is decided from."""

from collections.abc import Sequence

from eval.accuracy.result import GATED, EvalResult, TaskScore
from eval.bench.comparison import speed_ratios
from eval.bench.result import BenchResult
from pipeline.recipe.arms import AWQ, BASELINE, of_kind
from pipeline.report.acceptance.judge import ClauseJudgement, acceptance_of
from pipeline.report.decision import ArmFacts, Better, Decided, Money, Outcome, Speed, decide
from pipeline.report.inputs import Inputs
from pipeline.roi.result import ArmCost, RoiResult
from serve.result import ServeResult


def decision_of(inputs: Inputs) -> Decided:
    """Return the one recommendation of a run."""
    name = fp8_arm(inputs)
    fp8 = None if name is None else fp8_facts(name, inputs)
    better = "not decided" if name is None else better_of(name, inputs)
    return decide(awq_facts(inputs), fp8, better, dummy=inputs.has_dummies)


def awq_facts(inputs: Inputs) -> ArmFacts:
    """Return what is known of the AWQ checkpoint."""
    made = _facts(AWQ, inputs)
    failed = any(stage == "quantize" and not gate.passed for stage, gate in inputs.gates)
    return ArmFacts(
        accuracy=made.accuracy,
        speed=made.speed,
        money=made.money,
        checkpoint="failed" if failed else "passed",
        endpoint=_endpoint(inputs),
        acceptance=tuple(one.outcome for one in clauses_that_count(inputs)),
    )


def clauses_that_count(inputs: Inputs) -> tuple[ClauseJudgement, ...]:
    """Return the clauses of the acceptance that can hold a deployment back: those that must pass, and what failed."""
    found = acceptance_of(inputs)
    return tuple(one for one in found.clauses if one.required or one.outcome == "failed") if found else ()


def fp8_facts(name: str, inputs: Inputs) -> ArmFacts:
    """Return what is known of the FP8 arm: it has no files of its own to audit, and no endpoint was tried with it."""
    return _facts(name, inputs)


def fp8_arm(inputs: Inputs) -> str | None:
    """Return the name of the arm that the engine casts to FP8; None where none was benchmarked or scored."""
    for arm in of_kind(inputs.recipe.arms, "fp8"):
        fast = inputs.has(BenchResult) and inputs.load.has_arms(arm.name)
        scored = inputs.has(EvalResult) and bool(inputs.accuracy.of(arm.name))
        if fast or scored:
            return arm.name
    return None


def better_of(fp8: str, inputs: Inputs) -> Better:
    """Return which of AWQ and FP8 is shown to cost less; where they cost the same, which is faster throughout."""
    if not inputs.has(RoiResult) or not {AWQ, fp8} <= {one.arm for one in inputs.costs.arms}:
        return "not decided"
    awq, other = (inputs.costs.of(arm) for arm in (AWQ, fp8))
    if _same(awq, other):
        return _faster(fp8, inputs)
    if _dearer(other, awq):
        return "AWQ"
    return "FP8" if _dearer(awq, other) else "not decided"


def _faster(fp8: str, inputs: Inputs) -> Better:
    found = {one.direction for one in speed_ratios(inputs.load, arm=AWQ, reference=fp8)}
    if found == {"faster"}:
        return "AWQ"
    return "FP8" if found == {"slower"} else "not decided"


def _same(one: ArmCost, other: ArmCost) -> bool:
    """Return whether two arms cost the same and can cost nothing else: those of whole machines often do."""
    ends = {end for arm in (one, other) for end in (arm.monthly_usd.low, arm.monthly_usd.high)}
    return len(ends) == 1 and None not in ends


def _dearer(one: ArmCost, other: ArmCost) -> bool:
    lowest, highest = one.monthly_usd.low, other.monthly_usd.high
    return lowest is not None and highest is not None and lowest > highest


def _facts(arm: str, inputs: Inputs) -> ArmFacts:
    return ArmFacts(accuracy=_accuracy(arm, inputs), speed=_speed(arm, inputs), money=_money(arm, inputs))


def _accuracy(arm: str, inputs: Inputs) -> Outcome:
    """Return the verdict on an arm by the margins that were agreed for AWQ."""
    if not inputs.has(EvalResult):
        return "not measured"
    if arm == GATED and inputs.accuracy.stopped is not None:
        return "failed"
    return _verdict(inputs.accuracy.of(arm))


def _verdict(rows: Sequence[TaskScore]) -> Outcome:
    found = {row.verdict for row in rows}
    if not found:
        return "not measured"
    if "fail" in found:
        return "failed"
    return "passed" if found == {"pass"} else "not decided"


def _speed(arm: str, inputs: Inputs) -> Speed:
    if not inputs.has(BenchResult) or not inputs.load.has_arms(BASELINE, arm):
        return "not measured"
    stands = inputs.load.has_points(BASELINE, arm) and not any(map(inputs.load.only_overload, (BASELINE, arm)))
    return "compared" if stands else "void"


def _money(arm: str, inputs: Inputs) -> Money:
    priced = inputs.has(RoiResult) and any(one.arm == arm for one in inputs.costs.comparisons)
    return inputs.costs.saving(arm).decision if priced else "not priced"


def _endpoint(inputs: Inputs) -> Outcome:
    if not inputs.has(ServeResult):
        return "not measured"
    return "passed" if all(check.passed for check in inputs.endpoint.checks) else "failed"
