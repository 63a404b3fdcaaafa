"""`LoadRun`: one run of a load on an arm, with the evidence for it; only one that stands has figures."""

from eval.bench.load.result import (
    Distribution,
    EngineLoad,
    LoadResult,
    MachineLoad,
    RawFile,
    ThroughputOver,
    files_of,
)
from eval.bench.load.validity import (
    Check,
    Evidence,
    Limits,
    checks,
    not_checked,
    token_difference,
    void_phrases,
    void_reasons,
)
from pipeline.base.results import Phrase, Result
from pipeline.hardware.health.summary import HealthSummary


class RunFigures(Result):
    """What a run measured."""

    steady_output_tokens_per_s: float | None
    """While nearly all of the concurrency was there; None where that was no time worth the name."""
    whole_run_output_tokens_per_s: float
    """Ramps included."""
    total_tokens_per_s: float
    """Prompts included, over the whole run."""
    requests_per_s: float
    ttft_ms: Distribution
    tpot_ms: Distribution
    itl_ms: Distribution
    e2e_ms: Distribution

    def output_tokens_per_s(self, over: ThroughputOver) -> float:
        """Return the throughput of one kind; the whole run's where there was no steady state."""
        steady = self.steady_output_tokens_per_s if over == "steady state" else None
        return self.whole_run_output_tokens_per_s if steady is None else steady


class LoadRun(Result):
    """One run: what was sent, answered and counted, what the engine and the machine did meanwhile."""

    number: int
    """From 1; of the repeats."""
    attempt: int = 1
    """2 where the first was void and the run was made again, with other prompts."""
    measured_at: str
    """UTC, ISO 8601."""
    seed: int
    """Of the prompts."""
    sent: int
    answered: int
    failed: int
    errors: dict[str, int]
    input_tokens: int
    """As the client counts them."""
    output_tokens: int
    """The same."""
    duration_s: float
    steady_state_share: float | None
    """Of the duration; None where there was no steady state."""
    peak_concurrency: int
    """Unanswered requests at one time, at most, as the client saw them."""
    client_cpu_s: float
    engine: EngineLoad | None
    """None where the server offers no counters."""
    machine: MachineLoad | None
    checks: tuple[Check, ...]
    raw_file: str
    """Of the client, texts left out; relative to the folder of the results."""
    raw_sha256: str
    """Of that file."""
    figures: RunFigures | None = None
    """None of a void run."""
    health: HealthSummary | None = None
    """Of GPUs, processors and memory meanwhile; None in results of earlier versions."""
    history_share: float | None = None
    """Of the prompt tokens, what conversations had sent before; None where there are none of several turns."""

    @property
    def void(self) -> tuple[str, ...]:
        """Why the run must not be used; empty where it may."""
        return void_reasons(self.checks)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The same, by the name that void points have it."""
        return self.void

    @property
    def phrases(self) -> tuple[Phrase, ...]:
        """The same as phrases, in the same order."""
        return void_phrases(self.checks)

    @property
    def not_checked(self) -> dict[str, str]:
        """Conditions that could not be checked, and why."""
        return not_checked(self.checks)

    @property
    def token_difference(self) -> float | None:
        """Largest relative difference between the token counts of client and engine; None without counters."""
        if self.engine is None:
            return None
        pairs = ((self.input_tokens, self.engine.prompt_tokens), (self.output_tokens, self.engine.output_tokens))
        return max(token_difference(client, served) for client, served in pairs)


class Measured(Result):
    """A run before it is judged."""

    measured_at: str
    """UTC, ISO 8601."""
    evidence: Evidence
    raw: RawFile
    """Of the client, texts left out."""
    health: HealthSummary | None = None

    @property
    def files(self) -> tuple[RawFile, ...]:
        """Return all files that are kept of it."""
        health = (self.health.file, self.health.sha256) if self.health else (None, None)
        return files_of((self.raw.name, self.raw.sha256), health)


class OpenLoopRun(Result):
    """One run at a rate, however many requests are unanswered."""

    rate_per_s: float
    """Asked for; at the end, where it is a ramp."""
    requests: int
    run: LoadRun


NO_OPEN_LOOPS: tuple[OpenLoopRun, ...] = ()


def judged(measured: Measured, number: int, attempt: int, limits: Limits) -> LoadRun:
    """Return a run with what came of every check, and its figures where none of them voids it."""
    load, found = measured.evidence.result, checks(measured.evidence, limits)
    return LoadRun(
        number=number,
        attempt=attempt,
        measured_at=measured.measured_at,
        seed=load.spec.seed,
        sent=load.sent,
        answered=load.answered,
        failed=load.failed,
        errors=load.errors,
        input_tokens=load.input_tokens,
        output_tokens=load.output_tokens,
        duration_s=load.duration_s,
        steady_state_share=load.steady_state.share if load.steady_state else None,
        peak_concurrency=load.peak_concurrency,
        client_cpu_s=load.client_cpu_s,
        engine=measured.evidence.engine,
        machine=measured.evidence.machine,
        checks=found,
        raw_file=measured.raw.name,
        raw_sha256=measured.raw.sha256,
        figures=None if void_reasons(found) else _figures(load),
        health=measured.health,
        history_share=load.history_share,
    )


def _figures(load: LoadResult) -> RunFigures:
    return RunFigures(
        steady_output_tokens_per_s=load.steady_state.output_tokens_per_s if load.steady_state else None,
        whole_run_output_tokens_per_s=load.whole_run_output_tokens_per_s,
        total_tokens_per_s=(load.input_tokens + load.output_tokens) / load.duration_s if load.duration_s else 0.0,
        requests_per_s=load.requests_per_s,
        ttft_ms=load.ttft_ms,
        tpot_ms=load.tpot_ms,
        itl_ms=load.itl_ms,
        e2e_ms=load.e2e_ms,
    )
