"""What the bench stage reports."""

from typing import ClassVar, Literal

from pydantic import Field

from eval.bench.assessment import Assessment
from eval.bench.dummy_weights import DummyWeights
from eval.bench.engine_proof import EngineProof
from eval.bench.fair_arms import FairArms
from eval.bench.load.ceiling import Calibration
from eval.bench.load.endpoint_result import EndpointArm, EndpointPoint, PromptsFile
from eval.bench.load.result import ThroughputOver
from eval.bench.load.service import ServiceLimits
from eval.bench.planned import ArmPlan
from eval.bench.runs import LoadRun, OpenLoopRun
from eval.bench.soak.result import Soak
from pipeline.base.commands import command
from pipeline.base.errors import MissingStageError, VoidMeasurementError
from pipeline.base.phrase import phrase_of, phrases_or_quoted
from pipeline.base.results import Payload, Phrase, Result
from pipeline.base.sentences.gates import GateSentences
from pipeline.base.token_range import Tokens

PERCENTILES = ("mean_ms", "p50_ms", "p95_ms", "p99_ms")
"""What is known of a latency: fields of `Latency`."""


class Latency(Result):
    """Distribution over requests (TTFT, TPOT, E2E) or over tokens (ITL), in milliseconds.

    The median is the geometric mean of the runs' own, which is what arms are compared by; mean, p95 and p99 are over
    the requests of all runs together, and None where those are too few (60 and 300). Results of earlier versions have
    means over the runs throughout.
    """

    mean_ms: float | None
    """None where nothing was to be timed, such as further tokens of answers that have one."""
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    p50_ms_runs: tuple[float, ...] = ()
    """Of each run; empty in results of earlier versions, which did not keep them."""


class LoadPoint(Result):
    """One arm at one concurrency, of the runs that stand: rates are geometric means over them."""

    concurrency: int
    requests: int
    """Per run."""
    output_tokens_per_s: float
    """Over what `BenchResult.throughput_over` says."""
    output_tokens_per_s_runs: tuple[float, ...]
    """Of each run; empty where an earlier version made more than three, of which it kept no single one."""
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
    runs: tuple[LoadRun, ...] = ()
    """All that were made, void ones that were made again included; empty in results of earlier versions."""
    assessment: Assessment | None = None
    """How requests were served, and what binds; None in results of earlier versions."""

    @property
    def valid(self) -> tuple[LoadRun, ...]:
        """Return the runs that stand."""
        return tuple(run for run in self.runs if run.figures)

    @property
    def overloaded(self) -> bool:
        """Whether there were more requests than the engine can serve at once, so that speed is not the question."""
        return self.assessment is not None and self.assessment.overload is not None


class VoidPoint(Result):
    """One arm at one concurrency of which nothing may be said: without figures, and left out of every comparison."""

    concurrency: int
    requests: int
    """Per run."""
    reasons: tuple[str, ...]
    reasons_said: tuple[Phrase, ...] = ()
    """The reasons for other languages, in the same order; empty in results of earlier versions."""
    runs: tuple[LoadRun, ...] = ()
    """As far as they were made."""

    @property
    def phrases(self) -> tuple[Phrase, ...]:
        """Return the reasons as phrases."""
        return phrases_or_quoted(self.reasons_said, self.reasons)


class EngineMemory(Result):
    """What the engine itself reports at start."""

    weights_gib: float
    weights_from: Literal["engine", "files", "configuration"]
    """`files`: the size of the safetensors files, because the CPU engine does not report what it holds.
    `configuration`: computed, because there are no files either."""
    kv_cache_tokens: int
    max_concurrency: float
    """Requests of the full context length that the KV cache holds at once."""
    context_tokens: int


class ArmLoad(Result):
    """One arm's sweep."""

    arm: str
    engine_version: str | None = None
    """None in results of earlier versions, which kept one for all arms."""
    kernel: str
    dtype: str
    memory: EngineMemory
    start_seconds: float
    reused: bool = False
    """Whether the engine had answered an evaluation before; its start was then not repeated."""
    settings: dict[str, str] = Field(default_factory=dict)
    """That the engine was started with, and those it states itself; empty in results of earlier versions."""
    points: tuple[LoadPoint, ...]
    """Those that stand."""
    void_points: tuple[VoidPoint, ...] = ()
    proof: EngineProof | None = None
    """What ran and where its memory went; None in results of earlier versions."""
    dummy_weights: bool = False
    """Whether the engine made the weights of this arm up; of all arms where `BenchResult.dummy_weights` says so."""
    open_loop: tuple[OpenLoopRun, ...] = ()
    """At the rates of `bench.open_loop`, once each; void ones have their reasons."""


class BenchResult(Payload):
    """What the stage `bench` reports."""

    STAGE: ClassVar = "bench"
    schema_version: Literal[4] = 4
    arms: tuple[ArmLoad, ...]
    """In the order of the recipe."""
    input_tokens: Tokens
    output_tokens: Tokens
    repeats: int
    engine_version: str
    engine_arguments: tuple[str, ...]
    throughput_over: ThroughputOver
    """What all output throughputs are over: the steady state where every run has one, so that no comparison mixes
    both."""
    counter_disagreement: float | None
    """Largest relative difference between the token counts of client and engine over all runs that stand; None where
    no engine counts."""
    calibration: Calibration | None = None
    """Of the load client; None in results of earlier versions."""
    changed_limits: dict[str, float | None] = Field(default_factory=dict)
    """Limits of a run that the recipe changed (`bench.limits`), by name; None for one that it took away."""
    dummy_weights: DummyWeights | None = None
    """Where the weights were made up: what is measured is speed and memory, and nothing else."""
    fair: FairArms | None = None
    """Order, repeats and settings of the arms; None in results of earlier versions."""
    soaks: tuple[Soak, ...] = ()
    """One per arm that was held under load for minutes; empty where none was asked for."""
    service_level: ServiceLimits | None = None
    """That goodput was counted by; None where none was agreed."""
    prompts: PromptsFile | None = None
    """The client's own; `input_tokens` then says nothing of them."""
    endpoints: tuple[EndpointArm, ...] = ()
    """Servers that somebody runs already, measured as they stand."""
    plans: tuple[ArmPlan, ...] = ()
    """What the plan says of each arm; empty in results of earlier versions."""

    @property
    def void_points(self) -> tuple[tuple[str, VoidPoint], ...]:
        """Return (arm, point) pairs, in the order of the recipe."""
        return tuple((load.arm, point) for load in self.arms for point in load.void_points)

    @property
    def loads(self) -> int:
        """Return how many loads there are at a concurrency or a rate, void ones included."""
        own = sum(len(load.points) + len(load.void_points) + len(load.open_loop) for load in self.arms)
        return own + sum(len(arm.load.points) for arm in self.endpoints)

    @property
    def void_loads(self) -> tuple[Phrase, ...]:
        """Return where loads have no figures and why: those of `void_points`, at rates, and on endpoints."""
        say = GateSentences
        closed = [
            phrase_of(say.void_at, point.phrases, arm=arm, concurrency=str(point.concurrency))
            for arm, point in self.void_points
        ]
        open_loops = [
            phrase_of(say.void_at_rate, loop.run.phrases, arm=load.arm, rate=f"{loop.rate_per_s:g}")
            for load in self.arms
            for loop in load.open_loop
            if loop.run.figures is None
        ]
        servers = [
            _void_load(arm.arm, point, place)
            for arm in self.endpoints
            for place, point in enumerate(arm.load.points, start=1)
            if point.void
        ]
        return (*closed, *open_loops, *servers)

    @property
    def void_soaks(self) -> tuple[Soak, ...]:
        """Return the soaks that have no verdict."""
        return tuple(soak for soak in self.soaks if soak.void)

    def has_points(self, *arms: str) -> bool:
        """Return whether each of these arms was measured at one concurrency at least."""
        measured = {load.arm for load in self.arms if load.points}
        return measured.issuperset(arms)

    def has_arms(self, *arms: str) -> bool:
        """Return whether the speed of each of these arms was to be measured."""
        return {load.arm for load in self.arms}.issuperset(arms)

    def points_of(self, arm: str) -> tuple[LoadPoint, ...]:
        """Return the points of an arm that stand; none of one that was not benchmarked."""
        return tuple(point for load in self.arms if load.arm == arm for point in load.points)

    def only_overload(self, arm: str) -> bool:
        """Return whether all points of an arm that stand are overload, so that none of them is a capacity."""
        points = self.points_of(arm)
        return bool(points) and all(point.overloaded for point in points)

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
        """Return the point of highest output throughput of an arm, among those within its capacity if there are any.

        Raises:
            MissingStageError: the arm was not benchmarked.
            VoidMeasurementError: all its points are void.
        """
        points = self.of(arm).points
        if not points:
            raise VoidMeasurementError(
                f"Every measurement of the speed of '{arm}' is void, so nothing can be said of it. "
                f"bench/results.json has the reasons; mend them and run `{command('bench')}`, which repeats only what "
                f"is void."
            )
        within = [point for point in points if not point.overloaded]
        return max(within or points, key=lambda point: point.output_tokens_per_s)


def _void_load(arm: str, point: EndpointPoint, place: int) -> Phrase:
    say, load = GateSentences, str(place)
    if point.concurrency:
        level = str(point.concurrency)
        return phrase_of(say.void_load, point.phrases, arm=arm, concurrency=level, load=load)
    return phrase_of(say.void_load_at_rate, point.phrases, arm=arm, rate=f"{point.rate_per_s:g}", load=load)
