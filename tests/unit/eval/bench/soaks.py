"""Soaks that are made up."""

from typing import Any

from eval.bench.soak.drift import drifts_of
from eval.bench.soak.figures import Knee, SoakSlice
from eval.bench.soak.result import Soak
from pipeline.base.token_range import TokenRange

SLICE_S = 10.0


def soak(fall: float = 0.0, count: int = 30, **changes: Any) -> Soak:
    """Return a soak whose throughput falls by so much, with a memory that stays."""
    slices = tuple(
        SoakSlice(
            start_s=2 + SLICE_S * number,
            output_tokens_per_s=200 * (1 - fall * (number + 0.5) / count) + number % 3,
            ttft_ms=90.0 + number % 2,
            itl_ms=None,
            memory_gib=2.5,
            requests_running=13.0,
            requests_waiting=0.0,
            kv_cache_usage=0.12,
        )
        for number in range(count)
    )
    plan = {
        "arm": "awq",
        "minutes": 5.0,
        "knee": Knee(concurrency=16, basis="sweep"),
        "share": 0.8,
        "concurrency": 13,
        "input_tokens": TokenRange(low=128, high=1024),
        "output_tokens": TokenRange.fixed(128),
        "lengths": "fixed by ignore_eos",
        "drift_limit": 0.05,
        "confidence": 0.95,
        "requests": 1204,
        "failed": 0,
        "duration_s": 306.0,
        "window_s": SLICE_S * count,
        "slice_s": SLICE_S,
        "slices": slices,
        "drifts": drifts_of(slices, SLICE_S, 0.05),
        "memory_of": "processes",
    }
    return Soak.model_validate(plan | changes)
