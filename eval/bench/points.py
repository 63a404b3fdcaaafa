"""Points from runs. Pure arithmetic."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from eval.bench.load.result import Distribution, ThroughputOver
from eval.bench.result import Latency, LoadPoint, VoidPoint
from eval.bench.runs import LoadRun, RunFigures
from eval.statistics.repeats import geometric_mean
from pipeline.base.results import Phrase

_LATENCIES = ("ttft", "tpot", "itl", "e2e")


@dataclass(frozen=True)
class LevelRuns:
    """All runs of one arm at one concurrency."""

    concurrency: int
    requests: int
    """Per run."""
    runs: tuple[LoadRun, ...]
    """In the order in which they were made, void ones included."""
    void: tuple[str, ...] = ()
    """Why the level is void; empty where it stands."""
    void_said: tuple[Phrase, ...] = ()
    """The same as phrases, in the same order."""

    @property
    def valid(self) -> tuple[LoadRun, ...]:
        """Return the runs that stand."""
        return tuple(run for run in self.runs if run.figures)

    @property
    def figures(self) -> tuple[RunFigures, ...]:
        """Return the figures of the runs that stand."""
        return tuple(run.figures for run in self.runs if run.figures)


def throughput_over(levels: Iterable[LevelRuns]) -> ThroughputOver:
    """Return what all throughputs of a benchmark are over: the steady state only where every run that counts has one.

    A ramp is part of one and no part of the other, so that a comparison of both would be one of ramps.
    """
    figures = [one for level in levels if not level.void for one in level.figures]
    steady = all(one.steady_output_tokens_per_s is not None for one in figures)
    return "steady state" if figures and steady else "whole run"


def point_of(level: LevelRuns, over: ThroughputOver, pooled: Mapping[str, Distribution]) -> LoadPoint:
    """Return the point of a level that stands.

    Args:
        level: its runs.
        over: what throughput is over.
        pooled: distributions over the requests of all runs that stand, by their field of a run's figures.
    """
    figures = level.figures
    throughput = tuple(one.output_tokens_per_s(over) for one in figures)
    return LoadPoint(
        concurrency=level.concurrency,
        requests=level.requests,
        output_tokens_per_s=geometric_mean(throughput),
        output_tokens_per_s_runs=throughput,
        output_tokens_per_s_min=min(throughput),
        output_tokens_per_s_max=max(throughput),
        total_tokens_per_s=geometric_mean([one.total_tokens_per_s for one in figures]),
        requests_per_s=geometric_mean([one.requests_per_s for one in figures]),
        duration_s=geometric_mean([run.duration_s for run in level.valid]),
        runs=level.runs,
        **{name: _latency(f"{name}_ms", figures, pooled) for name in _LATENCIES},
    )


def void_point(level: LevelRuns) -> VoidPoint:
    """Return the point of a level that is void."""
    return VoidPoint(
        concurrency=level.concurrency,
        requests=level.requests,
        reasons=level.void,
        reasons_said=level.void_said,
        runs=tuple(run.model_copy(update={"figures": None}) for run in level.runs),
    )


def token_difference(levels: Iterable[LevelRuns]) -> float | None:
    """Return the largest difference between client and engine of all runs that count; None where no engine counts."""
    found = [run.token_difference for level in levels if not level.void for run in level.valid]
    return max((one for one in found if one is not None), default=None)


def _latency(name: str, figures: Sequence[RunFigures], pooled: Mapping[str, Distribution]) -> Latency:
    medians = [one for one in (getattr(run, name).p50 for run in figures) if one is not None]
    return Latency(
        mean_ms=pooled[name].mean,
        p50_ms=geometric_mean(medians) if medians else None,
        p95_ms=pooled[name].p95,
        p99_ms=pooled[name].p99,
        p50_ms_runs=tuple(medians),
    )
