"""The table of stages, in the order of a run, and what tells whether a result of theirs still holds."""

from collections.abc import Mapping

from eval.accuracy.stage import STAGE as EVAL
from eval.bench.stage import STAGE as BENCH
from eval.profile.stage import STAGE as PROFILE
from pipeline.base.errors import RecipeError, UsageError
from pipeline.base.identity import document_identity
from pipeline.quantize.stage import STAGE as QUANTIZE
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.recipe.recipe import Recipe, missing_section
from pipeline.record.context import RunContext
from pipeline.record.migrate import FORM
from pipeline.record.record import RunRecord
from pipeline.record.stage import SECTION, Need, Stage
from pipeline.report.stage import STAGE as REPORT
from pipeline.roi.stage import STAGE as ROI
from pipeline.runtimes.store import identity
from serve.stage import STAGE as SERVE

UPSTREAM = "the result of "
"""How the names of inputs begin that are results of other stages."""
_DUMMIES = "the recipe has dummy weights (bench.dummy_weights)"
STAGES = (QUANTIZE, EVAL, BENCH, PROFILE, ROI, SERVE, REPORT)


def stage_named(name: str) -> Stage:
    """Return a stage by name.

    Raises:
        UsageError: there is none of that name.
    """
    for stage in STAGES:
        if stage.name == name:
            return stage
    raise UsageError(f"There is no stage '{name}'; choose from {', '.join(stage.name for stage in STAGES)}.")


def stages_for(recipe: Recipe) -> tuple[tuple[Stage, ...], tuple[str, ...]]:
    """Return the stages that the recipe has everything for, and a sentence for each of the others."""
    chosen: list[Stage] = []
    notes: list[str] = []
    for stage in STAGES:
        lacks = stage.lacks(recipe)
        runs = {one.name for one in chosen}
        unmet = [need.stage for need in stage.reads(recipe) if not need.optional and need.stage not in runs]
        if lacks and stage.on_request:
            continue
        if recipe.bench.dummy_weights and not stage.takes_dummies:
            notes.append(f"{stage.name} is left out: {_DUMMIES}")
        elif lacks:
            notes.append(f"{stage.name} is left out: the recipe has no section `{lacks[0]}`")
        elif stage is REPORT and (absent := [arm for arm in (BASELINE, AWQ) if arm not in recipe.bench.arms]):
            notes.append(f"report is left out: it compares baseline and awq, and bench.arms has no {absent[0]}")
        elif unmet:
            notes.append(f"{stage.name} is left out: it needs {unmet[0]}")
        else:
            chosen.append(stage)
    return tuple(chosen), tuple(notes)


def check_sections(stage: Stage, recipe: Recipe) -> None:
    """Refuse a stage that this recipe is none for.

    Raises:
        RecipeError: names the section; or the weights of the recipe are made up, and the stage wants real ones.
    """
    if recipe.bench.dummy_weights and not stage.takes_dummies:
        raise RecipeError(
            f"`awqctl {stage.name}` has nothing to work with: {_DUMMIES}, which say something of speed and memory "
            f"alone. Set bench.dummy_weights to false."
        )
    for name in stage.lacks(recipe):
        raise missing_section(recipe, name, f"`awqctl {stage.name}`")


def settings_of(stage: Stage, recipe: Recipe) -> dict[str, object]:
    """Return what of the recipe the stage depends on, and the form of its result, as JSON-ready values by name."""
    return {**stage.settings(recipe), FORM: stage.result.version()}


def inputs_of(stage: Stage, recipe: Recipe, context: RunContext, record: RunRecord) -> dict[str, object]:
    """Return everything the stage's result depends on, as JSON-ready values by name.

    Upstream results enter by what they say, not by when they were made: quantizing again to the same bytes does
    not ask for a new evaluation.
    """
    inputs = settings_of(stage, recipe)
    for engine in stage.engines(recipe):
        inputs[f"runtime {engine}"] = identity(engine, context.resolved)
    inputs |= {name: identify(recipe, context, record) for name, identify in stage.files.items()}
    return inputs | upstream_of(stage, recipe, record)


def read_by(stage: Stage, recipe: Recipe, record: RunRecord) -> tuple[Need, ...]:
    """Return whose results the stage reads: those it cannot do without, and of the others those that are there.

    A result that the recipe has no section for any more is none of this recipe.
    """
    return tuple(need for need in stage.reads(recipe) if not need.optional or _is_there(need, recipe, record))


def _is_there(need: Need, recipe: Recipe, record: RunRecord) -> bool:
    return not stage_named(need.stage).lacks(recipe) and record.find(need.result) is not None


def upstream_of(stage: Stage, recipe: Recipe, record: RunRecord) -> dict[str, object]:
    """Return what the stage's result depends on of the results of others, as hashes by name."""
    found = {need: record.find(need.result) for need in read_by(stage, recipe, record)}
    return {
        f"{UPSTREAM}'{need.stage}'": document_identity(
            need.matters(result) if need.matters else record.done(need.stage).payload
        )
        for need, result in found.items()
        if result is not None
    }


def changes(after: Mapping[str, object], before: Mapping[str, object]) -> list[str]:
    """Return the names that differ; `recipe.bench.repeats` rather than `recipe.bench` where single keys do."""
    names = sorted(name for name in after.keys() | before.keys() if after.get(name) != before.get(name))
    return [detail for name in names for detail in _details(name, after.get(name), before.get(name))]


def _details(name: str, new: object, old: object) -> list[str]:
    if not (name.startswith(SECTION) and isinstance(new, dict) and isinstance(old, dict)):
        return [name]
    return [f"{name}.{key}" for key in sorted(new.keys() | old.keys()) if new.get(key) != old.get(key)]
