"""The benchmark voids itself, and its means are of the runs that it keeps."""

from typing import Any

import pytest

from eval.bench.counters import cached, disagreement, faults
from eval.bench.stage import summarise
from pipeline.base.errors import VoidMeasurementError

CLIENT = {"completed": 8, "failed": 0, "total_input_tokens": 1000, "total_output_tokens": 500}
BEFORE = {"vllm:prompt_tokens_total": 50.0, "vllm:generation_tokens_total": 50.0}


def after(prompt: float, generated: float) -> dict[str, float]:
    """Return the server's counters after a run."""
    return {"vllm:prompt_tokens_total": 50 + prompt, "vllm:generation_tokens_total": 50 + generated}


def test_agreement_is_zero() -> None:
    """Equal counts are no disagreement, whatever the counters stood at before."""
    differences = disagreement(CLIENT, BEFORE, after(1000, 500))
    assert set(differences.values()) == {0.0}
    assert faults(CLIENT, 8, differences) == []


def test_more_than_two_percent_is_a_fault() -> None:
    """500 tokens counted, 515 served: 2.9 %."""
    assert faults(CLIENT, 8, disagreement(CLIENT, BEFORE, after(1000, 515))) == [
        "client and server disagree on total output tokens by 2.9%"
    ]


def test_two_percent_is_tolerated() -> None:
    """The limit itself is not exceeded."""
    assert faults(CLIENT, 8, disagreement(CLIENT, BEFORE, after(1000, 510))) == []


def test_failed_requests_are_a_fault() -> None:
    """A run that lost a request is not a measurement."""
    client = CLIENT | {"completed": 7, "failed": 1}
    assert faults(client, 8, {}) == ["7 of 8 requests completed, 1 failed"]


def test_prompts_from_the_cache_are_a_fault() -> None:
    """A prompt that the server had seen before was not computed: 100 of 1000 tokens."""
    name = "vllm:prompt_tokens_cached_total"
    assert cached(BEFORE | {name: 5.0}, after(1000, 500) | {name: 105.0}) == [
        "10.0% of the prompt tokens came from the prefix cache"
    ]
    assert cached(BEFORE | {name: 5.0}, after(1000, 500) | {name: 25.0}) == []


def test_silent_server_is_a_fault() -> None:
    """Tokens that the server never counted came from somewhere else."""
    assert disagreement(CLIENT, BEFORE, BEFORE) == {"total_input_tokens": 1.0, "total_output_tokens": 1.0}


def test_unknown_counters_are_an_error() -> None:
    """A server without these counters cannot confirm anything."""
    with pytest.raises(VoidMeasurementError, match="does not report vllm:prompt_tokens_total"):
        disagreement(CLIENT, {}, {})


def run(throughput: float) -> dict[str, Any]:
    """Return a result as vLLM's benchmark gives it."""
    names = ("ttft", "tpot", "itl", "e2el")
    latencies = {f"{kind}_{name}_ms": throughput for name in names for kind in ("mean", "p50", "p95", "p99")}
    rates = {"output_throughput": throughput, "total_token_throughput": 3 * throughput, "request_throughput": 1.0}
    return latencies | rates | {"completed": 8, "duration": 2.0}


def test_summary_is_the_mean_with_the_runs() -> None:
    """The geometric mean is reported, and beside it every run, the smallest and the largest."""
    point = summarise(4, [run(40.0), run(10.0), run(20.0)])
    shown = point.output_tokens_per_s, point.output_tokens_per_s_min, point.output_tokens_per_s_max
    assert (shown, point.ttft.p95_ms, point.requests) == ((pytest.approx(20.0), 10.0, 40.0), pytest.approx(20.0), 8)
    assert point.output_tokens_per_s_runs == point.tpot.p50_ms_runs == (40.0, 10.0, 20.0)
