"""The stage `bench`: the same load on every arm through the load client; a point is void unless all was delivered.

A void point is in the result without figures and with its reasons, and the stage's gate is not passed then. Every run
is kept beside the results until all points stand: after a kill, or after void points, only what is missing is made.
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from eval.arms.identity import weights_that_matter
from eval.arms.probes import arms_problems
from eval.arms.setup import EngineSetup
from eval.bench.arm_assessor import assessed
from eval.bench.arm_plan import ArmPlans, config_of
from eval.bench.arm_runs import ArmRuns
from eval.bench.arm_soak import ArmSoaks
from eval.bench.dummy_weights import DummyWeights
from eval.bench.endpoint_arms import endpoint_arms, endpoint_problems
from eval.bench.load.calibration import known_or_measured
from eval.bench.load.ceiling import Calibration
from eval.bench.load.client import LoadClient
from eval.bench.load.endpoint_result import PromptsFile
from eval.bench.load.own_prompts import FilePrompts
from eval.bench.load.prompt_lines import content_of, lines_of
from eval.bench.load.prompts import Prompts
from eval.bench.load.result import ThroughputOver
from eval.bench.measurement import LoadMeasurement
from eval.bench.metrics import metrics_of
from eval.bench.planned import ArmPlan
from eval.bench.points import LevelRuns, point_of, throughput_over, token_difference, void_point
from eval.bench.recipe_load import limits_of, made_prompts, prompts_of
from eval.bench.result import ArmLoad, BenchResult
from eval.bench.resume import KeptRuns
from eval.bench.setup import bench_setup
from eval.bench.sweep import Sweep
from pipeline.base.commands import command
from pipeline.base.errors import AwqctlError, UsageError
from pipeline.base.phrase import phrase, phrase_of
from pipeline.base.results import Gate
from pipeline.base.sentences.stored import ENGLISH, StoredSentences
from pipeline.catalogue.corrections import read_corrections
from pipeline.engines.probes import PROBES as ENGINE_PROBES
from pipeline.engines.vllm import engine_arguments
from pipeline.hardware.health.selection import used_by
from pipeline.plan.corrections import Corrections
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import with_engine
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.health import ENGINE_HEALTH
from pipeline.record.preflight import Effort, Probe, Prospect
from pipeline.record.record import RunRecord, StageOutcome
from pipeline.record.stage import SECTION, Need, Stage, outputs, sections
from pipeline.runtimes.loadgen import ensure_loadgen
from pipeline.runtimes.logs import new_log
from pipeline.runtimes.store import EXTERNAL


def run(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
    """Measure throughput, latency and memory of the recipe's arms at every concurrency."""
    dummy, setup = bench_setup(recipe, context, record)
    client = LoadClient(ensure_loadgen(context.home, context.reporter))
    return benchmark(setup, client, recipe, context, dummy=dummy)


def benchmark(
    setup: EngineSetup, client: LoadClient, recipe: Recipe, context: RunContext, *, dummy: DummyWeights | None = None
) -> StageOutcome:
    """Measure the arms of a setup and publish what was found, void points with their reasons.

    Args:
        setup: with the arms.
        client: of the load.
        recipe: says how much load.
        context: of the run.
        dummy: what is to be said of the weights where they are made up.

    Raises:
        EngineError: an engine did not start, or died; runs that were made are kept for the next attempt.
        WorkerError: the client failed; the same.
    """
    arms = tuple(arm.name for arm in with_engine(recipe.benchmarked))
    for problem in endpoint_problems(recipe, context.recipe_dir):
        raise problem
    with context.staged("bench") as folder:
        with context.aside("calibration") as scratch:
            calibration = known_or_measured(client, context.home, scratch, context.reporter)
        measurement = LoadMeasurement(
            client=client,
            prompts=prompts_of(
                recipe.bench, setup.paths["baseline"], context.recipe_dir, trusted=setup.trust_remote_code
            ),
            ceiling_tokens_per_s=calibration.usable_ceiling,
            results=folder,
            log=new_log(context.logs / "bench-client.log"),
            gpus=used_by(recipe.engine.workers, setup.accelerator),
        )
        kept = KeptRuns(context.resume("bench"), folder, readable=setup.runtime.digest != EXTERNAL)
        runs = {arm: _runs(arm, setup, measurement, kept, recipe, context) for arm in arms}
        sweep = Sweep(runs, setup, recipe, context)
        sweep.run()
        result = _result(arms, sweep, measurement, calibration, setup, recipe)
        result = result.model_copy(update={"dummy_weights": dummy})
        result = assessed(result, setup, recipe, context.machine, measurement.answers)
        held = _of_made_prompts(measurement, setup)
        soaks = ArmSoaks(held, kept, setup, recipe, context, _machine(context, client)).run(result)
        servers = endpoint_arms(recipe, context, client, measurement.prompts, folder)
        result = result.model_copy(
            update={
                "soaks": (*soaks, *(soak for _, soak in servers if soak)),
                "prompts": _file(measurement.prompts),
                "endpoints": tuple(arm for arm, _ in servers),
            }
        )
        result = result.model_copy(update={"plans": _plans(result, setup, recipe, context)})
        (folder / "results.json").write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")
    if not result.void_loads and not result.void_soaks:
        context.forget("bench")
    return StageOutcome(
        metrics=metrics_of(result),
        gates=(_gate(result), *_soak_gate(result)),
        artifacts={"results": "bench/results.json"}
        | {f"{arm.name} runs": f"bench/{arm.name}" for arm in recipe.benchmarked},
        result=result,
    )


def _plans(result: BenchResult, setup: EngineSetup, recipe: Recipe, context: RunContext) -> tuple[ArmPlan, ...]:
    """Return what the plan says of each arm; a file of corrections that cannot be read is said, and not used."""
    try:
        corrections = read_corrections()
    except UsageError as problem:
        context.reporter.warn(f"{problem.message} The plan is compared without corrections.")
        corrections = Corrections()
    plans = ArmPlans(
        recipe.model.source, recipe.engine, context.machine, corrections, on_cpu=setup.accelerator == "cpu"
    )

    def of(load: ArmLoad) -> ArmPlan:
        weights = setup.weights[load.arm]
        return plans.of(result, load, config_of(weights.path), fp8=weights.online)

    return tuple(map(of, result.arms))


def _of_made_prompts(measurement: LoadMeasurement, setup: EngineSetup) -> LoadMeasurement:
    """Return a measurement for loads of minutes, which take more prompts than a client's file has."""
    if not isinstance(measurement.prompts, FilePrompts):
        return measurement
    return replace(measurement, prompts=made_prompts(setup.paths["baseline"], trusted=setup.trust_remote_code))


def _file(prompts: Prompts) -> PromptsFile | None:
    return prompts.described if isinstance(prompts, FilePrompts) else None


def _runs(
    arm: str, setup: EngineSetup, measurement: LoadMeasurement, kept: KeptRuns, recipe: Recipe, context: RunContext
) -> ArmRuns:
    (measurement.results / arm).mkdir()
    return ArmRuns(
        arm=arm,
        settings=recipe.bench,
        measurement=measurement,
        kept=kept,
        depends_on=(setup.identity(arm), *_machine(context, measurement.client)),
        limits=limits_of(recipe.bench.limits),
        reporter=context.reporter,
    )


def _machine(context: RunContext, client: LoadClient) -> tuple[str, ...]:
    """Return what names the machine and the client on it."""
    machine = context.machine
    gpus = (gpu.name for gpu in machine.cuda_gpus)
    return (machine.cpu, str(machine.cores), *gpus, client.version, client.runtime.digest)


def _result(
    arms: tuple[str, ...],
    sweep: Sweep,
    measurement: LoadMeasurement,
    calibration: Calibration,
    setup: EngineSetup,
    recipe: Recipe,
) -> BenchResult:
    levels = [level for arm in arms for level in sweep.levels(arm)]
    over = throughput_over(levels)
    return BenchResult(
        arms=tuple(_load(sweep.load(arm), sweep.levels(arm), over, measurement) for arm in arms),
        input_tokens=recipe.bench.input_tokens,
        output_tokens=recipe.bench.output_tokens,
        repeats=recipe.bench.first_repeats,
        engine_version=f"{setup.runtime.name} {sweep.load(arms[0]).engine_version}",
        engine_arguments=engine_arguments(recipe.engine),
        throughput_over=over,
        counter_disagreement=token_difference(levels),
        calibration=calibration,
        changed_limits=recipe.bench.limits.changed(),
        fair=sweep.fair(),
    )


def _load(load: ArmLoad, levels: tuple[LevelRuns, ...], over: ThroughputOver, measurement: LoadMeasurement) -> ArmLoad:
    points = tuple(point_of(level, over, measurement.pooled(level.valid)) for level in levels if not level.void)
    void = tuple(void_point(level) for level in levels if level.void)
    return load.model_copy(update={"points": points, "void_points": void})


def _gate(result: BenchResult) -> Gate:
    say, void, points = StoredSentences, result.void_loads, str(result.loads)
    said = phrase(say.points_stand, points=points)
    if void:
        said = phrase_of(say.points_void, void, void=str(len(void)), points=points, command=command("bench"))
    return Gate(
        name="measurements of speed stand",
        passed=not void,
        about="measurement",
        statement=ENGLISH.text(said),
        said=said,
    )


def _soak_gate(result: BenchResult) -> Iterator[Gate]:
    """Yield whether the soaks that were made stand."""
    if not result.soaks:
        return
    say, void, said = StoredSentences, result.void_soaks, phrase(StoredSentences.soaks_stand)
    if void:
        arms = [phrase_of(say.void_arm, soak.phrases, arm=str(soak.arm)) for soak in void]
        amounts = str(len(void)), str(len(result.soaks))
        said = phrase_of(say.soaks_void, arms, void=amounts[0], soaks=amounts[1], command=command("bench"))
    yield Gate(name="soaks stand", passed=not void, about="measurement", statement=ENGLISH.text(said), said=said)


def _void(_out: Path, result: BenchResult) -> str | None:
    """Return why a result with void points or soaks does not hold."""
    counts = {"points": len(result.void_loads), "soaks": len(result.void_soaks)}
    return next((f"{count} {name} are void" for name, count in counts.items() if count), None)


def _settings(recipe: Recipe) -> dict[str, object]:
    measured = [arm.model_dump(mode="json") for arm in recipe.benchmarked]
    return {**sections("engine", "bench")(recipe), f"{SECTION}arms": measured}


def _prompts_file(recipe: Recipe, context: RunContext, _record: RunRecord) -> str | None:
    """Return what tells a change of the client's own prompts; None without, or where they cannot be read."""
    if recipe.bench.prompts is None:
        return None
    with suppress(OSError):
        return hashlib.sha256((context.recipe_dir / recipe.bench.prompts).read_bytes()).hexdigest()
    return None


def _arms(prospect: Prospect) -> Iterator[AwqctlError]:
    yield from arms_problems(prospect, prospect.recipe.bench.arms)
    yield from endpoint_problems(prospect.recipe, prospect.context.recipe_dir)


def _prompts(prospect: Prospect) -> Iterator[AwqctlError]:
    """Yield what is wrong with the client's own prompts, which are read when the engine is about to start."""
    settings = prospect.recipe.bench
    if settings.prompts is None:
        return
    path = prospect.context.recipe_dir / settings.prompts
    try:
        lines_of(path, content_of(path), answered=settings.multi_turn)
    except AwqctlError as problem:
        yield problem


STAGE = Stage(
    run=run,
    result=BenchResult,
    settings=_settings,
    needs=(Need(QuantizeResult, weights_that_matter, unless=lambda recipe: recipe.bench.dummy_weights),),
    engines=lambda _recipe: ("vllm",),
    files={"the prompts": _prompts_file},
    takes_engine=True,
    takes_dummies=True,
    outputs=outputs("bench/results.json"),
    probes=(
        Probe("prompts", _prompts, Effort.FILES, "The prompts of bench.prompts, if there are any, can be read."),
        Probe("arms", _arms, Effort.SECONDS, "This machine can run every arm.", of_machine=True),
        *ENGINE_PROBES,
    ),
    health=ENGINE_HEALTH,
    disagreement=_void,
)
