"""All runs on all arms: whose engine is up when, what is measured on it, and whether arms may be compared.

Which engine comes first is drawn, also where `eval` left one running: that one is measured as it is only if the recipe
says so (`bench.reuse_engine`) and its arm is drawn first. It has answered thousands of requests when the other engine
has just started, so the result calls it `reused`; otherwise it is stopped, and every arm's engine is as old as the
other's. Every start is warmed up alike: at each concurrency one whole batch, apart from what is measured.
"""

from eval.arms.kernel import check_fast_kernel, check_kernel
from eval.arms.setup import EngineSetup
from eval.arms.weight_size import held_by, held_gib
from eval.bench.arm_progress import ArmProgress
from eval.bench.arm_runs import ArmRuns
from eval.bench.engine_proof import PeakMemory
from eval.bench.fair_arms import FairArms
from eval.bench.peak_memory import memory_watch
from eval.bench.points import LevelRuns
from eval.bench.proof import proof_of, with_peak
from eval.bench.result import ArmLoad, EngineMemory
from eval.bench.runs import NO_OPEN_LOOPS
from eval.bench.schedule import Turn, drawn_order, turns
from eval.bench.settings_diff import ArmSettings, arm_settings, check_comparable, differences
from pipeline.base.progress import Task
from pipeline.engines.vllm import VllmFacts, VllmServer
from pipeline.hardware.health.selection import used_by
from pipeline.recipe.arms import BASELINE
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext


class Sweep:
    """The runs of all arms, in a fair order."""

    def __init__(self, runs: dict[str, ArmRuns], setup: EngineSetup, recipe: Recipe, context: RunContext) -> None:
        """Take the arms' runs by name.

        Args:
            runs: in the order of the recipe.
            setup: of the engines.
            recipe: says what is measured, and how often.
            context: of the run.
        """
        self._runs = runs
        self._setup = setup
        self._recipe = recipe
        self._context = context
        self._settings = recipe.bench
        self._drawn = drawn_order(tuple(runs), recipe.bench.seed)
        self._arms = {arm: ArmProgress(one) for arm, one in runs.items()}
        self._open_loops = dict.fromkeys(runs, NO_OPEN_LOOPS)
        self._loads = {arm: load for arm in runs if (load := runs[arm].kept.engine(self._identity(arm)))}

    def run(self) -> None:
        """Make the runs that were not made before; an engine is started only where there are some.

        Raises:
            EngineError: an engine did not start, or died.
            VoidMeasurementError: engines differ in settings that change speed.
            WorkerError: the client failed.
        """
        first = range(self._settings.first_repeats)
        alternating = self._settings.order == "alternate"
        for turn in turns(self._settings.order, self._drawn, first):
            self._turn(turn, last=not alternating)
        if alternating:
            for arm, progress in self._arms.items():
                progress.decide(self._loads[arm].start_seconds)
            further = range(first.stop, max(progress.last for progress in self._arms.values()))
            for turn in turns("alternate", self._drawn, further):
                self._turn(turn, last=False)

    def load(self, arm: str) -> ArmLoad:
        """Return what an arm's engine said of itself, without points."""
        return self._loads[arm].model_copy(update={"open_loop": self._open_loops[arm]})

    def levels(self, arm: str) -> tuple[LevelRuns, ...]:
        """Return every level of an arm with its runs."""
        return self._arms[arm].levels

    def fair(self) -> FairArms:
        """Return the order, the repeats and the settings."""
        stated = {arm: ArmSettings(arm, load.settings) for arm, load in self._loads.items()}
        reference = stated.get(BASELINE) or stated[next(iter(self._runs))]
        return FairArms(
            order=self._settings.order,
            seed=self._settings.seed,
            drawn=self._drawn,
            first_repeats=self._settings.first_repeats,
            precision=self._settings.precision,
            repeats={arm: progress.repeats for arm, progress in self._arms.items() if progress.repeats},
            reference=reference.arm,
            differences=tuple(one for arm in self._runs for one in differences(reference, stated[arm])),
        )

    def _identity(self, arm: str) -> list[object]:
        return [arm, *self._runs[arm].depends_on]

    def _turn(self, turn: Turn, *, last: bool) -> None:
        """Start an arm's engine and make its repeats; in its last start also those that the first show to be needed."""
        progress = self._arms[turn.arm]
        first = range(turn.repeats.start + 1, turn.repeats.stop + 1)
        if last and progress.is_whole(first):
            progress.decide()
        wanted = range(first.start, progress.last + 1) if last else first
        known = turn.repeats.start > 0 or self._has_open_loops(turn.arm)
        if known and turn.arm in self._loads and progress.is_whole(wanted):
            return
        held = self._settings.reuse_engine and self._settings.order == "blocks"
        reused = held and self._context.slot.holds(self._setup.identity(turn.arm))
        gpus = used_by(self._recipe.engine.workers, self._setup.accelerator)
        with self._setup.running(turn.arm, "bench", self._context, fresh=not reused) as server:
            self._started(turn.arm, server, reused=reused)
            with memory_watch(server.pid, gpus) as memory:
                progress.warm_up(server)
                with self._context.reporter.task(turn.arm, total=_amount(progress, first)) as task:
                    self._measure(progress, server, first, task)
                if not known:
                    self._open_loops[turn.arm] = self._runs[turn.arm].open_loops(server) or NO_OPEN_LOOPS
                if last:
                    progress.decide()
                    further = range(first.stop, progress.last + 1)
                    if not progress.is_whole(further):
                        with self._context.reporter.task(turn.arm, total=_amount(progress, further)) as task:
                            self._measure(progress, server, further, task)
            self._keep(_with_peak(self._loads[turn.arm], memory.peak()))

    def _has_open_loops(self, arm: str) -> bool:
        """Return whether all runs at the recipe's rates were made before, and take them."""
        found = self._runs[arm].open_loops(None)
        self._open_loops[arm] = found or NO_OPEN_LOOPS
        return found is not None

    def _measure(self, progress: ArmProgress, server: VllmServer, numbers: range, task: Task) -> None:
        done = 0
        for number in numbers:
            for concurrency in progress.missing(number):
                task.update(done=done)
                progress.measure(server, concurrency, number)
                done += 1

    def _started(self, arm: str, server: VllmServer, *, reused: bool) -> None:
        """Take what an engine says of itself, and refuse it where it could not be compared with those before."""
        load = self._load(arm, server, reused=reused)
        for other in self._loads.values():
            check_comparable(ArmSettings(other.arm, other.settings), ArmSettings(arm, load.settings))
        if arm not in self._loads:
            self._keep(load)

    def _keep(self, load: ArmLoad) -> None:
        self._loads[load.arm] = load
        self._runs[load.arm].kept.keep_engine(self._identity(load.arm), load)

    def _load(self, arm: str, server: VllmServer, *, reused: bool) -> ArmLoad:
        facts = server.facts()
        check_kernel(self._setup, arm, facts.kernel, server.log.name)
        check_fast_kernel(self._setup, arm, facts.kernel, server.log.name, self._context.machine)
        memory = self._memory(arm, facts)
        beside = {
            "engine_version": facts.version,
            "kv_cache_tokens": facts.kv_cache_tokens,
            "max_concurrency": facts.max_concurrency,
            "reused": reused,
        }
        stated = arm_settings(arm, server.command, server.environment, [facts.settings, facts.configuration, beside])
        return ArmLoad(
            arm=arm,
            engine_version=facts.version,
            kernel=facts.kernel,
            dtype=self._recipe.engine.dtype,
            memory=memory,
            start_seconds=server.start_seconds,
            reused=reused,
            settings=dict(stated.values),
            points=(),
            proof=proof_of(facts, server.environment, self._context.machine.simd, memory.weights_gib),
            dummy_weights=self._setup.weights[arm].dummy,
        )

    def _memory(self, arm: str, facts: VllmFacts) -> EngineMemory:
        weights = self._setup.weights[arm]
        return EngineMemory(
            weights_gib=held_gib(weights) if facts.weights_gib is None else facts.weights_gib,
            weights_from=held_by(weights) if facts.weights_gib is None else "engine",
            kv_cache_tokens=facts.kv_cache_tokens,
            max_concurrency=facts.max_concurrency,
            context_tokens=self._recipe.engine.max_model_len,
        )


def _with_peak(load: ArmLoad, peak: PeakMemory | None) -> ArmLoad:
    """Return the same with the largest peak of all starts of the engine."""
    if load.proof is None:
        return load
    return load.model_copy(update={"proof": with_peak(load.proof, load.proof.memory.peak, peak)})


def _amount(progress: ArmProgress, numbers: range) -> int:
    return sum(len(progress.missing(number)) for number in numbers)
