"""The soak: one load, held for minutes by one run of the client, and what became of the server meanwhile."""

import gzip
import hashlib
import json
import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from eval.bench.load.client import ClientRun, LoadClient, LoadTimeoutError, Target, result_of
from eval.bench.load.details import Answer, answers_of
from eval.bench.load.prompts import Words
from eval.bench.load.result import LoadResult
from eval.bench.load.spec import Lengths, LoadSpec
from eval.bench.load.validity import Check, void_reasons
from eval.bench.load.watch import Watch
from eval.bench.soak.drift import CONFIDENCE, drifts_of
from eval.bench.soak.knee import share_of
from eval.bench.soak.memory import MemoryReader
from eval.bench.soak.result import Knee, Soak
from eval.bench.soak.slices import Sample, slices_of, window_of
from eval.bench.soak.timeline import Timeline
from pipeline.base.progress import Reporter
from pipeline.engines.engine import Engine

_SIZING_WAVES = 2
_CUT_WAVES = 2
"""Of requests, before and behind the window of the slices."""
_SEED, _SIZING_SEED = 5_000_000, 5_000_001
"""Away from those of any sweep."""
_SLOWER = 3.0
"""Times as long as it was to take, after which a soak is given up."""
_PATIENCE_S = 60.0
_SAMPLE_S = 1.0
_NOT_KEPT = ("generated_texts",)


@dataclass(frozen=True)
class SoakPlan:
    """What is to be held, and for how long."""

    minutes: float
    share: float
    """Of the knee's concurrency."""
    slice_s: float
    input_tokens: Lengths
    output_tokens: Lengths
    ignore_eos: bool
    drift_limit: float
    seed: int = 0

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


@dataclass(frozen=True)
class SoakServer:
    """What is under load."""

    engine: Engine
    target: Target
    words: Words
    memory: MemoryReader


@dataclass(frozen=True)
class SoakFiles:
    """Where a soak writes."""

    root: Path
    """Of the results."""
    name: str
    """Of the client's file below it, without the ending."""
    log: Path
    """The client's."""

    def keep(self, run: ClientRun) -> tuple[str, str]:
        """Keep the client's file without the texts, and return its name and its SHA-256."""
        kept = (self.root / self.name).with_suffix(".json.gz")
        raw = {key: value for key, value in json.loads(run.file).items() if key not in _NOT_KEPT}
        packed = gzip.compress(json.dumps(raw).encode(), mtime=0)
        kept.write_bytes(packed)
        return kept.relative_to(self.root).as_posix(), hashlib.sha256(packed).hexdigest()


Judge = Callable[[LoadResult, Watch], tuple[Check, ...]]
"""Holds a load against the limits."""


@dataclass(frozen=True)
class SoakBench:
    """Holds the load of a plan on a server."""

    client: LoadClient
    plan: SoakPlan
    judge: Judge
    reporter: Reporter

    def run(self, knee: Knee, server: SoakServer, files: SoakFiles, arm: str | None = None) -> Soak:
        """Return what became of the server; void where the load was not what it claims to be.

        Raises:
            WorkerError: the client failed.
        """
        concurrency = share_of(knee, self.plan.share)
        bare = self._bare(knee, concurrency, arm)
        name = f"{arm}: soak" if arm else "soak"
        try:
            with self.reporter.task(f"{name}, sizing"):
                rate = self._rate(concurrency, server, files)
            if not rate:
                return bare.model_copy(update={"void": ("no request of the load that sizes the soak was answered",)})
            with self.reporter.task(f"{name}, {self.plan.minutes:g} minutes at concurrency {concurrency}"):
                return self._held(bare, rate, server, files)
        except LoadTimeoutError as problem:
            return bare.model_copy(update={"void": (problem.message.partition(". ")[0],)})

    def _bare(self, knee: Knee, concurrency: int, arm: str | None) -> Soak:
        plan = self.plan
        return Soak(
            arm=arm,
            minutes=plan.minutes,
            knee=knee,
            share=plan.share,
            concurrency=concurrency,
            input_tokens=plan.input_tokens,
            output_tokens=plan.output_tokens,
            lengths="fixed by ignore_eos" if plan.ignore_eos else "natural",
            drift_limit=plan.drift_limit,
            confidence=CONFIDENCE,
            requests=0,
            failed=0,
        )

    def _rate(self, concurrency: int, server: SoakServer, files: SoakFiles) -> float:
        """Return the requests per second of a short load, by its steady state: a soak has hardly any ramps."""
        spec = self.plan.load(concurrency).with_requests(_SIZING_WAVES * concurrency)
        spec = spec.model_copy(update={"seed": self.plan.seed + _SIZING_SEED})
        result = self._result(self._offer(spec, server, files))
        return result.output_tokens_per_s * result.answered / result.output_tokens if result.output_tokens else 0.0

    def _held(self, bare: Soak, rate: float, server: SoakServer, files: SoakFiles) -> Soak:
        spec = sized(self.plan.load(bare.concurrency), rate)
        timeline = Timeline(server.engine, server.memory, every_s=min(_SAMPLE_S, self.plan.slice_s / 2))
        with ExitStack() as stack:
            watch = stack.enter_context(Watch(server.engine))
            stack.enter_context(timeline)
            run = self._offer(spec, server, files)
        result = self._result(run)
        watch.settle(result.output_tokens)
        found = self.judge(result, watch)
        raw_file, raw_sha256 = files.keep(run)
        told = bare.model_copy(
            update={
                "requests": result.sent,
                "failed": result.failed,
                "duration_s": result.duration_s,
                "memory_of": server.memory.memory_of,
                "void": void_reasons(found) or None,
                "not_checked": {check.name: check.reason or "" for check in found if not check.checked},
                "engine": watch.engine,
                "machine": watch.machine,
                "raw_file": raw_file,
                "raw_sha256": raw_sha256,
            }
        )
        answers = answers_of(json.loads(run.file), chat=server.target.chat)
        return told if told.void else divided(told, answers, self.plan.slice_s, timeline.samples(result.duration_s))

    def _offer(self, spec: LoadSpec, server: SoakServer, files: SoakFiles) -> ClientRun:
        limit_s = _PATIENCE_S + _SLOWER * 60 * self.plan.minutes
        output = (files.root / files.name).with_suffix(".json")
        run = self.client.run(spec, server.target, server.words, output, files.log, limit_s=limit_s)
        output.unlink()
        return run

    def _result(self, run: ClientRun) -> LoadResult:
        return result_of(run.asked, run.file, self.client.version, run.cpu_s)


def sized(spec: LoadSpec, rate_per_s: float) -> LoadSpec:
    """Return a timed load as the requests that keep its window full at a rate, and those that are cut off beside it."""
    return spec.with_requests(math.ceil(rate_per_s * (spec.duration_s or 0)) + _CUT_WAVES * (spec.concurrency or 1))


def divided(soak: Soak, answers: Sequence[Answer], slice_s: float, samples: Sequence[Sample]) -> Soak:
    """Return a soak with slices and what they show; void where beside the first requests there was nothing."""
    window = window_of(answers, soak.concurrency)
    if window is None:
        reason = f"{soak.concurrency} requests at once did not last beyond the first ones; ask for more minutes"
        return soak.model_copy(update={"void": (reason,)})
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
