"""The soaks of a recipe: made before, or made now, each on a running engine of its arm."""

from dataclasses import dataclass

from eval.arms.setup import EngineSetup
from eval.bench.load.spec import LoadSpec
from eval.bench.measurement import LoadMeasurement
from eval.bench.recipe_load import limits_of
from eval.bench.result import BenchResult
from eval.bench.resume import KeptRuns
from eval.bench.soak.figures import Knee
from eval.bench.soak.knee import knee_of
from eval.bench.soak.memory import server_memory
from eval.bench.soak.recipe_soak import plan_of, soaked_arms
from eval.bench.soak.result import Soak
from eval.bench.soak.soak import Offered, SoakBench, SoakPlan, bare_soak
from pipeline.base.errors import EngineDiedError
from pipeline.engines.engine import Engine
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext


@dataclass(frozen=True)
class ArmSoaks:
    """What all soaks of a benchmark share; they come after the sweeps, which tell the knees."""

    measurement: LoadMeasurement
    kept: KeptRuns
    setup: EngineSetup
    recipe: Recipe
    context: RunContext
    depends_on: tuple[object, ...]
    """What names machine and client, as JSON-ready values."""

    def run(self, sweeps: BenchResult) -> tuple[Soak, ...]:
        """Return the soaks that the recipe asks for; an engine is started only for one that was not made before.

        Raises:
            EngineError: an engine did not start.
            WorkerError: the client failed.
        """
        plan, arms = plan_of(self.recipe), soaked_arms(self.recipe)
        if plan is None:
            return ()
        # The engine that the last sweep left running is held first: it would have to be stopped.
        order = sorted(arms, key=lambda arm: not self.context.slot.holds(self.setup.identity(arm)))
        found = {arm: self._soak(arm, plan, _knee(sweeps, arm, self.recipe)) for arm in order}
        return tuple(found[arm] for arm in arms)

    def _soak(self, arm: str, plan: SoakPlan, knee: Knee) -> Soak:
        key = [
            *("soak", arm, self.setup.identity(arm), *self.depends_on),
            *(plan.document(), knee.model_dump(mode="json"), self.recipe.bench.limits.model_dump(mode="json")),
        ]
        known = self.kept.soak(key)
        if known is not None:
            return known
        try:
            with self.setup.running(arm, "bench", self.context) as server:
                soak = self._held(arm, plan, knee, server)
        except EngineDiedError as problem:  # what the soak was to find out, and no reason to lose the sweeps
            reason = problem.message.partition(". ")[0].removesuffix(".")
            soak = bare_soak(plan, knee, arm).model_copy(update={"void": (reason,)})
        if soak.void:
            self.context.reporter.warn(f"{arm}: the soak is void: {'; '.join(soak.void)}")
        self.kept.keep_soak(key, soak)
        return soak

    def _held(self, arm: str, plan: SoakPlan, knee: Knee, engine: Engine) -> Soak:
        def offer(spec: LoadSpec, name: str, limit_s: float) -> Offered:
            made = self.measurement.measure(engine, spec, name, limit_s=limit_s)
            return Offered(made.evidence, self.measurement.answers(made.raw.name), made.raw, made.health)

        limits = limits_of(self.recipe.bench.limits)
        with server_memory(engine.base_url, self.measurement.gpus) as memory:
            return SoakBench(plan, offer, engine, memory, limits, self.context.reporter).run(knee, arm)


def _knee(sweeps: BenchResult, arm: str, recipe: Recipe) -> Knee:
    throughput = {point.concurrency: point.output_tokens_per_s for point in sweeps.of(arm).points}
    return knee_of(throughput, recipe.bench.concurrency[-1])
