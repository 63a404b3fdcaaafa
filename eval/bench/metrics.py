"""The figures of the stage `bench` as metrics of its MLflow run."""

from collections.abc import Iterator, Sequence

from eval.bench.crossover_metrics import crossover_metrics
from eval.bench.load.endpoint_result import EndpointArm, EndpointPoint
from eval.bench.load.result import Distribution
from eval.bench.plan_metrics import plan_metrics
from eval.bench.result import PERCENTILES, ArmLoad, BenchResult, Latency, LoadPoint
from eval.bench.runs import LoadRun
from eval.bench.soak.metrics import soak_metrics
from eval.statistics.repeats import geometric_mean
from pipeline.base.results import Metric

_RATES = (
    *("output_tokens_per_s", "output_tokens_per_s_min", "output_tokens_per_s_max"),
    *("total_tokens_per_s", "requests_per_s"),
)
_SECONDS_PER_MINUTE = 60
_LATENCIES = tuple(name for name, field in LoadPoint.model_fields.items() if field.annotation is Latency)


def metrics_of(result: BenchResult) -> tuple[Metric, ...]:
    """Return every figure that there is: an arm's are prefixed with its name; a load's have its concurrency as step.

    What comes at a rate has `open_loop` in its name, and the rate in requests per minute as step, which is a whole
    number.
    """
    metrics = [Metric(name="void_points", value=len(result.void_loads), origin="measured")]
    metrics += [Metric(name=name, value=value, origin="measured") for name, value in _of_all(result).items()]
    for load in result.arms:
        memory = load.memory
        metrics += [
            Metric(name=f"{load.arm}_weights_gib", value=memory.weights_gib, origin="measured"),
            Metric(name=f"{load.arm}_kv_cache_tokens", value=memory.kv_cache_tokens, origin="measured"),
            Metric(name=f"{load.arm}_max_concurrency", value=memory.max_concurrency, origin="measured"),
            Metric(name=f"{load.arm}_start_seconds", value=load.start_seconds, origin="measured"),
        ]
        metrics += [
            Metric(name=f"{load.arm}_{name}", value=value, step=point.concurrency, origin="measured")
            for point in load.points
            for name, value in _of_point(point).items()
        ]
    open_loops = (metric for load in result.arms for metric in _of_open_loops(load))
    of_servers = (metric for arm in result.endpoints for metric in _of_endpoint(arm))
    soaks = (metric for soak in result.soaks for metric in soak_metrics(soak))
    return (*metrics, *crossover_metrics(result), *open_loops, *soaks, *of_servers, *plan_metrics(result))


def _of_open_loops(load: ArmLoad) -> Iterator[Metric]:
    for loop in load.open_loop:
        if loop.run.figures is None:
            continue
        figures = loop.run.figures
        values: dict[str, float | None] = {
            "output_tokens_per_s": figures.whole_run_output_tokens_per_s,
            "requests_per_s": figures.requests_per_s,
            "peak_concurrency": loop.run.peak_concurrency,
            **_latencies({name: getattr(figures, f"{name}_ms") for name in _LATENCIES}),
            **_lengths([loop.run]),
        }
        yield from _at(f"{load.arm}_open_loop", values, loop.rate_per_s * _SECONDS_PER_MINUTE)


def _of_endpoint(arm: EndpointArm) -> Iterator[Metric]:
    """Yield the mean output rate over the runs at each concurrency, none where one is void; latencies of single runs.

    Requests of several runs at one concurrency were not put together, so that no percentile of theirs is known.
    """
    levels: dict[int, list[EndpointPoint]] = {}
    for point in arm.load.points:
        levels.setdefault(point.concurrency or 0, []).append(point)
    for level, points in levels.items():
        rates = [point.output_tokens_per_s for point in points]
        values: dict[str, float | None] = {}
        if all(rates):
            values["output_tokens_per_s"] = geometric_mean([one for one in rates if one])
        if len(points) == 1:
            values |= _latencies({name: getattr(points[0], f"{name}_ms") for name in _LATENCIES})
        yield from _at(arm.arm, values, level)


def _at(prefix: str, values: dict[str, float | None], step: float) -> Iterator[Metric]:
    for name, value in values.items():
        if value is not None:
            yield Metric(name=f"{prefix}_{name}", value=value, step=round(step), origin="measured")


def _latencies(distributions: dict[str, Distribution]) -> dict[str, float | None]:
    """Return distributions under the names that points have for theirs."""
    return {
        f"{kind}_{name}": getattr(one, name.removesuffix("_ms"))
        for kind, one in distributions.items()
        for name in PERCENTILES
    }


def _lengths(runs: Sequence[LoadRun]) -> dict[str, float | None]:
    """Return how long prompts and answers were on the average, which mixed and natural lengths leave open."""
    answered = sum(run.answered for run in runs)
    tokens = {
        "input_tokens_per_request": sum(run.input_tokens for run in runs),
        "output_tokens_per_request": sum(run.output_tokens for run in runs),
    }
    return {name: total / answered if answered else None for name, total in tokens.items()}


def _of_all(result: BenchResult) -> dict[str, float]:
    ceiling = result.calibration.usable_ceiling if result.calibration else None
    found = {"counter_disagreement": result.counter_disagreement, "client_ceiling_tokens_per_s": ceiling}
    return {name: value for name, value in found.items() if value is not None}


def _of_point(point: LoadPoint) -> dict[str, float]:
    values: dict[str, float | None] = {name: getattr(point, name) for name in _RATES} | _of_engine(point)
    for kind in _LATENCIES:
        values |= {f"{kind}_{name}": getattr(getattr(point, kind), name) for name in PERCENTILES}
    values |= _of_health(point) | _lengths(point.valid)
    return {name: value for name, value in values.items() if value is not None}


def _of_engine(point: LoadPoint) -> dict[str, float | None]:
    """Return what the engine says of its queue and its cache: the highest of all runs, preemptions of all together."""
    engines = [run.engine for run in point.valid if run.engine]
    if not engines:
        return {}
    preemptions = [engine.preemptions for engine in engines if engine.preemptions is not None]
    usages = [engine.peak_kv_cache_usage for engine in engines if engine.peak_kv_cache_usage is not None]
    return {
        "preemptions": sum(preemptions) if preemptions else None,
        "peak_waiting": max(engine.peak_waiting for engine in engines),
        "peak_kv_cache_usage": max(usages, default=None),
    }


def _of_health(point: LoadPoint) -> dict[str, float | None]:
    """Return the mean energy per token, and what the worst of the runs that stand had to bear."""
    healths = [run.health for run in point.valid if run.health]
    energies = [one.joules_per_output_token for one in healths if one.joules_per_output_token is not None]
    return {
        "joules_per_output_token": sum(energies) / len(energies) if energies else None,
        "max_temperature_c": max((one.max_temperature_c for one in healths if one.max_temperature_c), default=None),
        "throttle_share": max((one.throttle_share for one in healths if one.throttle_share is not None), default=None),
    }
