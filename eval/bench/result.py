"""What the bench stage reports."""

from typing import ClassVar, Literal

from pipeline.base.commands import command
from pipeline.base.errors import MissingStageError
from pipeline.base.results import Payload, Result

PERCENTILES = ("mean_ms", "p50_ms", "p95_ms", "p99_ms")
"""What is known of a latency: fields of `Latency`."""


class Latency(Result):
    """Distribution over requests (TTFT, TPOT, E2E) or over tokens (ITL), in milliseconds: means over the repeats."""

    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    p50_ms_runs: tuple[float, ...] = ()
    """Of each repeat; empty in results of earlier versions, which did not keep them."""
    p95_ms_runs: tuple[float, ...] = ()
    """Of each repeat; empty as above."""


class LoadPoint(Result):
    """One arm at one concurrency: geometric means over the repeats."""

    concurrency: int
    requests: int
    """Per run."""
    output_tokens_per_s: float
    output_tokens_per_s_runs: tuple[float, ...]
    """Of each repeat; empty where an earlier version made more than three, of which it kept no single one."""
    output_tokens_per_s_min: float
    output_tokens_per_s_max: float
    total_tokens_per_s: float
    requests_per_s: float
    ttft: Latency
    tpot: Latency
    itl: Latency
    e2e: Latency
    duration_s: float
    """Mean duration of a run."""


class EngineMemory(Result):
    """What the engine itself reports at start."""

    weights_gib: float
    weights_from: Literal["engine", "files"]
    """`files`: the size of the safetensors files, because the CPU engine does not report what it holds."""
    kv_cache_tokens: int
    max_concurrency: float
    """Requests of the full context length that the KV cache holds at once."""
    context_tokens: int


class ArmLoad(Result):
    """One arm's sweep."""

    arm: str
    kernel: str
    dtype: str
    memory: EngineMemory
    start_seconds: float
    reused: bool = False
    """Whether the engine had answered an evaluation before; its start was then not repeated."""
    points: tuple[LoadPoint, ...]


class BenchResult(Payload):
    """What the stage `bench` reports."""

    STAGE: ClassVar = "bench"
    schema_version: Literal[3] = 3
    arms: tuple[ArmLoad, ...]
    """In the order of the recipe."""
    input_tokens: int
    output_tokens: int
    repeats: int
    engine_version: str
    engine_arguments: tuple[str, ...]
    counter_disagreement: float
    """Largest relative difference between client and server token counts over all runs."""

    def of(self, arm: str) -> ArmLoad:
        """Return one arm's sweep.

        Raises:
            MissingStageError: the arm was not benchmarked.
        """
        for load in self.arms:
            if load.arm == arm:
                return load
        raise MissingStageError(
            f"The speed of the arm '{arm}' was not measured. Name it in bench.arms, and run `{command('bench')}`."
        )

    def best(self, arm: str) -> LoadPoint:
        """Return the point of highest output throughput of an arm.

        Raises:
            MissingStageError: the arm was not benchmarked.
        """
        return max(self.of(arm).points, key=lambda point: point.output_tokens_per_s)
