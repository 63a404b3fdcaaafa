"""What a recipe's engines need, planned: one function behind `awqctl plan RECIPE` and every dry run."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from pipeline.base.errors import AwqctlError, DoesNotFitError, SourceError, UsageError
from pipeline.base.format import usd
from pipeline.base.results import Result
from pipeline.catalogue.configurations import PlanRequest, Plans, plans, speed
from pipeline.catalogue.cpu import CPU_HERE
from pipeline.catalogue.models import catalogued
from pipeline.catalogue.reference import planned_model
from pipeline.catalogue.target import Target, target_of
from pipeline.hardware.machine import Machine, probe_machine
from pipeline.models import local_folder
from pipeline.plan.cpu_result import CpuConfiguration
from pipeline.plan.result import ConfigurationPlan, NearestSettings, TokensPerSecond
from pipeline.plan.weights import QUANTIZATIONS
from pipeline.recipe.arms import AWQ, BASELINE, Arm, with_engine
from pipeline.recipe.load import SUFFIXES, load_recipe, packaged_recipes
from pipeline.recipe.model import ModelSource
from pipeline.recipe.recipe import Recipe

_BY_KIND = {BASELINE: "none", AWQ: AWQ, "rtn": AWQ, "fp8": "fp8"}
"""Kind of an arm -> what its weights are planned as; plain rounding is stored like AWQ."""
_GROUP = 128
"""Weights per scale of AWQ as it is planned."""
_PLANNED_ARGUMENTS = ("--max-num-batched-tokens", "--block-size")
_SHOWN = 4


class ArmPlan(Result):
    """One arm, which takes an engine of its own."""

    arm: str
    kind: str
    quantization: str | None
    """Of the configurations that are the arm's; null: not known before its checkpoint is here."""


class RecipePlans(Plans):
    """The plan of a recipe, as `awqctl plan RECIPE --json` prints it and dry runs have it under `plan`."""

    target: str
    """What it is planned for, in words."""
    here: bool
    """Whether that is this machine."""
    arms: tuple[ArmPlan, ...]
    """In the recipe's order; several may share a configuration."""

    def arms_of(self, configuration: ConfigurationPlan | CpuConfiguration) -> list[str]:
        """Return the arms of a configuration; its quantization where it is none's."""
        method = configuration.quantization
        return [arm.arm for arm in self.arms if arm.quantization == method] or [method]

    def place(self, configuration: ConfigurationPlan | CpuConfiguration) -> str:
        """Return what a configuration is planned for: its own GPU, where several are planned."""
        several = len({each.gpu for each in self.configurations}) > 1
        return f"planned for {configuration.gpu or CPU_HERE}" if several else self.target


@dataclass(frozen=True)
class PlannedRecipe:
    """A recipe's plan, and the speeds that follow from it at other loads."""

    plans: RecipePlans
    request: PlanRequest

    def speed(self, arm: str, concurrency: int | None, tokens: tuple[int, int]) -> TokensPerSecond | None:
        """Return an arm's output tokens per second on the first GPU; None where nothing is known of it.

        Args:
            arm: its name.
            concurrency: requests under way; None: as many as the engine takes.
            tokens: of prompts and of answers, on average.
        """
        method = next((each.quantization for each in self.plans.arms if each.arm == arm), None)
        if method is None or self.request.gpus is None:
            return None
        load = replace(self.request, concurrency=concurrency, input_tokens=tokens[0], output_tokens=tokens[1])
        return speed(load, self.request.gpus.split(",")[0], method)


def plan_recipe(
    recipe: Recipe,
    recipe_dir: Path,
    machine: Callable[[], Machine],
    request: PlanRequest | None = None,
    arms: Iterable[Arm] | None = None,
) -> PlannedRecipe:
    """Return the plan of the arms of a recipe with its engine's settings.

    Args:
        recipe: as resolved.
        recipe_dir: folder that relative paths start from.
        machine: returns this machine, for what is planned for it.
        request: what comes before the recipe's own settings; its `reference` is not looked at.
        arms: those that are planned; None: all that an engine of ours serves.

    Raises:
        UsageError: a GPU, a quantization or a version is not known; or there is no GPU to plan for.
        SourceError: the model is not.
        EnvironmentLackError: only the hub knows the model, and it cannot be reached.
    """
    asked = request or PlanRequest("")
    target = target_of(recipe, machine, asked.gpus)
    found = tuple(_arm(arm, recipe_dir) for arm in (with_engine(recipe.arms) if arms is None else arms))
    wanted = _requested(recipe, recipe_dir, asked, target)
    if wanted.quantization is None:
        methods = dict.fromkeys(arm.quantization for arm in found if arm.quantization)
        wanted = replace(wanted, quantization=",".join(methods) or "none")
    made = plans(wanted)
    document = {
        **dict(made),
        "notes": [*made.notes, *_notes(recipe, found)],
        "target": target.sentence,
        "here": target.here,
        "arms": found if asked.quantization is None else (),
    }
    return PlannedRecipe(RecipePlans(**document), wanted)


def is_recipe(reference: str) -> bool:
    """Return whether a user names a recipe: a YAML file, or one that ships."""
    return reference.endswith(SUFFIXES) or ("/" not in reference and reference in packaged_recipes())


def plan_recipe_named(request: PlanRequest) -> RecipePlans:
    """Return the plan of the recipe that a request names, with what the request gives itself.

    Raises:
        RecipeError: the recipe is not there or not valid.
        UsageError, SourceError, EnvironmentLackError: as for `plan_recipe`.
    """
    loaded = load_recipe(request.reference)
    return plan_recipe(loaded.recipe, loaded.path.parent, probe_machine, request).plans


def impossibilities(made: RecipePlans) -> Iterator[DoesNotFitError]:
    """Yield why engines of a recipe cannot run as planned, each with the nearest settings that work.

    What holds of several arms alike is said once.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for each in made.configurations:
        for reason in each.reasons:
            text = f"{reason} {_instead(each.nearest)}"
            found.setdefault((made.place(each), text), []).extend(made.arms_of(each))
    for (place, text), arms in found.items():
        yield DoesNotFitError(f"{', '.join(dict.fromkeys(arms))}, {place}: {text}")


def _instead(nearest: list[NearestSettings]) -> str:
    if not nearest:
        return "Nothing near works: choose a smaller model or more memory."
    changes = (
        each.change if each.usd_per_hour is None else f"{each.change} ({usd(each.usd_per_hour)} an hour)"
        for each in nearest[:_SHOWN]
    )
    return f"What works instead, cheapest first: {'; '.join(changes)}."


def _requested(recipe: Recipe, recipe_dir: Path, asked: PlanRequest, target: Target) -> PlanRequest:
    """Return the request with the recipe's model and settings where it gives none itself."""
    engine, source = recipe.engine, recipe.model.source
    folder = local_folder(recipe.model, recipe_dir)
    given = _arguments(engine.extra_args)
    sizes = None if asked.count else (engine.tensor_parallel_size, engine.pipeline_parallel_size)
    tensor, stages = sizes or (None, None)
    return replace(
        asked,
        reference=source if folder is None else str(folder),
        called=None if folder is None else source,
        revision=recipe.model.revision,
        sixteen_bit=True,
        gpus=target.gpus,
        gpu_memory_gib=asked.gpu_memory_gib or target.memory_gib,
        cpu=target.cpu,
        cpu_kv_cache_gib=float(engine.cpu_kv_cache_gib),
        max_model_len=asked.max_model_len or engine.max_model_len,
        max_num_seqs=asked.max_num_seqs or engine.max_num_seqs,
        at_once=asked.max_num_seqs is not None,
        max_num_batched_tokens=asked.max_num_batched_tokens or given.get("--max-num-batched-tokens"),
        block_size=asked.block_size or given.get("--block-size"),
        tensor_parallel_size=asked.tensor_parallel_size or tensor,
        pipeline_parallel_size=asked.pipeline_parallel_size or stages,
        gpu_memory_utilization=asked.gpu_memory_utilization or engine.gpu_memory_utilization,
        enforce_eager=asked.enforce_eager or engine.enforce_eager,
        input_tokens=asked.input_tokens or recipe.bench.input_tokens.middle,
        output_tokens=asked.output_tokens or recipe.bench.output_tokens.middle,
        kv_cache_dtype="fp8" if str(engine.kv_cache_dtype).startswith("fp8") else asked.kv_cache_dtype,
    )


def _arguments(extra: tuple[str, ...]) -> dict[str, int]:
    """Return the further arguments of the engine that a plan takes, by name."""
    words = [word for argument in extra for word in argument.split("=", maxsplit=1)]
    pairs = pairwise(words)
    return {name: int(value) for name, value in pairs if name in _PLANNED_ARGUMENTS and value.isdecimal()}


def _arm(arm: Arm, recipe_dir: Path) -> ArmPlan:
    made_up = arm.quantization if arm.kind == "dummy" else _BY_KIND.get(arm.kind)
    method = made_up if arm.checkpoint is None else _of_checkpoint(arm, recipe_dir)
    return ArmPlan(arm=arm.name, kind=arm.kind, quantization=method)


def _of_checkpoint(arm: Arm, recipe_dir: Path) -> str | None:
    """Return how a checkpoint is stored: as its configuration says, or of one on a hub its name."""
    source = ModelSource(source=str(arm.checkpoint), revision=arm.revision)
    try:
        folder = local_folder(source, recipe_dir)
        if folder is not None:
            published = planned_model(str(folder)).architecture.published or "none"
            return published if published in QUANTIZATIONS else None
    except SourceError:
        return None
    found = catalogued(source.source)
    return found[1] if found else None


def _notes(recipe: Recipe, arms: tuple[ArmPlan, ...]) -> Iterator[str]:
    asked = recipe.quantize_or_none
    if asked is not None and asked.group_size != _GROUP and any(arm.quantization == AWQ for arm in arms):
        yield (
            f"AWQ is planned with groups of {_GROUP}, and quantize.group_size is {asked.group_size}: its weights "
            f"differ by the size of the scales."
        )
    unknown = [arm.arm for arm in arms if arm.quantization is None]
    if unknown:
        yield f"Not planned: {', '.join(unknown)}, because how a checkpoint is stored is known when it is here."
    if further := [name for name in recipe.engine.extra_args if name.startswith("-") and not _is_planned(name)]:
        yield f"Not planned are {', '.join(further)} of engine.extra_args."


def _is_planned(argument: str) -> bool:
    return argument.split("=", maxsplit=1)[0] in _PLANNED_ARGUMENTS


def not_planned(problem: AwqctlError, *, asked: bool) -> str:
    """Return why there is no plan, for a dry run that goes on without one.

    Raises:
        UsageError: somebody asked for what is not known.
    """
    if asked and isinstance(problem, UsageError) and not isinstance(problem, SourceError):
        raise problem
    return problem.message
