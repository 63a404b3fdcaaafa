"""What a ranking knows of a recipe's run, from its record."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from eval.bench.arguments import PARALLEL, options_of, workers_of
from eval.bench.arm_crossover import goodput_runs
from eval.bench.comparison import deciding_repeats
from eval.bench.load.result import ThroughputOver
from eval.bench.rank.entry import Entry, Level
from eval.bench.rank.stated import catalogue_watts, price_of
from eval.bench.result import ArmLoad, BenchResult, LoadPoint
from pipeline.base.nested import flatten
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import AWQ, BASELINE, RTN
from pipeline.record.record import RunRecord, StageResult

_OF_ANOTHER_RUN = (
    *("arms", "concurrency", "open_loop", "seed", "limits", "service_level", "soak"),
    *("repeats", "order", "precision", "max_repeats", "budget_minutes", "reuse_engine"),
)
"""Keys of the section `bench` that do not say what is asked of an engine at one concurrency."""
_CHOSEN_BY_THE_ENGINE = ("attention_backend", "enable_prefix_caching", "enable_chunked_prefill")
"""Settings that it chooses by the hardware, unless an argument says otherwise, which is compared itself."""
_OF_THE_MACHINE = tuple(name for names in PARALLEL for name in names)


def of_record(name: str, record: RunRecord, arm: str, over: ThroughputOver, usd_per_hour: float | None) -> Entry:
    """Return one arm of a recipe's run.

    Args:
        name: of the run.
        record: of the run.
        arm: that is ranked.
        over: what throughputs are over; the steady state only where all runs have one.
        usd_per_hour: price of its machine; None for the recipe's or the catalogue's.
    """
    bench, stage = record.result(BenchResult), record.done(BenchResult.STAGE)
    load, arguments = bench.of(arm), options_of(bench.engine_arguments)
    machine = stage.environment.machine
    names = {gpu.name for gpu in machine.cuda_gpus}
    gpus = 0 if stage.environment.accelerator == "cpu" else workers_of(arguments)
    gpu = next(iter(names)) if gpus and len(names) == 1 else None
    return Entry(
        name=name,
        settings=dict(_settings(record, stage, bench, load, arguments)) | {"throughput over": over},
        circumstances=dict(_circumstances(stage, load, arguments)),
        levels={point.concurrency: _level(point, bench.throughput_over, over) for point in load.points},
        void={point.concurrency: point.reasons for point in load.void_points},
        service_level=_service_level(bench),
        deciding_repeats=deciding_repeats(bench),
        gpus=gpus,
        usd_per_hour=price_of(record, gpu, gpus, usd_per_hour),
        rated_watts=catalogue_watts(gpu, gpus),
    )


def _settings(
    record: RunRecord, stage: StageResult, bench: BenchResult, load: ArmLoad, arguments: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    yield "model", _model(record)
    yield "arm", load.arm
    yield from _weights(record, stage, load.arm)
    yield "engine", bench.engine_version
    yield "client", bench.calibration.client if bench.calibration else "of an earlier version"
    yield "dtype", load.dtype
    if "kv_cache_dtype" in load.settings:
        yield "KV cache dtype", load.settings["kv_cache_dtype"]
    for option, value in arguments.items():
        if option not in (*_OF_THE_MACHINE, "dtype"):
            yield f"engine {option}", value
    for key, value in flatten(stage.inputs.get("recipe.bench") or {}):
        if key.partition(".")[0] not in _OF_ANOTHER_RUN:
            # The same file may lie elsewhere on another machine, and another one under the same name.
            yield key, bench.prompts.sha256 if key == "prompts" and bench.prompts else str(value)
    if bench.dummy_weights is not None:
        yield "made up with groups of", str(bench.dummy_weights.group_size)


def _model(record: RunRecord) -> str:
    """Return the source of the model; of a folder the last part, since it may lie anywhere on another machine."""
    model = record.recipe.get("model") or {}
    source = str(model.get("source", "unknown"))
    local = source.startswith(("/", ".", "~"))
    return Path(source).name if local else "@".join(filter(None, (source, model.get("revision"))))


def _weights(record: RunRecord, stage: StageResult, arm: str) -> Iterator[tuple[str, str]]:
    """Return what the speed of an arm's weights depends on beside the model."""
    made = record.find(QuantizeResult)
    if made is None:
        return
    yield "parameters", str(made.parameters)
    if arm in (AWQ, RTN):
        yield "bits", str(made.bits)
        yield "group_size", str(made.group_size)
        yield "format", made.format
    elif arm != BASELINE:
        arms = {one["name"]: one for one in stage.inputs.get("recipe.arms") or () if isinstance(one, dict)}
        given = arms.get(arm) or {}
        made_up = given.get("kind") == "dummy"
        yield "checkpoint", f"dummy weights, {given.get('quantization')}" if made_up else str(given.get("checkpoint"))
        if made_up and given.get("quantization") == AWQ:
            yield "group_size", str(made.group_size)


def _circumstances(stage: StageResult, load: ArmLoad, arguments: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    environment, machine = stage.environment, stage.environment.machine
    kinds = Counter(gpu.name for gpu in machine.cuda_gpus)
    yield "GPUs", ", ".join(f"{amount} x {name}" for name, amount in kinds.items()) or "none"
    yield "driver", ", ".join(dict.fromkeys(gpu.driver or "unknown" for gpu in machine.cuda_gpus)) or "none"
    yield "processor", f"{machine.cpu}, {machine.cores} cores"
    yield "memory", f"{machine.memory_gib:.0f} GiB"
    yield "system", machine.platform
    yield "kernel", load.kernel
    for name in _CHOSEN_BY_THE_ENGINE:
        if name in load.settings:
            yield name.replace("_", " "), load.settings[name]
    for option in _OF_THE_MACHINE:
        if option in arguments:
            yield f"engine {option}", arguments[option]
    for key, value in flatten((stage.inputs.get("recipe.bench") or {}).get("limits") or {}):
        yield f"limit {key}", str(value)
    yield "KV cache tokens", str(load.memory.kv_cache_tokens)
    yield "awqctl", environment.awqctl
    yield "measured on", stage.started_at[:10]


def _service_level(bench: BenchResult) -> str | None:
    if bench.service_level is None:
        return None
    given = bench.service_level.model_dump(exclude_none=True)
    return ", ".join(f"{name} {value:g}" for name, value in given.items())


def _level(point: LoadPoint, measured_over: ThroughputOver, over: ThroughputOver) -> Level:
    runs = point.output_tokens_per_s_runs or (point.output_tokens_per_s,)
    if measured_over != over:
        runs = tuple(run.figures.output_tokens_per_s(over) for run in point.runs if run.figures)
    median = point.tpot.p50_ms
    return Level(
        concurrency=point.concurrency,
        output_tokens_per_s_runs=runs,
        goodput_tokens_per_s_runs=tuple(run.output_tokens_per_s for run in goodput_runs(point)),
        tokens_per_joule_runs=_per_joule(point),
        tpot_p50_ms_runs=point.tpot.p50_ms_runs or (() if median is None else (median,)),
        ttft_p95_ms=point.ttft.p95_ms,
        tpot_p95_ms=point.tpot.p95_ms,
        overloaded=point.overloaded,
    )


def _per_joule(point: LoadPoint) -> tuple[float, ...]:
    """Return the tokens per joule of each run; nothing unless the energy of all that stand was measured."""
    energies = [run.health.joules_per_output_token if run.health else None for run in point.valid]
    found = tuple(1 / joules for joules in energies if joules)
    return found if len(found) == len(energies) else ()
