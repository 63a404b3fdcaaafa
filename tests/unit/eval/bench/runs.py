"""Runs that are made up."""

from typing import Any

from eval.bench.load.result import Distribution, EngineLoad, LoadResult, MachineLoad, RawFile, SteadyState
from eval.bench.load.spec import LoadSpec
from eval.bench.load.validity import Evidence, Limits
from eval.bench.runs import LoadRun, Measured, judged
from pipeline.base.token_range import TokenRange
from pipeline.hardware.health.sample import HostSample, Snapshot
from pipeline.hardware.health.summary import HealthSummary, summarised

MS = Distribution(mean=1_000, p50=900)


def load(rate: float = 40.0, *, steady: float | None = 50.0, **changes: Any) -> LoadResult:
    """Return a faultless load with a throughput over the whole run and one of the steady state."""
    state = SteadyState(start_s=0, duration_s=9, share=0.9, output_tokens_per_s=steady or 0, requests_finished=70)
    return LoadResult(
        spec=LoadSpec(concurrency=8, requests=80, input_tokens=TokenRange.fixed(10), output_tokens=TokenRange.fixed(5)),
        client="vllm-rs 0",
        sent=80,
        answered=80,
        failed=0,
        errors={},
        duration_s=10,
        input_tokens=800,
        output_tokens=400,
        answers_too_short=0,
        answers_too_long=0,
        pieces_beyond_tokens=0,
        output_tokens_per_s=rate,
        throughput_over="steady state" if steady else "whole run",
        whole_run_output_tokens_per_s=rate,
        requests_per_s=8,
        ttft_ms=MS,
        tpot_ms=MS,
        itl_ms=MS,
        e2e_ms=MS,
        steady_state=state if steady else None,
        peak_concurrency=8,
        client_cpu_s=1,
        raw_sha256="0",
    ).model_copy(update=changes)


def counted(**changes: Any) -> EngineLoad:
    """Return counters of the engine that agree with the load."""
    return EngineLoad(
        prompt_tokens=800,
        output_tokens=400,
        cached_prompt_tokens=0,
        preemptions=0,
        peak_requests=8,
        peak_waiting=0,
        peak_kv_cache_usage=0.1,
        samples=40,
    ).model_copy(update=changes)


def measured(result: LoadResult | None = None, *, foreign_cpu_s: float = 0.5, engine_tokens: float = 400) -> Measured:
    """Return a run before it is judged."""
    engine = counted(output_tokens=engine_tokens, preemptions=2, peak_waiting=3, peak_kv_cache_usage=0.25)
    evidence = Evidence(
        result=result or load(),
        engine=engine,
        machine=MachineLoad(cores=4, wall_s=10, foreign_cpu_s=foreign_cpu_s, steal_s=0),
        tokenizer_known=True,
        ceiling_tokens_per_s=100,
        unhealthy=(),
    )
    return Measured(measured_at="2026-11-29T12:00:00+00:00", evidence=evidence, raw=RawFile(name="a.gz", sha256="0"))


def healthy_host() -> HealthSummary:
    """Return ten seconds of a machine without a GPU."""
    host = HostSample(cores=4, busy_s=0, ours_s=0, steal_s=0, memory_total_bytes=2**34, memory_available_bytes=2**33)
    later = host.model_copy(update={"busy_s": 20.0, "ours_s": 19.0})
    snapshots = [Snapshot(at_s=0, phase="before", host=host), Snapshot(at_s=10, phase="after", host=later)]
    return summarised((), snapshots, output_tokens=400)


def run(result: LoadResult | None = None, *, number: int = 1, **changes: Any) -> LoadRun:
    """Return a run after it was judged."""
    return judged(measured(result, **changes), number, 1, Limits())
