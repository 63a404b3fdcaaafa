"""Clauses on latency, throughput and speed-up, by the intervals of the repeats."""

from eval.bench.comparison import SpeedRatio, capacity_ratio, each_interval, speed_ratios
from eval.bench.load.result import P95_FROM, P99_FROM
from eval.bench.result import BenchResult, Latency, LoadPoint
from eval.statistics.repeats import mean_interval
from pipeline.base.commands import command
from pipeline.base.phrase import phrase
from pipeline.base.results import Result
from pipeline.recipe.acceptance import LatencyClause, SpeedUpClause, ThroughputClause
from pipeline.report.acceptance.judgement import Found, Limit, Missing
from pipeline.report.acceptance.measured import Measured, arm_of, more_repeats, no_result, point_of
from pipeline.report.language.en.acceptance import AcceptanceSentences as Say

_FROM = {"p50": 1, "p95": P95_FROM, "p99": P99_FROM}
"""Requests of a run that carry a percentile."""


def latency_limit(clause: LatencyClause) -> Limit:
    """Return what the clause asks for."""
    return Limit("at most", clause.max_ms, "ms")


def latency(clause: LatencyClause, measured: Measured) -> Found | Missing:
    """Return a percentile over the requests of all runs; its interval is of the single runs' own."""
    load = measured.load
    if load is None:
        return no_result(BenchResult.STAGE)
    point = point_of(load, clause.arm, clause.concurrency)
    if isinstance(point, Missing):
        return point
    found: Latency = getattr(point, clause.of)
    value: float | None = getattr(found, f"{clause.percentile}_ms")
    needed = _requests_needed(clause.percentile, point)
    if value is None:
        why = phrase(Say.too_few_requests, percentile=clause.percentile, requests=str(point.requests))
        return Missing(why, needed)
    runs = _runs(point, found, clause)
    each, first = each_interval(load)
    few = clause.percentile != "p50" and len(runs) < len(point.valid)
    return Found(
        value=value,
        interval=mean_interval(runs, each, first=first) if len(runs) > 1 else None,
        parts=((found, f"{clause.percentile}_ms"), *_run_fields(found, clause)),
        why_undecided=phrase(Say.runs_too_small, percentile=clause.percentile, requests=str(point.requests))
        if few
        else phrase(Say.repeats_do_not_tell, repeats=str(load.repeats)),
        command=needed if few else more_repeats(load.repeats),
    )


def _runs(point: LoadPoint, found: Latency, clause: LatencyClause) -> list[float]:
    if clause.percentile == "p50":
        return list(found.p50_ms_runs)
    figures = (run.figures for run in point.valid)
    told = (getattr(getattr(one, f"{clause.of}_ms"), clause.percentile) for one in figures if one)
    return [one for one in told if one is not None]


def _run_fields(found: Latency, clause: LatencyClause) -> tuple[tuple[Result, str], ...]:
    if clause.percentile != "p50":
        return ()
    return tuple((found, f"p50_ms_runs/{place}") for place in range(len(found.p50_ms_runs)))


def _requests_needed(percentile: str, point: LoadPoint) -> str:
    each = -(-_FROM[percentile] // point.concurrency)
    return command(BenchResult.STAGE, "--set", f"bench.requests_per_concurrency={each}")


def throughput_limit(clause: ThroughputClause) -> Limit:
    """Return what the clause asks for."""
    return Limit("at least", clause.min_tokens_per_s, "tokens/s")


def throughput(clause: ThroughputClause, measured: Measured) -> Found | Missing:
    """Return the output throughput at a concurrency, or the highest."""
    load = measured.load
    if load is None:
        return no_result(BenchResult.STAGE)
    if clause.concurrency is not None:
        point = point_of(load, clause.arm, clause.concurrency)
    else:
        arm = arm_of(load, clause.arm)
        point = arm if isinstance(arm, Missing) else load.best(clause.arm) if arm.points else _all_void()
    if isinstance(point, Missing):
        return point
    each, first = each_interval(load)
    runs = point.output_tokens_per_s_runs
    return Found(
        value=point.output_tokens_per_s,
        interval=mean_interval(runs, each, first=first),
        parts=tuple((point, f"output_tokens_per_s_runs/{place}") for place in range(len(runs))),
        why_undecided=phrase(Say.repeats_do_not_tell, repeats=str(load.repeats)),
        command=more_repeats(load.repeats),
    )


def speed_up_limit(clause: SpeedUpClause) -> Limit:
    """Return what the clause asks for."""
    return Limit("at least", clause.min_ratio, "ratio")


def speed_up(clause: SpeedUpClause, measured: Measured) -> Found | Missing:
    """Return the ratio of two arms' throughputs at a concurrency, or of their highest."""
    load = measured.load
    if load is None:
        return no_result(BenchResult.STAGE)
    ratio = _ratio(clause, load)
    if isinstance(ratio, Missing):
        return ratio
    parts = [(point, place) for point in ratio.points for place in range(len(point.output_tokens_per_s_runs))]
    return Found(
        value=ratio.value,
        interval=ratio.interval,
        parts=tuple((point, f"output_tokens_per_s_runs/{place}") for point, place in parts),
        why_undecided=phrase(Say.repeats_do_not_tell, repeats=str(load.repeats)),
        command=more_repeats(load.repeats),
    )


def _ratio(clause: SpeedUpClause, load: BenchResult) -> SpeedRatio | Missing:
    arms = (clause.reference, clause.arm)
    for arm in arms:
        found = arm_of(load, arm) if clause.concurrency is None else point_of(load, arm, clause.concurrency)
        if isinstance(found, Missing):
            return found
    if clause.concurrency is None:
        return capacity_ratio(load, clause.arm, clause.reference) if load.has_points(*arms) else _all_void()
    ratios = speed_ratios(load, arm=clause.arm, reference=clause.reference)
    found_at = [one for one in ratios if one.concurrency == clause.concurrency]
    return found_at[0] if found_at else Missing(phrase(Say.overloaded, concurrency=str(clause.concurrency)))


def _all_void() -> Missing:
    return Missing(phrase(Say.all_void), command(BenchResult.STAGE))
