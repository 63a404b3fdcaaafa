"""What the bench stage reports."""

from typing import Literal

from pipeline.base.results import Result


class Latency(Result):
    """Distribution over requests (TTFT, TPOT, E2E) or over tokens (ITL), in milliseconds."""

    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


class LoadPoint(Result):
    """One variant at one concurrency: medians over the repeats."""

    concurrency: int
    requests: int
    """Per run."""
    output_tokens_per_s: float
    output_tokens_per_s_min: float
    output_tokens_per_s_max: float
    total_tokens_per_s: float
    requests_per_s: float
    ttft: Latency
    tpot: Latency
    itl: Latency
    e2e: Latency
    duration_s: float
    """Median duration of a run."""


class EngineMemory(Result):
    """What the engine itself reports at start."""

    weights_gib: float
    weights_from: Literal["engine", "files"]
    """`files`: the size of the safetensors files, because the CPU engine does not report what it holds."""
    kv_cache_tokens: int
    max_concurrency: float
    """Requests of the full context length that the KV cache holds at once."""
    context_tokens: int


class VariantLoad(Result):
    """One variant's sweep."""

    variant: str
    """`baseline` or `awq`."""
    kernel: str
    dtype: str
    memory: EngineMemory
    start_seconds: float
    points: tuple[LoadPoint, ...]


class BenchResult(Result):
    """Payload of the stage `bench`."""

    baseline: VariantLoad
    awq: VariantLoad
    input_tokens: int
    output_tokens: int
    repeats: int
    engine_version: str
    engine_arguments: tuple[str, ...]
    counter_disagreement: float
    """Largest relative difference between client and server token counts over all runs."""

    def best(self, variant: str) -> LoadPoint:
        """Return the point of highest output throughput of a variant."""
        load = self.baseline if variant == "baseline" else self.awq
        return max(load.points, key=lambda point: point.output_tokens_per_s)
