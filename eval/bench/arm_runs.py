"""The runs of one arm: made before, or made now on its running engine."""

from collections.abc import Sequence
from dataclasses import dataclass

from eval.bench.load.spec import LoadSpec
from eval.bench.load.validity import Limits
from eval.bench.measurement import LoadMeasurement
from eval.bench.recipe_load import open_loops_of, spec_of, warm_up_of
from eval.bench.resume import KeptRuns
from eval.bench.runs import LoadRun, Measured, OpenLoopRun, judged
from pipeline.base.errors import SourceError
from pipeline.base.progress import Reporter
from pipeline.engines.engine import Engine
from pipeline.recipe.bench import Bench

_ATTEMPTS = (1, 2)
"""A run that is void is made once again: most disturbances pass."""
_Attempts = Sequence[tuple[LoadSpec, str]]
"""The loads that a run is tried with, one after the other, and the names of their files."""


@dataclass(frozen=True)
class ArmRuns:
    """What all runs of an arm share; in which order they are made is not its concern."""

    arm: str
    settings: Bench
    measurement: LoadMeasurement
    kept: KeptRuns
    depends_on: tuple[object, ...]
    """What names engine, weights, machine and client, as JSON-ready values."""
    limits: Limits
    reporter: Reporter

    def known(self, concurrency: int, number: int) -> tuple[LoadRun, ...]:
        """Return a run that was made before and stands, behind a void one that it was made again for.

        Empty where it has to be made.

        Args:
            concurrency: requests under way.
            number: of the repeat, from 1.
        """
        return self._known(self._closed_loop(concurrency, number), number)

    def measure(self, engine: Engine, concurrency: int, number: int) -> tuple[LoadRun, ...]:
        """Make one run on the running engine, once again where it is void and there are prompts; the last one decides.

        Raises:
            EngineError: the engine died.
            WorkerError: the client failed.
        """
        title = f"{self._name(concurrency)}, run {number}"
        return self._made(engine, self._closed_loop(concurrency, number), number, title)

    def open_loops(self, engine: Engine | None) -> tuple[OpenLoopRun, ...] | None:
        """Return the runs at the recipe's rates, made before or now; None where some are to be made without an engine.

        Raises:
            EngineError: the engine died.
            WorkerError: the client failed.
        """
        found: list[OpenLoopRun] = []
        for place, spec in enumerate(open_loops_of(self.settings)):
            run = self._open_loop(engine, place)
            if run is None:
                return None
            rate = spec.arrivals.rate_per_s if spec.arrivals else 0.0
            found.append(OpenLoopRun(rate_per_s=rate, requests=spec.requests or 0, run=run))
        return tuple(found)

    def _open_loop(self, engine: Engine | None, place: int) -> LoadRun | None:
        """Return a run that stands, or on an engine the last one that was made."""
        specs = [open_loops_of(self.settings, attempt)[place] for attempt in _ATTEMPTS]
        attempts = [(spec, f"{self.arm}/{spec.level.replace(' ', '-')}-seed-{spec.seed}") for spec in specs]
        runs = self._known(attempts, 1)
        if not runs and engine is not None:
            runs = self._made(engine, attempts, 1, f"{self.arm}: {specs[0].level}")
        return runs[-1] if runs else None

    def warm_up(self, engine: Engine, concurrency: int) -> None:
        """Offer what comes before the first run at a concurrency.

        Raises:
            EngineError: the engine died.
            WorkerError: the client failed.
        """
        with self.reporter.task(f"{self._name(concurrency)}, warm-up"):
            self.measurement.warm_up(engine, warm_up_of(self.settings, concurrency))

    def _closed_loop(self, concurrency: int, number: int) -> _Attempts:
        name = f"{self.arm}/concurrency-{concurrency}-run-{number}"
        return [
            (spec_of(self.settings, concurrency, number, attempt), f"{name}.again" if attempt > 1 else name)
            for attempt in _ATTEMPTS
        ]

    def _known(self, attempts: _Attempts, number: int) -> tuple[LoadRun, ...]:
        """Return the attempts that were made before, up to the one that stands; none where none does."""
        runs: list[LoadRun] = []
        for attempt, (spec, _) in zip(_ATTEMPTS, attempts, strict=True):
            if found := self._kept(spec):
                runs.append(judged(found, number, attempt, self.limits))
                if runs[-1].figures:
                    return tuple(runs)
        return ()

    def _made(self, engine: Engine, attempts: _Attempts, number: int, title: str) -> tuple[LoadRun, ...]:
        """Make the attempts on an engine until one stands, or there are no prompts for another."""
        runs: list[LoadRun] = []
        for attempt, (spec, name) in zip(_ATTEMPTS, attempts, strict=True):
            try:
                with self.reporter.task(title):
                    measured = self.measurement.measure(engine, spec, name)
            except SourceError as problem:
                if not runs:
                    raise
                self.reporter.warn(f"{title} is not made again: {problem.message}")
                break
            self.kept.keep(self._key(spec), measured)
            runs.append(judged(measured, number, attempt, self.limits))
            if runs[-1].figures:
                break
            again = "; it is made once again" if attempt < _ATTEMPTS[-1] else ""
            self.reporter.warn(f"{title} is void: {'; '.join(runs[-1].void)}{again}")
        return tuple(runs)

    def _kept(self, spec: LoadSpec) -> Measured | None:
        """Return a run that was made before, to be judged by what the client is known to measure rightly today."""
        found = self.kept.run(self._key(spec))
        if found is None:
            return None
        today = {"ceiling_tokens_per_s": self.measurement.ceiling_tokens_per_s}
        return found.model_copy(update={"evidence": found.evidence.model_copy(update=today)})

    def _key(self, spec: LoadSpec) -> list[object]:
        """Return what a run depends on; runs of one start of an engine are none of a start each."""
        settings, prompts = self.settings, self.measurement.prompts.identity(spec)
        return [
            *(self.arm, *self.depends_on, settings.order, settings.warmup_requests),
            *(prompts, spec.model_dump(mode="json")),
        ]

    def _name(self, concurrency: int) -> str:
        return f"{self.arm}: concurrency {concurrency}"
