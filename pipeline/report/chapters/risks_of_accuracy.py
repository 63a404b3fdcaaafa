"""Risks of accuracy: what the scores do not decide, and what the weights were made from."""

from collections.abc import Iterator

from eval.accuracy.result import EvalResult
from pipeline.quantize.result import QuantizeResult
from pipeline.report.chapters.accuracy_finding import by_verdict, named
from pipeline.report.inputs import Inputs
from pipeline.report.risk import Risk, awqctl

_IN_RECORD = "record.json#/"
_SCORES = "eval/results.json#/"


def accuracy_risks(inputs: Inputs) -> Iterator[Risk]:
    """Yield the risks of accuracy."""
    say, name = inputs.say.risks, inputs.recipe.name
    if inputs.has_dummies:
        yield Risk("high", say.dummy_weights, say.measure_model, f"{_IN_RECORD}recipe/bench/dummy_weights")
        return
    if not inputs.has(EvalResult):
        yield Risk("high", say.no_accuracy, say.run(awqctl("eval", name)), f"{_IN_RECORD}stages")
    else:
        yield from _of_scores(inputs)
    if inputs.has(QuantizeResult):
        yield from _of_weights(inputs)


def _of_scores(inputs: Inputs) -> Iterator[Risk]:
    say, accuracy, name = inputs.say.risks, inputs.accuracy, inputs.recipe.name
    again = say.quantize_again(awqctl("quantize", name))
    if accuracy.stopped is not None:
        yield Risk("high", say.not_scored, again, f"{_SCORES}stopped")
        return
    failed, undecided = (by_verdict(accuracy.gated, verdict) for verdict in ("fail", "inconclusive"))
    if failed:
        yield Risk("high", say.accuracy_failed(named(failed, say)), again, f"{_SCORES}tasks")
    if undecided:
        more = say.more_items(awqctl("eval", name))
        yield Risk("high", say.accuracy_open(named(undecided, say)), more, f"{_SCORES}tasks")
    own = {task.name for task in inputs.recipe.eval.all_tasks if task.questions is not None}
    if not own & {row.task for row in accuracy.gated}:
        text = say.other_tasks(named(accuracy.gated, say))
        yield Risk("medium", text, say.own_questions(awqctl("eval", name)), f"{_IN_RECORD}recipe/eval/tasks")


def _of_weights(inputs: Inputs) -> Iterator[Risk]:
    say, name, payload = inputs.say.risks, inputs.recipe.name, f"{_IN_RECORD}stages/quantize/payload/"
    made = inputs.quantize
    if any(stage == "quantize" and not gate.passed for stage, gate in inputs.gates):
        again = say.quantize_again(awqctl("quantize", name))
        yield Risk("high", say.failed_audit, again, f"{_IN_RECORD}stages/quantize/gates")
    packaged = made.calibration_source.startswith("packaged:")
    yield Risk(
        "medium" if packaged else "low",
        say.calibrated_on(made.calibration_source),
        say.own_calibration(awqctl("quantize", name)),
        f"{payload}calibration_source",
    )
    if made.licence == "unknown":
        yield Risk("high", say.no_licence, say.find_licence, f"{payload}licence")
    else:
        yield Risk("low", say.licence(made.licence), say.read_licence, f"{payload}licence")
    if made.code_digest is not None:
        commit = made.source_commit or made.code_digest
        yield Risk("medium", say.foreign_code(commit), say.read_code, f"{payload}code_digest")
