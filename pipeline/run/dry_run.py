"""What all dry runs share: the plan of a recipe's engines, and the context of the machine that it is for."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from eval.bench.expected_time import BenchTime, bench_time
from pipeline.base.commands import command
from pipeline.base.errors import AwqctlError, DoesNotFitError, EnvironmentLackError, ImpossiblePlanError, UsageError
from pipeline.base.format import number
from pipeline.catalogue.configurations import PlanRequest
from pipeline.catalogue.corrections import read_corrections
from pipeline.catalogue.cpu import CPU_HERE
from pipeline.catalogue.gpus import find_gpu
from pipeline.catalogue.models import catalogued
from pipeline.catalogue.recipe_plan import PlannedRecipe, RecipePlans, impossibilities, not_planned, plan_recipe
from pipeline.catalogue.target import Target, target_of
from pipeline.models.described import describe
from pipeline.models.dummy import with_architecture
from pipeline.models.expected_headers import expected_headers
from pipeline.models.headers import ModelHeaders
from pipeline.quantize.checks import Check
from pipeline.quantize.preflight import Preflight, preflight
from pipeline.quantize.resources import resources_of
from pipeline.recipe.arms import AWQ, Arm, with_engine, with_weights
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.preflight import ProbeResult
from pipeline.record.stage import Stage
from pipeline.run.stages import check_sections, stage_named, stages_for


@dataclass(frozen=True)
class DryRun:
    """A recipe that is asked about, on the machine that it is for."""

    recipe: Recipe
    context: RunContext
    """Of this machine, without its GPUs where the recipe is planned for others."""
    target: Target | None
    planned: PlannedRecipe | None
    not_planned: str | None
    """Why there is no plan."""

    @property
    def plans(self) -> RecipePlans | None:
        """Return what is printed of the plan."""
        return None if self.planned is None else self.planned.plans

    @property
    def gpu_memory_bytes(self) -> int | None:
        """Return the memory of the GPU that is planned for; None for a CPU, several, or where nothing is planned."""
        if self.target is None or self.target.accelerator == "cpu" or "," in self.target.gpus:
            return None
        gib = self.target.memory_gib or find_gpu(self.target.gpus).planned().memory_gib
        return int(gib * 2**30)

    def impossibilities(self) -> tuple[DoesNotFitError, ...]:
        """Return why engines cannot run as planned."""
        return () if self.plans is None else tuple(impossibilities(self.plans))

    def findings(self) -> tuple[ProbeResult, ...]:
        """Return what the plan says of each arm's memory, as a pre-flight says it."""
        if self.plans is None:
            return (
                ProbeResult(subject="plan", state="unchecked", text=f"Engines are not planned: {self.not_planned}"),
            )
        found = [ProbeResult.of_problem("plan", problem) for problem in self.impossibilities()]
        for each in self.plans.configurations:
            if each.verdict == "fits":
                arms = ", ".join(self.plans.arms_of(each))
                text = (
                    f"{arms}: {number(each.weights_gib)} GiB of weights and {number(each.kv_cache_gib)} GiB of KV "
                    f"cache fit ({self.plans.place(each)})."
                )
                found.append(ProbeResult(subject="plan", state="ok", text=text))
        return tuple(found)

    def bench_time(self) -> BenchTime:
        """Return how long the benchmark takes by the planned speeds: of several GPUs, on the first."""
        found = bench_time(self.recipe, self._speed)
        if self.plans is None or len({each.gpu for each in self.plans.configurations}) == 1:
            return found
        first = self.plans.configurations[0].gpu or CPU_HERE
        return found.model_copy(update={"notes": (f"Times are those on {first}.", *found.notes)})

    def _speed(self, arm: str, concurrency: int | None, tokens: tuple[int, int]) -> tuple[float, float, float] | None:
        found = None if self.planned is None else self.planned.speed(arm, concurrency, tokens)
        return None if found is None else (found.low, found.expected, found.high)


def dry_run_of(
    recipe: Recipe, context: RunContext, gpu: str | None = None, arms: Iterable[Arm] | None = None
) -> DryRun:
    """Return a recipe with its plan; that there is none is no reason to stop.

    Args:
        recipe: as resolved.
        context: of this machine.
        gpu: that was asked for, instead of the recipe's or this machine's.
        arms: those that are planned; None: all that an engine of ours serves.

    Raises:
        UsageError: the GPU that was asked for is not known.
    """
    try:
        target = target_of(recipe, lambda: context.machine, gpu)
    except AwqctlError as problem:
        return DryRun(recipe, context, None, None, not_planned(problem, asked=gpu is not None))
    planned_for = _context_for(target, context)
    try:
        request = PlanRequest("", gpus=gpu, corrected=_can_be_corrected(context))
        planned = plan_recipe(recipe, context.recipe_dir, lambda: context.machine, request, arms)
    except AwqctlError as problem:
        return DryRun(recipe, planned_for, target, None, not_planned(problem, asked=False))
    return DryRun(recipe, planned_for, target, planned, None)


def _can_be_corrected(context: RunContext) -> bool:
    """Return whether what runs taught can be read; what does not fit is found without it, too."""
    try:
        read_corrections()
    except UsageError as problem:
        context.reporter.warn(f"{problem.message} It is planned without corrections.")
        return False
    return True


def _context_for(target: Target, context: RunContext) -> RunContext:
    """Return the context of a plan: this machine's GPUs do not count for another's."""
    machine = context.machine
    seen = machine if target.here else machine.model_copy(update={"gpus": ()})
    return replace(context, accelerator=target.accelerator, probe=lambda: seen)


def quantize_preflight(dry: DryRun) -> tuple[Preflight, str | None]:
    """Return what quantizing takes on the machine that it is planned for, and a sentence on what was not looked at.

    Raises:
        SourceError: there is no such model, or it is none that can be quantized.
        EnvironmentLackError: the hub cannot be reached, and the model is needed here or not known without it.
    """
    recipe, resources = dry.recipe, resources_of(dry.context)
    if not resources.here:
        resources = resources.model_copy(update={"gpu_memory_bytes": dry.gpu_memory_bytes})
    try:
        model = describe(recipe.model, dry.context.recipe_dir)
        found, note = preflight(model.headers, recipe, resources, tokenizer=model.tokenizer), None
    except EnvironmentLackError as problem:
        headers = None if resources.here else _catalogued(recipe)
        if headers is None:
            raise
        note = (
            f"{problem.message} It is planned from the catalogue's configuration: weights, tokenizer and licence of "
            f"the model itself were not looked at."
        )
        found = preflight(headers, recipe, resources)
        found = found.model_copy(update={"checks": tuple(_unseen(check) for check in found.checks)})
    return found.model_copy(update={"plan": dry.plans, "not_planned": dry.not_planned}), note


def _unseen(check: Check) -> Check:
    """Return a check of a model that nobody looked at: that its weights are what they should be is not known."""
    if check.name != "weights":
        return check
    statement = "Not looked at: the model hub cannot be reached."
    return Check(name="weights", status="unchecked", statement=statement, advice="Ask again with a network.")


def gpu_memory_findings(dry: DryRun) -> tuple[ProbeResult, ...]:
    """Return whether the GPU that is planned for has what quantizing takes, where it is not this machine's.

    What stands in the way besides is found by the stage's own look at the model.
    """
    if dry.target is None or dry.target.here:
        return ()
    try:
        checks = quantize_preflight(dry)[0].checks
    except AwqctlError:
        return ()
    return tuple(_finding(check) for check in checks if check.name == "GPU memory")


def _finding(check: Check) -> ProbeResult:
    text, subject = f"{check.statement} {check.advice}".rstrip(), f"quantize: {check.name}"
    if check.status == "impossible":
        return ProbeResult.of_problem(subject, ImpossiblePlanError(text))
    return ProbeResult(subject=subject, state=check.status, text=text)


def _catalogued(recipe: Recipe) -> ModelHeaders | None:
    """Return the model as the catalogue has it; None where it has not, or its tensors do not follow from that."""
    found = catalogued(recipe.model.source)
    if found is None or found[1] is not None:
        return None
    entry, _ = found
    licence = recipe.model.licence or entry.licence
    return expected_headers(recipe.model.source, licence, with_architecture(entry.config))


def stages_asked(recipe: Recipe, name: str | None) -> tuple[tuple[Stage, ...], tuple[str, ...], tuple[Arm, ...]]:
    """Return the stages of a dry run, a sentence for each that is left out, and the arms whose engines they start.

    Raises:
        RecipeError: the recipe has nothing for the stage that is named.
    """
    if name is None:
        stages, notes = stages_for(recipe)
    else:
        stages, notes = (stage_named(name),), ()
        check_sections(stages[0], recipe)
    of_stage = {
        "eval": {arm.name for arm in with_weights(recipe.arms)},
        "bench": set(recipe.bench.arms),
        "profile": set(recipe.bench.arms),
        "serve": {AWQ},
    }
    wanted = {arm for stage in stages for arm in of_stage.get(stage.name, ())}
    return stages, notes, tuple(arm for arm in with_engine(recipe.arms) if arm.name in wanted)


def unknown_times(stages: Iterable[str]) -> tuple[str, ...]:
    """Return of which stages it is not known how long they take, and why."""
    why = {
        "eval": f"How long eval takes is not known: the tokens of its items are not counted beforehand. "
        f"`{command('eval', '--dry-run')}` counts the items.",
        "profile": "How long profile takes is not known: it waits for vLLM to write its recording.",
        "serve": "How long the engine of serve takes to start is not known.",
    }
    return tuple(why[stage] for stage in stages if stage in why)
