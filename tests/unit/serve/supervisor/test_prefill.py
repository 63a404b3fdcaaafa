"""How many tokens of prompts may wait, from the figures of a benchmark."""

from typing import Any

import pytest

from eval.bench.load.service import ServiceLimits
from eval.bench.result import ArmLoad, BenchResult, EngineMemory, Latency, LoadPoint
from serve.supervisor.prefill import max_prefill_tokens

_MEMORY = EngineMemory(
    weights_gib=1.5, weights_from="files", kv_cache_tokens=4096, max_concurrency=4.0, context_tokens=1024
)


def _point(concurrency: int, ttft_ms: float | None) -> LoadPoint:
    latency = Latency(mean_ms=None, p50_ms=ttft_ms, p95_ms=None, p99_ms=None)
    rates = dict.fromkeys(
        ("output_tokens_per_s", "output_tokens_per_s_min", "output_tokens_per_s_max", "total_tokens_per_s"), 1.0
    )
    latencies = dict.fromkeys(("ttft", "tpot", "itl", "e2e"), latency)
    return LoadPoint(
        concurrency=concurrency,
        requests=8,
        output_tokens_per_s_runs=(1.0,),
        requests_per_s=1.0,
        duration_s=1.0,
        **rates,
        **latencies,
    )


def _bench(*points: LoadPoint, **changes: Any) -> BenchResult:
    arm = ArmLoad(arm="awq", kernel="k", dtype="bfloat16", memory=_MEMORY, start_seconds=9.0, points=points)
    fields = {
        "arms": (arm,),
        "input_tokens": 250,
        "output_tokens": 64,
        "repeats": 3,
        "engine_version": "vllm 1",
        "engine_arguments": (),
        "counter_disagreement": None,
        "throughput_over": "whole run",
        "service_level": ServiceLimits(ttft_ms=500),
    }
    return BenchResult.model_validate({**fields, **changes})


def test_target_times_throughput() -> None:
    """250 tokens in 50 ms are 5 000 a second; in the agreed 500 ms the engine reads 2 500."""
    assert max_prefill_tokens(_bench(_point(1, 50.0), _point(16, 900.0))) == 2500


@pytest.mark.parametrize(
    "bench",
    [
        None,
        _bench(_point(1, 50.0), service_level=None),
        _bench(_point(1, 50.0), service_level=ServiceLimits(e2e_ms=900)),
        _bench(_point(4, 50.0)),
        _bench(_point(1, None)),
        _bench(),
    ],
    ids=["no benchmark", "no level", "no TTFT agreed", "never alone", "no TTFT measured", "no point"],
)
def test_no_figure_no_bound(bench: BenchResult | None) -> None:
    """What was not measured or not agreed bounds nothing."""
    assert max_prefill_tokens(bench) is None


def test_other_arms_say_nothing() -> None:
    """The bound is for what is served."""
    assert max_prefill_tokens(_bench(_point(1, 50.0)), arm="baseline") is None
