"""The runs of one arm: made before, or made now on its running engine."""

from dataclasses import dataclass

from eval.bench.load.spec import LoadSpec
from eval.bench.load.validity import Limits
from eval.bench.measurement import LoadMeasurement
from eval.bench.recipe_load import spec_of, warm_up_of
from eval.bench.resume import KeptRuns
from eval.bench.runs import LoadRun, judged
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

    def known(self, concurrency: int, number: int) -> LoadRun | None:
        """Return a run that was made before and stands; None where it has to be made.

        Args:
            concurrency: requests under way.
            number: of the repeat, from 1.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            spec = spec_of(self.settings, concurrency, number, attempt)
            found = self.kept.run(self._key(spec))
            if found and (run := judged(found, number, attempt, self.limits)).figures:
                return run
        return None

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

    def _key(self, spec: LoadSpec) -> list[object]:
        return [self.arm, *self.depends_on, self.settings.warmup_requests, spec.model_dump(mode="json")]

    def _name(self, concurrency: int) -> str:
        return f"{self.arm}: concurrency {concurrency}"
