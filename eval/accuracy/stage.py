"""The stage `eval`: the recipe's tasks on the baseline and every other arm, with the same engine settings.

1. lm-eval says what it knows: unknown tasks and metrics, code that would be executed, how many items there are.
2. What these items can show is held against the margins, and their text against the calibration text.
3. The baseline answers the tasks, after its token probabilities on held-out text were taken; then the control.
4. AWQ's token probabilities are held against theirs (the alarm) before it answers the same tasks; then the other arms,
   and the baseline again for the noise floor. Each arm takes one start of its engine, or none where all is stored.
5. Each arm is compared with the baseline item by item, and AWQ's losses are judged.
"""

from eval.accuracy.judgement import Measured, gates_of, result_of, stopped_result
from eval.accuracy.measurement import Measurement
from eval.accuracy.metrics import metrics_of
from eval.accuracy.overlap import OverlapResult, overlap, overlap_warnings, read_documents
from eval.accuracy.preparation import Prepared, lm_eval_worker, prepare
from eval.accuracy.probes import PROBES
from eval.accuracy.questions import questions_identity
from eval.accuracy.resolution import resolution_warnings, resolutions
from eval.accuracy.result import AGAIN, BASELINE, GATED, EvalResult
from eval.accuracy.tasks import task_folders
from eval.alarm.probe import alarm_file
from eval.arms.identity import ARMS, identify_checkpoints, weights_that_matter
from eval.arms.setup import EngineSetup, engine_setup
from pipeline.base.identity import file_identity, folder_identity
from pipeline.engines.probes import PROBES as ENGINE_PROBES
from pipeline.quantize.calibration import calibration_texts, load_tokenizer, read_calibration
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import of_kind, with_weights
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.health import ENGINE_HEALTH
from pipeline.record.record import RunRecord, StageOutcome
from pipeline.record.stage import Need, Stage, outputs, sections


def run(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
    """Score every arm on every task and judge AWQ's losses against the recipe's margins."""
    arms = tuple(arm.name for arm in with_weights(recipe.arms))
    setup = engine_setup(recipe, context, record, arms, batch_invariant=recipe.eval.batch_invariant)
    with (
        context.staged("eval") as folder,
        context.aside("tasks") as tasks,
        lm_eval_worker(context, setup.api_key) as worker,
    ):
        prepared = prepare(worker, recipe, context, setup.paths[BASELINE], tasks)
        for text in resolution_warnings(resolutions(recipe.eval, prepared.counted, earlier_result(recipe, record))):
            context.reporter.warn(text)
        found = _overlap_with_calibration(prepared, context, setup)
        measurement = Measurement(worker, setup, recipe, context, folder, prepared)
        measurement.prepare_alarm()
        controls = [arm.name for arm in of_kind(recipe.arms, "rtn")]
        first = [BASELINE, *controls, GATED]
        others = [arm for arm in arms if arm not in first]
        order = [*first, *others, *((AGAIN,) if recipe.eval.noise_floor else ())]
        result = _result(measurement, arms, order, found)
        (folder / "results.json").write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")
    measurement.forget_others()
    return StageOutcome(
        metrics=metrics_of(result),
        gates=gates_of(result),
        artifacts={"results": "eval/results.json"} | _samples(result, order),
        parameters={f"engine.{name}": value for name, value in result.engine_settings.items()},
        result=result,
    )


def _result(
    measurement: Measurement, arms: tuple[str, ...], order: list[str], found: OverlapResult | None
) -> EvalResult:
    """Measure the arms in order, until the alarm stops it."""
    measured: dict[str, Measured] = {}
    for place, arm in enumerate(order, 1):
        measured[arm] = measurement.measure(arm, f"{place} of {len(order)}")
        if measurement.stopped is not None:
            return stopped_result(
                measurement.recipe, measured[GATED], tuple(measurement.fidelities), measurement.stopped, found
            )
    by_arm = {arm: measured[arm] for arm in sorted(order, key=[*arms, AGAIN].index)}
    return result_of(measurement.recipe, by_arm, found, tuple(measurement.fidelities))


def _samples(result: EvalResult, order: list[str]) -> dict[str, str]:
    return {} if result.stopped else {f"{arm} samples": f"eval/{arm}" for arm in order}


def earlier_result(recipe: Recipe, record: RunRecord) -> EvalResult | None:
    """Return what an earlier evaluation of this model found; None where there is none that this version reads."""
    if record.recipe["model"] != recipe.model.model_dump(mode="json"):
        return None
    return record.find(EvalResult)


def _overlap_with_calibration(prepared: Prepared, context: RunContext, setup: EngineSetup) -> OverlapResult:
    """Return which items stand in the calibration text; say so before hours are spent on them."""
    stored = read_calibration(context.out / "quantize" / "calibration.json")
    tokenizer = load_tokenizer(setup.paths[BASELINE], trust_remote_code=setup.trust_remote_code)
    found = overlap(calibration_texts(stored, tokenizer), read_documents(prepared.documents))
    for text in overlap_warnings(found):
        context.reporter.warn(text)
    return found


def _identify_tasks(recipe: Recipe, context: RunContext, _record: RunRecord) -> str:
    folders = (folder_identity(folder) for folder in task_folders(recipe.eval, context.recipe_dir))
    return " ".join((*folders, questions_identity(recipe.eval.all_tasks, context.recipe_dir)))


def _identify_alarm_text(recipe: Recipe, context: RunContext, _record: RunRecord) -> str:
    text = recipe.eval.alarm.text
    return file_identity(alarm_file(text, context.recipe_dir)) if text else ""


def _identify_arms(recipe: Recipe, context: RunContext, record: RunRecord) -> str:
    """Return what names the recipe's own checkpoints now; what they were named before holds without the hub."""
    evaluated = record.stages.get(EvalResult.STAGE)
    return identify_checkpoints(recipe, context, str(evaluated.inputs.get(ARMS, "")) if evaluated else "")


STAGE = Stage(
    run=run,
    result=EvalResult,
    settings=sections("engine", "eval", "arms"),
    sections=("eval",),
    needs=(Need(QuantizeResult, lambda made: weights_that_matter(made) | {"control_digest": made.control_digest}),),
    engines=lambda _recipe: ("vllm",),
    takes_engine=True,
    files={"the task files": _identify_tasks, "the text of the alarm": _identify_alarm_text, ARMS: _identify_arms},
    outputs=outputs("eval/results.json"),
    probes=(*PROBES, *ENGINE_PROBES),
    health=ENGINE_HEALTH,
)
