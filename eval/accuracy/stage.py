"""The stage `eval`: the recipe's tasks on the baseline and every other arm, with the same engine settings.

1. lm-eval says what it knows: unknown tasks and metrics, code that would be executed, how many items there are.
2. What these items can show is held against the margins, and their text against the calibration text.
3. The baseline's token probabilities on held-out text are taken, then every arm's: the alarm.
4. AWQ and the other arms answer the tasks, then the baseline, and the baseline again for the noise floor.
5. Each arm is compared with the baseline item by item, and AWQ's losses are judged.
"""

from eval.accuracy.judging import Measured, gates_of, result_of, stopped_result
from eval.accuracy.measuring import Measuring
from eval.accuracy.metrics import metrics_of
from eval.accuracy.overlap import OverlapResult, overlap, overlap_warnings, read_documents
from eval.accuracy.preparing import Prepared, lm_eval_worker, prepare
from eval.accuracy.resolution import resolution_warnings, resolutions
from eval.accuracy.result import AGAIN, BASELINE, GATED, EvalResult
from eval.arms.variants import Bed, arms_of, measurement_bed
from pipeline.quantize.calibration import calibration_texts, load_tokenizer, read_calibration
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord, StageOutcome
from pipeline.report.card.card_refresh import refresh_card


def run(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
    """Score every arm on every task and judge AWQ's losses against the recipe's margins."""
    arms = arms_of(recipe)
    bed = measurement_bed(recipe, context, record, arms, batch_invariant=recipe.eval.batch_invariant)
    with context.staged("eval") as folder, lm_eval_worker(context, bed.api_key) as worker:
        prepared = prepare(worker, recipe, context, bed.paths[BASELINE])
        for text in resolution_warnings(resolutions(recipe.eval, prepared.counted, earlier_result(recipe, record))):
            context.reporter.warn(text)
        found = _overlap_with_calibration(prepared, context, bed)
        measuring = Measuring(worker, bed, recipe, context, folder, prepared)
        measuring.prepare_alarm()
        # The baseline last: an AWQ checkpoint that the alarm stops has then cost no more than it had to.
        order = [*(arm for arm in arms if arm != BASELINE), BASELINE, *((AGAIN,) if recipe.eval.noise_floor else ())]
        result = _result(measuring, arms, order, found)
        (folder / "results.json").write_text(result.model_dump_json(indent=2) + "\n")
    measuring.forget_others()
    refresh_card(context, record, result)
    return StageOutcome(
        metrics=metrics_of(result),
        gates=gates_of(result),
        artifacts={"results": "eval/results.json"} | _samples(result, order),
        parameters={f"engine.{name}": value for name, value in result.engine_settings.items()},
        payload=result.model_dump(mode="json"),
    )


def _result(measuring: Measuring, arms: tuple[str, ...], order: list[str], found: OverlapResult | None) -> EvalResult:
    """Measure the arms in order, until the alarm stops it."""
    measured: dict[str, Measured] = {}
    for place, arm in enumerate(order, 1):
        measured[arm] = measuring.measure(arm, f"{place} of {len(order)}")
        if measuring.stopped is not None:
            return stopped_result(
                measuring.recipe, measured[GATED], tuple(measuring.fidelities), measuring.stopped, found
            )
    by_arm = {arm: measured[arm] for arm in (*arms, *order[len(arms) :])}
    return result_of(measuring.recipe, by_arm, found, tuple(measuring.fidelities))


def _samples(result: EvalResult, order: list[str]) -> dict[str, str]:
    return {} if result.stopped else {f"{arm} samples": f"eval/{arm}" for arm in order}


def earlier_result(recipe: Recipe, record: RunRecord) -> EvalResult | None:
    """Return what an earlier evaluation of this model found; None where there is none that this version reads."""
    before = record.stages.get("eval")
    if before is None or not before.usable or record.recipe.model != recipe.model:
        return None
    try:
        return before.payload_as(EvalResult)
    except ValueError:
        return None


def _overlap_with_calibration(prepared: Prepared, context: RunContext, bed: Bed) -> OverlapResult:
    """Return which items stand in the calibration text; say so before hours are spent on them."""
    stored = read_calibration(context.out / "quantize" / "calibration.json")
    tokenizer = load_tokenizer(bed.paths[BASELINE], trust_remote_code=bed.trust_remote_code)
    found = overlap(calibration_texts(stored, tokenizer), read_documents(prepared.documents))
    prepared.documents.unlink()
    for text in overlap_warnings(found):
        context.reporter.warn(text)
    return found
