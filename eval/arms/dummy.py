"""Arms without weights: the engine makes them up, so that speed and memory are known before anything is downloaded.

vLLM fills every tensor, packed 4-bit ones included, and runs the same kernels on them, in the same steps whatever
numbers they get. What such an engine answers means nothing.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from eval.arms.setup import EngineSetup, Weights
from pipeline.base.errors import EnvironmentLackError, RecipeError
from pipeline.base.identity import document_identity
from pipeline.catalogue.models import catalogued
from pipeline.engines.preflight import check_engine
from pipeline.hardware.requirements import check_arms_hardware
from pipeline.models.dummy import Shape, shape_of, with_architecture, write_dummy_model
from pipeline.models.trust import read_config
from pipeline.recipe.arms import AWQ, BASELINE, Arm, of_kind
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext

FOLDER = "dummy"
"""Of the output folder: what engines start from."""
_GROUP_SIZE = 128


@dataclass(frozen=True)
class MadeUp:
    """What weights were made up from."""

    model: str
    """As the recipe names it."""
    commit: str | None
    """Of a hub model."""
    configuration: Literal["config.json", "catalogue"]
    tokenizer: Literal["own", "stand-in"]
    group_size: int
    """Of the 4-bit arms."""
    zero_point: bool


def dummy_setup(recipe: Recipe, context: RunContext, arms: tuple[str, ...]) -> tuple[MadeUp, EngineSetup]:
    """Return what has to be said of made-up weights, and the test setup for the recipe's arms with them.

    Raises:
        RecipeError: an arm is known by its weights alone.
        SourceError: there is no configuration of the model.
        EnvironmentLackError: the engine, or what the recipe asks of it, cannot run here.
    """
    measured = [arm for arm in recipe.arms if arm.name in (*arms, BASELINE, AWQ)]
    _refuse(measured)
    check_arms_hardware(recipe, context.resolved, context.machine, arms=arms, batch_invariant=False)
    check_engine(recipe.engine, context.resolved, context.machine)
    shape, quantization = _shape(recipe, context), _quantization(recipe)
    weights = _made(measured, shape, quantization, context)
    said = MadeUp(
        model=recipe.model.source,
        commit=shape.commit,
        configuration="catalogue" if shape.folder is None else "config.json",
        tokenizer="own" if shape.has_tokenizer else "stand-in",
        group_size=quantization["group_size"],
        zero_point=quantization["zero_point"],
    )
    setup = EngineSetup(
        runtime=context.runtime("vllm"),
        accelerator=context.resolved,
        engine=recipe.engine,
        weights=weights,
        trust_remote_code=shape.trusts_code,
        api_key=context.slot.api_key,
    )
    return said, setup


def with_dummies(setup: EngineSetup, recipe: Recipe, context: RunContext, arms: tuple[str, ...]) -> EngineSetup:
    """Return a setup that has the recipe's arms of the kind `dummy`, too, shaped as its baseline."""
    asked = [arm for arm in of_kind(recipe.arms, "dummy") if arm.name in arms]
    if not asked:
        return setup
    baseline = setup.paths[BASELINE]
    shape = Shape(read_config(baseline / "config.json"), baseline, trusts_code=setup.trust_remote_code)
    return replace(setup, weights={**setup.weights, **_made(asked, shape, _quantization(recipe), context)})


def _made(arms: list[Arm], shape: Shape, quantization: dict[str, Any], context: RunContext) -> dict[str, Weights]:
    """Write the folders that engines start from; returns what arms are loaded from by name."""
    with context.staged(FOLDER) as folder:
        for arm in arms:
            write_dummy_model(shape, folder / arm.name, quantization if arm.is_4bit else None)
    return {arm.name: _weights(arm, context.out / FOLDER / arm.name, shape, quantization) for arm in arms}


def _shape(recipe: Recipe, context: RunContext) -> Shape:
    """Return the model's configuration; of a hub model that cannot be asked for, the one in the catalogue."""
    try:
        return shape_of(recipe.model, context.recipe_dir)
    except EnvironmentLackError:
        found = catalogued(recipe.model.source)
        if found is None:
            raise
        entry, quantization = found
        if quantization is not None:
            raise RecipeError(
                f"{recipe.model.source} is a quantized checkpoint by its name. Set model.source to the original model; "
                f"the quantized arm is made from it."
            ) from None
        context.reporter.warn(
            f"The hub cannot be reached; the shape of {entry.name} is taken from the catalogue, which does not know "
            f"every key of its config.json."
        )
        return Shape(with_architecture(entry.config), None)


def _refuse(arms: list[Arm]) -> None:
    for arm in arms:
        if arm.kind == "checkpoint":
            raise RecipeError(
                f"The arm {arm.name} is of the kind `{arm.kind}`, which is known by what it holds, and with "
                f"bench.dummy_weights nothing is loaded. Leave it out of bench.arms."
            )


def _weights(arm: Arm, folder: Path, shape: Shape, quantization: dict[str, Any]) -> Weights:
    name = document_identity([dict(shape.config), quantization if arm.is_4bit else None, FOLDER])
    return Weights(folder, name, quantized=arm.is_4bit, online=arm.is_fp8, dummy=True)


def _quantization(recipe: Recipe) -> dict[str, Any]:
    """Return what AutoAWQ writes into the configuration of a checkpoint with the recipe's settings, or the usual ones.

    Layers that stay in 16 bit are named there in part: vLLM looks for the text in their names.
    """
    asked = recipe.quantize_or_none
    kept = [pattern.strip("*") for pattern in (asked.ignore if asked else ()) if pattern != "lm_head"]
    return {
        "quant_method": "awq",
        "bits": 4,
        "group_size": asked.group if asked else _GROUP_SIZE,
        "zero_point": asked.zero_point if asked else True,
        "version": "gemm",
        "modules_to_not_convert": kept or None,
    }
