"""The results that clauses are judged by, and what all evaluators of speed ask of them."""

from dataclasses import dataclass

from eval.accuracy.result import EvalResult
from eval.bench.result import ArmLoad, BenchResult, LoadPoint, VoidPoint
from eval.bench.runs import LoadRun
from eval.bench.soak.result import Soak
from pipeline.base.commands import command
from pipeline.base.phrase import phrase
from pipeline.quantize.result import QuantizeResult
from pipeline.report.acceptance.judgement import Missing
from pipeline.report.language.en.acceptance import AcceptanceSentences as Say
from pipeline.roi.result import RoiResult


@dataclass(frozen=True)
class Measured:
    """Results of a run; None for what is not there."""

    made: QuantizeResult | None = None
    accuracy: EvalResult | None = None
    load: BenchResult | None = None
    costs: RoiResult | None = None


def no_result(stage: str) -> Missing:
    """Return that a stage has no result, with its command."""
    return Missing(phrase(Say.no_result, stage=stage), command(stage))


def arm_of(load: BenchResult | None, arm: str) -> ArmLoad | Missing:
    """Return an arm's sweep, or why there is none."""
    if load is None:
        return no_result(BenchResult.STAGE)
    for one in load.arms:
        if one.arm == arm:
            return one
    return Missing(phrase(Say.arm_not_measured, arm=arm), command(BenchResult.STAGE))


def point_of(load: BenchResult | None, arm: str, concurrency: int) -> LoadPoint | Missing:
    """Return an arm's point at a concurrency, or why there is none."""
    found = arm_of(load, arm)
    if isinstance(found, Missing):
        return found
    for point in found.points:
        if point.concurrency == concurrency:
            return point
    again = command(BenchResult.STAGE)
    for void in found.void_points:
        if void.concurrency == concurrency:
            return Missing(phrase(Say.void_at, concurrency=str(concurrency)), again)
    levels = sorted({*(one.concurrency for one in found.points), *(one.concurrency for one in found.void_points)})
    wanted = ",".join(map(str, sorted({*levels, concurrency})))
    return Missing(
        phrase(Say.concurrency_not_measured, concurrency=str(concurrency), arm=arm),
        command(BenchResult.STAGE, "--set", f"bench.concurrency=[{wanted}]"),
    )


def runs_of(found: ArmLoad, concurrency: int | None = None) -> tuple[LoadRun, ...]:
    """Return all runs of an arm that were made, void ones included."""
    points: list[LoadPoint | VoidPoint] = [*found.points, *found.void_points]
    return tuple(run for one in points if concurrency in (None, one.concurrency) for run in one.runs)


def soaks_of(load: BenchResult, arm: str) -> tuple[Soak, ...]:
    """Return the soaks of an arm."""
    return tuple(soak for soak in load.soaks if soak.arm == arm)


def more_repeats(repeats: int) -> str:
    """Return the command that repeats a benchmark twice as often, five times at least."""
    return command(BenchResult.STAGE, "--set", f"bench.repeats={max(5, 2 * repeats)}")
