"""What the benchmarked arms are measured with: real weights, or such as the engine makes up."""

from dataclasses import asdict

from eval.arms.dummy import dummy_setup, with_dummies
from eval.arms.setup import EngineSetup, engine_setup
from eval.bench.dummy_weights import DummyWeights
from pipeline.recipe.arms import with_engine
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord


def bench_setup(recipe: Recipe, context: RunContext, record: RunRecord) -> tuple[DummyWeights | None, EngineSetup]:
    """Return the test setup for the arms in `bench.arms`, and what has to be said of made-up weights.

    Raises:
        RecipeError: an arm cannot be had without its weights.
        MissingStageError: an arm is the control, and the run has none.
        SourceError: a checkpoint is not what its manifest says, or the source model is gone.
        EnvironmentLackError: the engine, or what the recipe asks of it, cannot run here.
    """
    arms = tuple(arm.name for arm in with_engine(recipe.benchmarked))
    if recipe.bench.dummy_weights:
        made_up, setup = dummy_setup(recipe, context, arms)
        return DummyWeights(**asdict(made_up)), setup
    return None, with_dummies(engine_setup(recipe, context, record, arms), recipe, context, arms)
