"""All runs of one arm, one concurrency after the other, on one start of its engine."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from eval.arms.kernel import check_fast_kernel, check_kernel
from eval.arms.setup import EngineSetup
from eval.arms.weight_size import held_by, held_gib
from eval.bench.arm_runs import ArmRuns
from eval.bench.load.descriptors import too_few
from eval.bench.peak_memory import memory_watch
from eval.bench.points import LevelRuns
from eval.bench.proof import proof_of, with_peak
from eval.bench.result import ArmLoad, EngineMemory
from pipeline.base.progress import Task
from pipeline.engines.vllm import VllmFacts, VllmServer
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext


@dataclass(frozen=True)
class ArmSweep:
    """What was found of an arm."""

    load: ArmLoad
    """Without points."""
    levels: tuple[LevelRuns, ...]


@dataclass(frozen=True)
class Sweep:
    """The runs of one arm."""

    runs: ArmRuns
    setup: EngineSetup
    recipe: Recipe
    context: RunContext

    def run(self) -> ArmSweep:
        """Make the runs that were not made before; the engine is started only where there are some.

        Raises:
            EngineError: the engine did not start, or died.
            WorkerError: the client failed.
        """
        levels = tuple(self._known(concurrency) for concurrency in self.recipe.bench.concurrency)
        load = self.runs.kept.engine(self._identity)
        if load is not None and all(level.void or self._is_whole(level) for level in levels):
            return ArmSweep(load, levels)
        reused = self.context.slot.holds(self.setup.identity(self.runs.arm))
        with self.setup.running(self.runs.arm, "bench", self.context) as server:
            earlier = load.proof.memory.peak if load and load.proof else None
            load = self._load(server, reused=reused)
            self.runs.kept.keep_engine(self._identity, load)
            total = self.recipe.bench.repeats * len(levels)
            memory = memory_watch(server.pid, self.setup.accelerator)
            with memory, self.context.reporter.task(self.runs.arm, total=total) as task:
                measured = tuple(self._measured(server, levels, task))
            load = load.model_copy(update={"proof": load.proof and with_peak(load.proof, earlier, memory.peak())})
            self.runs.kept.keep_engine(self._identity, load)
            return ArmSweep(load, measured)

    @property
    def _identity(self) -> list[object]:
        return [self.runs.arm, *self.runs.depends_on]

    def _known(self, concurrency: int) -> LevelRuns:
        """Return a level with the runs that were made before."""
        numbers = range(1, self.recipe.bench.repeats + 1)
        runs = tuple(run for number in numbers if (run := self.runs.known(concurrency, number)))
        obstacle = too_few(concurrency)
        requests = self.recipe.bench.requests_per_concurrency * concurrency
        return LevelRuns(concurrency, requests, runs, (obstacle,) if obstacle else ())

    def _is_whole(self, level: LevelRuns) -> bool:
        return len(level.valid) == self.recipe.bench.repeats

    def _measured(self, server: VllmServer, levels: tuple[LevelRuns, ...], task: Task) -> Iterator[LevelRuns]:
        for place, level in enumerate(levels):
            task.update(done=place * self.recipe.bench.repeats)
            yield level if level.void or self._is_whole(level) else self._level(server, level, task, place)

    def _level(self, server: VllmServer, level: LevelRuns, task: Task, place: int) -> LevelRuns:
        """Return a level with the runs that were missing; a run that is void for good ends it."""
        repeats = self.recipe.bench.repeats
        known = {run.number: run for run in level.runs}
        self.runs.warm_up(server, level.concurrency)
        for number in range(1, repeats + 1):
            task.update(done=place * repeats + number - 1)
            if number in known:
                continue
            made = self.runs.measure(server, level.concurrency, number)
            level = replace(level, runs=(*level.runs, *made), void=made[-1].void)
            if level.void:
                break
        return level

    def _load(self, server: VllmServer, *, reused: bool) -> ArmLoad:
        facts = server.facts()
        kernel = (self.setup, self.runs.arm, facts.kernel, server.log.name)
        check_kernel(*kernel)
        check_fast_kernel(*kernel, self.context.machine)
        memory = self._memory(facts)
        return ArmLoad(
            arm=self.runs.arm,
            engine_version=facts.version,
            kernel=facts.kernel,
            dtype=self.recipe.engine.dtype,
            memory=memory,
            start_seconds=server.start_seconds,
            reused=reused,
            points=(),
            proof=proof_of(facts, server.environment, self.context.machine.simd, memory.weights_gib),
        )

    def _memory(self, facts: VllmFacts) -> EngineMemory:
        weights = self.setup.weights[self.runs.arm]
        return EngineMemory(
            weights_gib=held_gib(weights) if facts.weights_gib is None else facts.weights_gib,
            weights_from=held_by(weights) if facts.weights_gib is None else "engine",
            kv_cache_tokens=facts.kv_cache_tokens,
            max_concurrency=facts.max_concurrency,
            context_tokens=self.recipe.engine.max_model_len,
        )
