"""Benchmarks whose points are assessed, for tests of what follows from it."""

from collections.abc import Mapping, Sequence

from eval.bench.assessment import Assessment, Binding, Overload, Sign
from eval.bench.load.service import Goodput, RunService, ServiceLimits, Sharing
from eval.bench.result import BenchResult

SHARING = Sharing(fairness=0.9, slowest_over_median=1.5, recovery_s=0.25)
BANDWIDTH = Binding(
    resource="memory bandwidth",
    basis="roofline",
    evidence=(Sign(counter="bandwidth_share", value=0.85, limit=0.7),),
    growth="proportional",
)
Kept = Mapping[int, Sequence[int]]
"""By concurrency: of 100 requests of each run, those that kept the service level."""


def assessed_bench(
    bench: BenchResult, *, overloaded: Sequence[tuple[str, int]] = (), binding: Binding = BANDWIDTH, **kept: Kept
) -> BenchResult:
    """Return a benchmark with assessed points; goodput is the throughput times the share that kept the level.

    Args:
        bench: without assessments.
        overloaded: arm and concurrency of points beyond capacity.
        binding: of every point.
        kept: by arm.
    """
    arms = []
    for load in bench.arms:
        points = []
        for point in load.points:
            found = kept.get(load.arm, {}).get(point.concurrency, ())
            service = tuple(
                RunService(number=number, goodput=_goodput(speed, one), sharing=SHARING)
                for number, (speed, one) in enumerate(zip(point.output_tokens_per_s_runs, found, strict=False), 1)
            )
            over = Overload(reasons=("sequences",), max_num_seqs=16, kv_cache_requests=340.0, waiting_share=0.9)
            beyond = over if (load.arm, point.concurrency) in overloaded else None
            assessment = Assessment(service=service, overload=beyond, binding=binding)
            points.append(point.model_copy(update={"assessment": assessment}))
        arms.append(load.model_copy(update={"points": tuple(points)}))
    level = ServiceLimits(ttft_ms=500, share=0.95) if kept else None
    return bench.model_copy(update={"arms": tuple(arms), "service_level": level})


def _goodput(speed: float, kept: int) -> Goodput:
    return Goodput(kept=kept, sent=100, requests_per_s=kept / 10, output_tokens_per_s=speed * kept / 100)
