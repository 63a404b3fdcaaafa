"""Crossovers and goodput as metrics of the stage's MLflow run."""

from collections.abc import Iterator

from eval.bench.arm_crossover import (
    ArmCrossover,
    capacity_at_service_level,
    goodput_crossover,
    goodput_runs,
    speed_crossover,
    useful_tokens_per_s,
)
from eval.bench.result import ArmLoad, BenchResult
from pipeline.base.results import Metric
from pipeline.recipe.arms import BASELINE


def crossover_metrics(result: BenchResult) -> tuple[Metric, ...]:
    """Return where each arm stops winning over the baseline, as far as that is decided, and each point's goodput."""
    return tuple(
        Metric(name=f"{load.arm}_{name}", value=value, step=step, origin="measured")
        for load in result.arms
        for name, value, step in (*_of_arm(result, load), *_of_points(load))
    )


def _of_arm(result: BenchResult, load: ArmLoad) -> Iterator[tuple[str, float, int | None]]:
    if load.arm != BASELINE and any(one.arm == BASELINE for one in result.arms):
        for found in (speed_crossover(result, load.arm), goodput_crossover(result, load.arm)):
            if found is not None:
                yield from _of_crossover(found)
    capacity = capacity_at_service_level(result, load.arm)
    if capacity is not None and capacity.kept_at is not None:
        yield "service_level_concurrency", capacity.kept_at, None


def _of_crossover(found: ArmCrossover) -> Iterator[tuple[str, float, int | None]]:
    if found.crossover.kind != "crossing":
        return
    (one,) = found.crossover.crossings
    name = "crossover" if found.comparison == "throughput" else "goodput_crossover"
    yield f"{name}_concurrency", one.concurrency, None
    yield f"{name}_concurrency_low", one.low, None
    yield f"{name}_concurrency_high", one.high, None


def _of_points(load: ArmLoad) -> Iterator[tuple[str, float, int | None]]:
    for point in load.points:
        runs = goodput_runs(point)
        if runs:
            yield "goodput_tokens_per_s", useful_tokens_per_s(point), point.concurrency
            yield (
                "service_level_share",
                sum(one.kept for one in runs) / sum(one.sent for one in runs),
                point.concurrency,
            )
