"""`EndpointLoad`: what was measured at an endpoint."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from eval.bench.load.result import (
    Distribution,
    EngineLoad,
    MachineLoad,
    RawFile,
    SteadyState,
    ThroughputOver,
    files_of,
)
from pipeline.base.errors import SourceError
from pipeline.base.files import read_written
from pipeline.base.phrase import phrases_or_quoted
from pipeline.base.results import Phrase, Result
from pipeline.base.token_range import TokenRange
from pipeline.hardware.health.summary import HealthSummary

ENDPOINT_FILE = "endpoint.json"
"""Of a load on an endpoint, in the folder of the client's own files."""


class PromptsFile(Result):
    """Where the client's own prompts are from."""

    name: str
    sha256: str
    count: int
    """Of different ones; of conversations, where they are those."""
    turns: int | None = None
    """Requests that the conversations come to; None where each line is one."""
    repeated_between_loads: bool
    """Whether there were too few for every load to have its own; within a load none is used twice."""


class Spent(Result):
    """What was sent, everything included that was sent to warm up and to size."""

    requests: int = 0
    tokens_at_most: int = 0
    """Of prompts and answers: where the tokenizer is not known a byte of a prompt counts as a token."""


class EndpointPoint(Result):
    """One load; a void one has no figures."""

    concurrency: int | None
    """Requests under way; None in an open loop."""
    rate_per_s: float | None = None
    """Requests that come per second in an open loop, at its end where it is a ramp."""
    arrival_rate_per_s: float | None = None
    """The rate that they really came at, on the whole."""
    requests: int
    failed: int
    output_tokens_per_s: float | None = None
    requests_per_s: float | None = None
    ttft_ms: Distribution = Distribution()
    tpot_ms: Distribution = Distribution()
    itl_ms: Distribution = Distribution()
    e2e_ms: Distribution = Distribution()
    duration_s: float | None = None
    """How long the load really was."""
    throughput_over: ThroughputOver | None = None
    latencies_over: ThroughputOver | None = None
    history_share: float | None = None
    """Of the prompt tokens, what their conversations had sent before; None where there are none of several turns."""
    connections_per_s: float | None = None
    """Most new connections a second while it was built up; None where they were opened at once."""
    steady_state: SteadyState | None = None
    """Between the ramp up and the drain of a closed loop."""
    void: tuple[str, ...] | None = None
    """Why the point must not be used; None where it may."""
    void_said: tuple[Phrase, ...] = ()
    """The same for other languages, in the same order; empty in results of earlier versions."""
    not_checked: dict[str, str] = Field(default_factory=dict)
    """Conditions that could not be checked at this server, and why."""
    not_checked_said: dict[str, Phrase] = Field(default_factory=dict)
    """The same for other languages; empty in results of earlier versions."""
    engine: EngineLoad | None = None
    """What the server's own counters say, where it has them."""
    machine: MachineLoad | None = None
    health: HealthSummary | None = None
    """Of this machine's processors and memory, and of the GPUs of a server on it; None where no load was made."""
    raw_file: str | None = None
    """Of the client, below the output folder."""
    raw_sha256: str | None = None

    @property
    def level(self) -> str:
        """Return its concurrency or rate, in words."""
        return f"concurrency {self.concurrency}" if self.concurrency else f"rate {self.rate_per_s:g}"

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why the point must not be used; none where it may."""
        return self.void or ()

    @property
    def phrases(self) -> tuple[Phrase, ...]:
        """Return why the point must not be used, as phrases; none where it may."""
        return phrases_or_quoted(self.void_said, self.void or ())

    @property
    def files(self) -> tuple[RawFile, ...]:
        """Return all files that are kept of it."""
        health = (self.health.file, self.health.sha256) if self.health else (None, None)
        return files_of((self.raw_file, self.raw_sha256), health)


class EndpointLoad(Result):
    """What was measured at an endpoint."""

    schema_version: Literal[1] = 1
    endpoint: str
    model: str
    route: str
    """Of texts to complete; of chats where the server has no such."""
    client: str
    client_ceiling_tokens_per_s: float | None
    """Of this client on this machine, by `awqctl bench --calibrate`; None where the machine was too busy to tell."""
    input_tokens: TokenRange | None
    """None for the client's own prompts."""
    output_tokens: TokenRange
    prompts: PromptsFile | None = None
    """The client's own."""
    burstiness: float | None = None
    """Of an open loop: 1 is a Poisson process, below 1 comes in bursts."""
    ramp_from_per_s: float | None = None
    """Rate at the start of an open loop that rises; None for constant rates."""
    lengths: Literal["fixed by ignore_eos", "natural"]
    spent: Spent = Spent()
    """What the server was sent, warm-up and sizing included."""
    prompt_tokens_by: Literal["tokenizer", "words"]
    """Whether prompts have their length by the model's tokenizer or in words, each about a token."""
    seed: int
    points: tuple[EndpointPoint, ...]


def read_endpoint(path: Path) -> EndpointLoad:
    """Return what was measured at an endpoint.

    Raises:
        UsageError: the file cannot be read.
        SourceError: it is not what this version writes.
    """
    try:
        return EndpointLoad.model_validate_json(read_written(path))
    except ValidationError as problem:
        raise SourceError(
            f"{path} is not what this version writes for an endpoint ({problem.errors()[0]['msg']}). Measure again."
        ) from problem


class EndpointArm(Result):
    """A server among the arms of a recipe; of each concurrency it has as many points as there are repeats."""

    arm: str
    load: EndpointLoad
