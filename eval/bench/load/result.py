"""`LoadResult`: what one load found, made from the client's details of each request."""

from typing import Literal

from eval.bench.load.spec import LoadSpec
from pipeline.base.results import Result

ThroughputOver = Literal["steady state", "whole run"]
P95_FROM = 60
"""Requests below which a 95th percentile says nothing: fewer than three lie beyond it."""
P99_FROM = 300


class Distribution(Result):
    """Of a time over requests, in milliseconds; a percentile that too few requests carry is None."""

    mean: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class SteadyState(Result):
    """The time in which nearly all of the concurrency asked for was there: no ramp up, no drain."""

    start_s: float
    """After the first request."""
    duration_s: float
    share: float
    """Of the whole run."""
    output_tokens_per_s: float
    requests_finished: int


class LoadResult(Result):
    """One load as the client saw it."""

    schema_version: Literal[1] = 1
    spec: LoadSpec
    """With the number of requests really asked for."""
    client: str
    """Version of the load client."""
    sent: int
    answered: int
    failed: int
    errors: dict[str, int]
    """How often each error came, the most frequent ones."""
    duration_s: float
    """From the first request to the last piece of the last answer."""
    input_tokens: int
    """By the model's tokenizer, or where that is not known by one inside the client."""
    output_tokens: int
    """By the server's own `usage`; pieces of the stream where it sends none."""
    answers_too_short: int
    """That ended before the length asked for; None is wanted with `ignore_eos`."""
    answers_too_long: int
    """That count more tokens than were asked for."""
    turns: int = 0
    """Requests that follow another one in its conversation."""
    turns_too_early: int = 0
    """Of them, those that were sent before that one was answered."""
    history_tokens: int = 0
    """Of the prompts, what their conversations, or all of them, sent before: the most that a prefix cache can hold."""
    pieces_beyond_tokens: int
    """Answers in more pieces than the tokens that the server counts and the closing one; a miscount."""
    output_tokens_per_s: float
    """In the steady state; over the whole run where there was none worth the name."""
    throughput_over: ThroughputOver
    whole_run_output_tokens_per_s: float
    """Ramps included."""
    requests_per_s: float
    latencies_over: ThroughputOver = "whole run"
    """The requests whose times are told; of a load that is built up those that were sent in its steady state."""
    ttft_ms: Distribution
    tpot_ms: Distribution
    """Of each answer from its first to its last token, per token after the first."""
    itl_ms: Distribution
    """Between two pieces of an answer; the closing piece, which carries no token, left out."""
    e2e_ms: Distribution
    steady_state: SteadyState | None = None
    arrival_rate_per_s: float | None = None
    """Requests really sent per second, between the first and the last; None for fewer than two."""
    peak_concurrency: int
    """Unanswered requests at one time, at most."""
    client_cpu_s: float
    """Processor time of the client, its preparation included."""
    raw_sha256: str
    """Of the client's own file."""

    @property
    def history_share(self) -> float | None:
        """Of the prompt tokens, what conversations sent before; None where there are none of several turns."""
        return self.history_tokens / self.input_tokens if self.turns and self.input_tokens else None


class RawFile(Result):
    """A file that is kept of a load."""

    name: str
    """Relative to the folder of the results."""
    sha256: str


def files_of(*kept: tuple[str | None, str | None]) -> tuple[RawFile, ...]:
    """Return files by their names and sums, of those that there are."""
    return tuple(RawFile(name=name, sha256=sha256) for name, sha256 in kept if name and sha256)


class EngineLoad(Result):
    """What the engine itself says of a load."""

    counted_by: str = "vLLM"
    """Whose names the counters have."""
    prompt_tokens: float
    output_tokens: float
    cached_prompt_tokens: float | None
    """Taken from its prefix cache instead of being computed; None where it does not say."""
    preemptions: float | None
    """None where it does not say."""
    peak_requests: float
    """Running and waiting at one time, at most, as sampled."""
    peak_waiting: float
    waiting_share: float | None = None
    """Of the samples, those with requests that the engine had not begun; None where none was taken."""
    peak_kv_cache_usage: float | None
    samples: int
    """Of the gauges, while the load ran."""

    @property
    def cached_share(self) -> float | None:
        """Of the prompt tokens, those from the prefix cache; None where the engine does not say."""
        if self.cached_prompt_tokens is None:
            return None
        return self.cached_prompt_tokens / self.prompt_tokens if self.prompt_tokens else 0.0


class MachineLoad(Result):
    """Processor time on the client's machine while a load ran."""

    cores: int
    wall_s: float
    foreign_cpu_s: float | None
    """Of processes that are neither client nor server; None where a local server's process is not found."""
    steal_s: float
    """Taken by the hypervisor."""

    @property
    def foreign_share(self) -> float | None:
        """Of the processors, what others and the hypervisor took; None where it is not known."""
        return None if self.foreign_cpu_s is None else self.share_of(self.foreign_cpu_s + self.steal_s)

    def share_of(self, cpu_s: float) -> float | None:
        """Return so much processor time as a share of the processors; None of a load that took no time."""
        return cpu_s / (self.wall_s * self.cores) if self.wall_s else None
