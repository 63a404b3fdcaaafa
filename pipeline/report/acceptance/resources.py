"""Clauses on cost, memory, and on the GPU's temperature and utilisation."""

from eval.bench.result import BenchResult
from pipeline.base.commands import command
from pipeline.base.phrase import phrase
from pipeline.base.results import Result
from pipeline.hardware.health.summary import HealthSummary, Spread
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.acceptance import CostClause, MemoryClause, TemperatureClause, UtilisationClause
from pipeline.recipe.arms import AWQ
from pipeline.report.acceptance.judgement import Found, Limit, Missing
from pipeline.report.acceptance.measured import Measured, arm_of, more_repeats, no_result, runs_of, soaks_of
from pipeline.report.language.en.acceptance import AcceptanceSentences as Say
from pipeline.roi.result import RoiResult


def cost_limit(clause: CostClause) -> Limit:
    """Return what the clause asks for."""
    return Limit("at most", clause.max_usd, "USD/month" if clause.per == "month" else "USD/Mtok")


def cost(clause: CostClause, measured: Measured) -> Found | Missing:
    """Return what an arm costs at the recipe's load: modelled from what was measured, and from prices."""
    if measured.costs is None:
        return no_result(RoiResult.STAGE)
    arm = next((one for one in measured.costs.arms if one.arm == clause.arm), None)
    figure = None if arm is None else arm.monthly_usd if clause.per == "month" else arm.usd_per_mtok_at_load
    if figure is None or figure.value is None:
        return Missing(phrase(Say.not_priced, arm=clause.arm), command(RoiResult.STAGE))
    known = figure.low is not None and figure.high is not None
    return Found(
        value=figure.value,
        interval=(figure.low, figure.high) if figure.low is not None and figure.high is not None else None,
        parts=tuple((figure, field) for field in ("value", *(("low", "high") if known else ()))),
        origin=figure.origin,
        why_undecided=phrase(Say.costs_do_not_tell),
        command=more_repeats(measured.load.repeats) if measured.load else command(BenchResult.STAGE),
    )


def memory_limit(clause: MemoryClause) -> Limit:
    """Return what the clause asks for."""
    return Limit("at most", clause.max_gib, "GiB")


def memory(clause: MemoryClause, measured: Measured) -> Found | Missing:
    """Return what the engine held; of the weights what the files have, where no engine was started."""
    if clause.of == "weights" and measured.load is None and measured.made is not None and clause.arm == AWQ:
        return _exact(measured.made.checkpoint_bytes / 2**30, (measured.made, "checkpoint_bytes"))
    arm = arm_of(measured.load, clause.arm)
    if isinstance(arm, Missing):
        return no_result(QuantizeResult.STAGE) if clause.of == "weights" and measured.load is None else arm
    if clause.of == "weights":
        return _exact(arm.memory.weights_gib, (arm.memory, "weights_gib"))
    peak = arm.proof.memory.peak if arm.proof else None
    if peak is None:
        return Missing(phrase(Say.no_peak), command(BenchResult.STAGE))
    return _exact(peak.gib, (peak, "gib"))


def temperature_limit(clause: TemperatureClause) -> Limit:
    """Return what the clause asks for."""
    return Limit("at most", clause.max_c, "C")


def temperature(clause: TemperatureClause, measured: Measured) -> Found | Missing:
    """Return the hottest reading of a GPU while an arm was under load."""
    healths = _healths(clause.arm, measured)
    if isinstance(healths, Missing):
        return healths
    told = [(gpu.temperature_c, "max") for health in healths for gpu in health.gpus if gpu.temperature_c]
    if not told:
        return _no_readings(healths)
    hottest, field = max(told, key=lambda one: one[0].max)
    return _exact(hottest.max, (hottest, field))


def utilisation_limit(clause: UtilisationClause) -> Limit:
    """Return what the clause asks for."""
    return Limit("at least", clause.min_percent, "percent")


def utilisation(clause: UtilisationClause, measured: Measured) -> Found | Missing:
    """Return the lowest mean utilisation of a GPU over the loads; where some keep the limit, that is not decided."""
    healths = _healths(clause.arm, measured, clause.concurrency)
    if isinstance(healths, Missing):
        return healths
    spreads = [gpu.utilization_percent for health in healths for gpu in health.gpus]
    told = [spread for spread in spreads if isinstance(spread, Spread)]
    if not told:
        return _no_readings(healths)
    means = [spread.mean for spread in told]
    return Found(
        value=min(means),
        interval=(min(means), max(means)),
        parts=tuple((spread, "mean") for spread in told),
        why_undecided=phrase(Say.some_loads),
        command=command(BenchResult.STAGE),
    )


def _healths(arm: str, measured: Measured, concurrency: int | None = None) -> tuple[HealthSummary, ...] | Missing:
    found = arm_of(measured.load, arm)
    if isinstance(found, Missing):
        return found
    soaks = soaks_of(measured.load, arm) if measured.load and concurrency is None else ()
    healths = (*(run.health for run in runs_of(found, concurrency)), *(soak.health for soak in soaks))
    return tuple(one for one in healths if one)


def _no_readings(healths: tuple[HealthSummary, ...]) -> Missing:
    on_gpus = any(health.gpus for health in healths)
    return Missing(phrase(Say.gpu_tells_nothing) if on_gpus else phrase(Say.no_gpu), command(BenchResult.STAGE))


def _exact(value: float, part: tuple[Result, str]) -> Found:
    return Found(value=value, interval=(value, value), parts=(part,))
