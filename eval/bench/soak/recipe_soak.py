"""The soak of a recipe: which arms are held under load, and the plan."""

from eval.bench.soak.soak import SoakPlan
from pipeline.recipe.arms import BASELINE, of_kind, with_engine
from pipeline.recipe.recipe import Recipe


def soaked_arms(recipe: Recipe) -> tuple[str, ...]:
    """Return the arms of engines of ours that are held under load, in the order of the recipe; none without a soak."""
    settings = recipe.bench.soak
    measured = [arm.name for arm in with_engine(recipe.benchmarked)]
    if settings is None:
        return ()
    if settings.arms is not None:
        return tuple(arm for arm in measured if arm in settings.arms)
    others = [arm for arm in measured if arm != BASELINE]
    return tuple((others or measured)[:1])


def soaked_endpoints(recipe: Recipe) -> tuple[str, ...]:
    """Return the endpoints that the recipe's soak names."""
    named = (recipe.bench.soak.arms if recipe.bench.soak else None) or ()
    return tuple(arm.name for arm in of_kind(recipe.benchmarked, "endpoint") if arm.name in named)


def plan_of(recipe: Recipe) -> SoakPlan | None:
    """Return the plan of the recipe's soak; None where it asks for none."""
    settings = recipe.bench.soak
    if settings is None:
        return None
    outputs = settings.output_tokens or recipe.bench.output_tokens
    prompts = settings.prompts(recipe.engine.max_model_len - outputs.high)
    return SoakPlan(
        minutes=settings.minutes,
        share=settings.share,
        slice_s=settings.slice_s,
        input_tokens=prompts,
        output_tokens=outputs,
        ignore_eos=not settings.natural_lengths,
        drift_limit=settings.drift_limit,
        seed=recipe.bench.seed,
    )
