"""The runs of one arm: made before, or made now on its running engine."""

from dataclasses import dataclass

from eval.bench.load.spec import LoadSpec
from eval.bench.load.validity import Limits
from eval.bench.measurement import LoadMeasurement
from eval.bench.recipe_load import open_loops_of, spec_of, warm_up_of
from eval.bench.resume import KeptRuns
from eval.bench.runs import LoadRun, Measured, OpenLoopRun, judged
from pipeline.base.progress import Reporter
from pipeline.engines.engine import Engine
from pipeline.recipe.bench import Bench

_ATTEMPTS = 2
"""A run that is void is made once again: most disturbances pass."""


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
        runs: list[LoadRun] = []
        for attempt in range(1, _ATTEMPTS + 1):
            found = self._kept(spec_of(self.settings, concurrency, number, attempt))
            if found:
                runs.append(judged(found, number, attempt, self.limits))
                if runs[-1].figures:
                    return tuple(runs)
        return ()

    def measure(self, engine: Engine, concurrency: int, number: int) -> tuple[LoadRun, ...]:
        """Make one run on the running engine, once again where it is void; the last one decides.

        Raises:
            EngineError: the engine died.
            WorkerError: the client failed.
        """
        runs: list[LoadRun] = []
        for attempt in range(1, _ATTEMPTS + 1):
            run = self._made(engine, concurrency, number, attempt)
            runs.append(run)
            if run.figures:
                break
            again = "; it is made once again" if attempt < _ATTEMPTS else ""
            self.reporter.warn(f"{self._name(concurrency)}, run {number} is void: {'; '.join(run.void)}{again}")
        return tuple(runs)

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
        specs = [open_loops_of(self.settings, attempt)[place] for attempt in range(1, _ATTEMPTS + 1)]
        for attempt, spec in enumerate(specs, start=1):
            kept = self._kept(spec)
            if kept and (known := judged(kept, 1, attempt, self.limits)).figures:
                return known
        made: LoadRun | None = None
        for attempt, spec in enumerate(specs, start=1):
            if engine is None or (made and made.figures):
                break
            made = judged(self._offered(engine, spec), 1, attempt, self.limits)
            if made.void:
                self.reporter.warn(f"{self.arm}: {spec.level} is void: {'; '.join(made.void)}")
        return made

    def _offered(self, engine: Engine, spec: LoadSpec) -> Measured:
        with self.reporter.task(f"{self.arm}: {spec.level}"):
            name = f"{self.arm}/{spec.level.replace(' ', '-')}-seed-{spec.seed}"
            measured = self.measurement.measure(engine, spec, name)
        self.kept.keep(self._key(spec), measured)
        return measured

    def warm_up(self, engine: Engine, concurrency: int) -> None:
        """Offer what comes before the first run at a concurrency.

        Raises:
            EngineError: the engine died.
            WorkerError: the client failed.
        """
        with self.reporter.task(f"{self._name(concurrency)}, warm-up"):
            self.measurement.warm_up(engine, warm_up_of(self.settings, concurrency))

    def _made(self, engine: Engine, concurrency: int, number: int, attempt: int) -> LoadRun:
        spec = spec_of(self.settings, concurrency, number, attempt)
        again = ".again" if attempt > 1 else ""
        name = f"{self.arm}/concurrency-{concurrency}-run-{number}{again}"
        with self.reporter.task(f"{self._name(concurrency)}, run {number}"):
            measured = self.measurement.measure(engine, spec, name)
        self.kept.keep(self._key(spec), measured)
        return judged(measured, number, attempt, self.limits)

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
