"""`Assessor`: says of every point of an arm how it was served and what binds, from the evidence of its runs. Pure."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from eval.bench.assessment import Assessment, Growth
from eval.bench.binding import Counters, Rates, binding, growth
from eval.bench.goodput import goodput_of
from eval.bench.load.details import Answer
from eval.bench.load.service import RunService, ServiceLimits
from eval.bench.overload import Limits, overload_of, sharing_of
from eval.bench.result import LoadPoint
from eval.bench.runs import LoadRun


@dataclass(frozen=True)
class Assessor:
    """What the points of one arm are held against."""

    limits: Limits
    ceiling_tokens_per_s: float | None
    """Of the client; None where it is not known."""
    rates: Rates | None
    """Of the hardware; None where they are not known, as on a CPU."""
    context_tokens: float
    """Of a request in the cache, on the average of its life."""
    deciding_repeats: int | None = None
    """How many repeats decided how many were made; None where their number was fixed."""

    def assessed(
        self, points: Sequence[LoadPoint], service: Mapping[int, tuple[RunService, ...]]
    ) -> tuple[LoadPoint, ...]:
        """Return the points with what is to be known of them.

        Args:
            points: of one arm, by rising concurrency.
            service: how the runs of each point that stand were served, by concurrency.
        """
        grown = _growth(points, self.deciding_repeats)
        return tuple(
            point.model_copy(
                update={"assessment": self._of(point, service.get(point.concurrency, ()), grown[point.concurrency])}
            )
            for point in points
        )

    def _of(self, point: LoadPoint, service: tuple[RunService, ...], grown: Growth | None) -> Assessment:
        counters = self.counters(point)
        return Assessment(
            service=service,
            overload=overload_of(point.concurrency, self.limits, counters.waiting_share, counters.kv_cache_usage),
            binding=binding(counters, grown),
        )

    def counters(self, point: LoadPoint) -> Counters:
        """Return what was counted of a point: means over the runs that stand, of the KV cache the most."""
        runs = [run for run in point.runs if run.figures]
        engines = [run.engine for run in runs if run.engine]
        preempted = [(run.engine.preemptions, run.sent) for run in runs if run.engine]
        told = [(often, sent) for often, sent in preempted if often is not None]
        tpot, rates, ceiling = point.tpot.p50_ms, self.rates, self.ceiling_tokens_per_s
        return Counters(
            client_cpu_share=_mean(map(_client_share, runs)),
            client_ceiling_share=point.output_tokens_per_s / ceiling if ceiling else None,
            preempted_share=sum(often for often, _ in told) / sum(sent for _, sent in told) if told else None,
            kv_cache_usage=max(
                (engine.peak_kv_cache_usage for engine in engines if engine.peak_kv_cache_usage is not None),
                default=None,
            ),
            waiting_share=_mean(engine.waiting_share for engine in engines),
            bandwidth_share=rates.bandwidth_share(point.concurrency, self.context_tokens, tpot / 1000)
            if rates and tpot
            else None,
            compute_share=rates.compute_share(point.total_tokens_per_s) if rates else None,
        )


def run_service(run: LoadRun, answers: Sequence[Answer], level: ServiceLimits | None) -> RunService:
    """Return how the requests of a run were served, from the client's details of each."""
    goodput = goodput_of(answers, run.sent, level) if level else None
    return RunService(number=run.number, goodput=goodput, sharing=sharing_of(answers))


def _growth(points: Sequence[LoadPoint], first: int | None) -> dict[int, Growth | None]:
    """Return how throughput grows from each level to the next one; of the last, how it grew from the one before."""
    runs = [(point.concurrency, point.output_tokens_per_s_runs) for point in points]
    steps = [growth(lower, upper, first) for lower, upper in pairwise(runs)]
    steps += steps[-1:] or [None]
    return {concurrency: step for (concurrency, _), step in zip(runs, steps, strict=False)}


def _client_share(run: LoadRun) -> float | None:
    machine = run.machine
    return run.client_cpu_s / (machine.wall_s * machine.cores) if machine and machine.wall_s else None


def _mean(found: Iterable[float | None]) -> float | None:
    values = [one for one in found if one is not None]
    return statistics.fmean(values) if values else None
