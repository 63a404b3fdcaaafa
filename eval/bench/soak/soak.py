"""The soak: one load, held for minutes by one run of the client, and what became of the server meanwhile."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eval.bench.load.client import LoadTimeoutError
from eval.bench.load.details import Answer
from eval.bench.load.result import RawFile
from eval.bench.load.spec import LoadSpec
from eval.bench.load.validity import Evidence, Limits, checks, not_checked, void_phrases, void_reasons
from eval.bench.soak.drift import drifts_of
from eval.bench.soak.figures import Knee
from eval.bench.soak.knee import share_of
from eval.bench.soak.memory import MemoryReader
from eval.bench.soak.result import Soak
from eval.bench.soak.slices import Sample, slices_of, window_of
from eval.bench.soak.timeline import Timeline
from eval.statistics.repeats import CONFIDENCE
from pipeline.base.phrase import phrase, quoted
from pipeline.base.progress import Reporter
from pipeline.base.results import Phrase
from pipeline.base.sentences.stored import ENGLISH
from pipeline.base.sentences.validity import ValiditySentences
from pipeline.base.token_range import TokenRange
from pipeline.engines.engine import Engine
from pipeline.hardware.health.summary import HealthSummary

_SIZING_WAVES = 2
_CUT_WAVES = 2
"""Of requests, before and behind the window of the slices."""
_SEED, _SIZING_SEED = 500_000_000, 500_000_001
"""Away from those of any sweep."""
_SLOWER = 3.0
"""Times as long as it was to take, after which a soak is given up."""
_PATIENCE_S = 60.0
_SAMPLE_S = 1.0


@dataclass(frozen=True)
class SoakPlan:
    """What is to be held, and for how long."""

    minutes: float
    share: float
    """Of the knee's concurrency."""
    slice_s: float
    input_tokens: TokenRange
    output_tokens: TokenRange
    ignore_eos: bool
    drift_limit: float
    seed: int = 0

    def document(self) -> dict[str, object]:
        """Return the plan as JSON has it."""
        lengths = {"input_tokens": self.input_tokens, "output_tokens": self.output_tokens}
        return vars(self) | {name: one.model_dump(mode="json") for name, one in lengths.items()}

    @property
    def limit_s(self) -> float:
        """Time after which a load is given up."""
        return _PATIENCE_S + _SLOWER * 60 * self.minutes

    def load(self, concurrency: int) -> LoadSpec:
        """Return the load at a concurrency, for its minutes."""
        return LoadSpec(
            concurrency=concurrency,
            duration_s=60 * self.minutes,
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            ignore_eos=self.ignore_eos,
            seed=self.seed + _SEED,
        )

    def sizing(self, concurrency: int) -> LoadSpec:
        """Return the short load before it, which tells the rate to size it by."""
        spec = self.load(concurrency).with_requests(_SIZING_WAVES * concurrency)
        return spec.model_copy(update={"seed": self.seed + _SIZING_SEED})


@dataclass(frozen=True)
class Offered:
    """What is known of a load that was offered."""

    evidence: Evidence
    answers: tuple[Answer, ...]
    raw: RawFile
    health: HealthSummary | None = None


Offer = Callable[[LoadSpec, str, float], Offered]
"""Offers a load of a number of requests under a name, and gives it up after so many seconds (`LoadTimeoutError`)."""


@dataclass(frozen=True)
class SoakBench:
    """Holds the load of a plan on one server."""

    plan: SoakPlan
    offer: Offer
    engine: Engine
    memory: MemoryReader
    limits: Limits
    reporter: Reporter

    def run(self, knee: Knee, arm: str | None = None) -> Soak:
        """Return what became of the server; void where the load was not what it claims to be.

        Raises:
            EngineError: the engine died.
            WorkerError: the client failed.
        """
        bare = bare_soak(self.plan, knee, arm)
        name = f"{arm}/soak" if arm else "soak"
        try:
            with self.reporter.task(f"{arm or 'endpoint'}: soak, sizing"):
                sizing = self.offer(self.plan.sizing(bare.concurrency), f"{name}-sizing", self.plan.limit_s)
            spec = sized(self.plan.load(bare.concurrency), sizing.evidence)
            if spec is None:
                return _void(bare, phrase(ValiditySentences.sizing_unanswered))
            text = f"{self.plan.minutes:g} minutes at concurrency {bare.concurrency}"
            with self.reporter.task(f"{arm or 'endpoint'}: soak, {text}"):
                return self._held(bare, spec, name)
        except LoadTimeoutError as problem:
            return _void(bare, quoted(problem.message.partition(". ")[0]))

    def _held(self, bare: Soak, spec: LoadSpec, name: str) -> Soak:
        with Timeline(self.engine, self.memory, every_s=min(_SAMPLE_S, self.plan.slice_s / 2)) as timeline:
            offered = self.offer(spec, name, self.plan.limit_s)
        result, found = offered.evidence.result, checks(offered.evidence, self.limits)
        told = bare.model_copy(
            update={
                "requests": result.sent,
                "failed": result.failed,
                "duration_s": result.duration_s,
                "memory_of": self.memory.memory_of,
                "void": void_reasons(found) or None,
                "void_said": void_phrases(found),
                "not_checked": not_checked(found),
                "engine": offered.evidence.engine,
                "machine": offered.evidence.machine,
                "raw_file": offered.raw.name,
                "raw_sha256": offered.raw.sha256,
                "health": offered.health,
            }
        )
        if told.void:
            return told
        return divided(told, offered.answers, self.plan.slice_s, timeline.samples(result.duration_s))


def bare_soak(plan: SoakPlan, knee: Knee, arm: str | None) -> Soak:
    """Return a soak of which only the load is known."""
    return Soak(
        arm=arm,
        minutes=plan.minutes,
        knee=knee,
        share=plan.share,
        concurrency=share_of(knee, plan.share),
        input_tokens=plan.input_tokens,
        output_tokens=plan.output_tokens,
        lengths="fixed by ignore_eos" if plan.ignore_eos else "natural",
        drift_limit=plan.drift_limit,
        confidence=CONFIDENCE,
        requests=0,
        failed=0,
    )


def _void(bare: Soak, why: Phrase) -> Soak:
    return bare.model_copy(update={"void": (ENGLISH.text(why),), "void_said": (why,)})


def sized(spec: LoadSpec, short: Evidence) -> LoadSpec | None:
    """Return a timed load as the requests that keep its window full, and those that are cut off beside it.

    Args:
        spec: with its duration.
        short: of a short load before, by whose steady state it is sized, because a soak has hardly any ramps; nothing
            comes of one that had no answer.
    """
    result = short.result
    if not result.output_tokens:
        return None
    rate = result.output_tokens_per_s * result.answered / result.output_tokens
    return spec.with_requests(math.ceil(rate * (spec.duration_s or 0)) + _CUT_WAVES * (spec.concurrency or 1))


def divided(soak: Soak, answers: Sequence[Answer], slice_s: float, samples: Sequence[Sample]) -> Soak:
    """Return a soak with slices and what they show; void where beside the first requests there was nothing."""
    window = window_of(answers, soak.concurrency)
    if window is None:
        return _void(soak, phrase(ValiditySentences.soak_too_short, requests=str(soak.concurrency)))
    slices = slices_of(answers, window, slice_s, samples)
    each_s = window.duration_s / len(slices)
    return soak.model_copy(
        update={
            "window_s": window.duration_s,
            "slice_s": each_s,
            "slices": slices,
            "drifts": drifts_of(slices, each_s, soak.drift_limit),
        }
    )
