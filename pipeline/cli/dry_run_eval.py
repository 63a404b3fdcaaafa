"""`awqctl eval RECIPE --dry-run`: what the chosen items can show, before any engine starts."""

import tempfile
from dataclasses import replace
from pathlib import Path

from eval.accuracy.preparation import lm_eval_worker, prepare
from eval.accuracy.resolution import POWER, TaskItems, resolution_warnings, resolutions
from eval.accuracy.result import Resolution
from eval.accuracy.stage import earlier_result
from eval.accuracy.work import eval_work
from pipeline.base.errors import refuse
from pipeline.base.format import certainty
from pipeline.cli.common import console, emit
from pipeline.cli.dry_run_plan import print_line, print_planned
from pipeline.models import local_folder
from pipeline.recipe.arms import with_weights
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RECORD, load_record
from pipeline.run.dry_run import DryRun, dry_run_of
from pipeline.run.folder import check_folder

_WIDTH = 80
_NONE = "-"


def dry_run(recipe: Recipe, context: RunContext, *, gpu: str | None, as_json: bool) -> None:
    """Print the resolution of every task; nothing is left in the output folder. Tasks' data are loaded.

    Raises:
        UsageError: the output folder holds another recipe or model, or the GPU is not known.
        RecipeError: a task, a metric or a file of questions is not usable.
        DoesNotFitError: an arm cannot run on the machine that it is planned for.
    """
    check_folder(recipe, context)
    dry = dry_run_of(recipe, context, gpu, with_weights(recipe.arms))
    record = load_record(context.out / RECORD)
    earlier = earlier_result(recipe, record) if record else None
    with tempfile.TemporaryDirectory(prefix="awqctl-") as folder:
        aside = replace(context, out=Path(folder))
        # Of a model on the hub nothing is fetched, so whether it has a chat template is not known yet.
        tokenizer = local_folder(recipe.model, context.recipe_dir)
        with aside.aside("tasks") as tasks, lm_eval_worker(aside) as worker:
            prepared = prepare(worker, recipe, aside, tokenizer, tasks)
    found = resolutions(recipe.eval, prepared.counted, earlier)
    warnings = resolution_warnings(found)
    document = {
        "schema_version": 1,
        "recipe": recipe.name,
        "confidence": recipe.eval.confidence,
        "power": POWER,
        "tasks": found,
        "warnings": warnings,
        "plan": dry.plans,
        "not_planned": dry.not_planned,
        "work": eval_work(recipe, prepared.counted),
    }
    emit(as_json, document, lambda: _print(found, recipe, prepared.counted, dry))
    for text in warnings:
        context.reporter.warn(text)
    refuse(dry.impossibilities())


def _print(found: tuple[Resolution, ...], recipe: Recipe, counted: tuple[TaskItems, ...], dry: DryRun) -> None:
    from rich.box import HEAVY_HEAD
    from rich.table import Table

    screen = console()
    narrow = screen.width < _WIDTH
    table = Table(
        box=None if narrow else HEAVY_HEAD,
        padding=(0, 1, 0, 0) if narrow else (0, 1),
        title=f"{recipe.name}: the smallest difference that these items show, with {POWER:.0%} power",
        title_justify="left",
        width=min(_WIDTH, screen.width),
    )
    table.add_column("task", overflow="fold", ratio=1)
    for title in ("items", "paired", "unpaired", "margin", "items for\nthe margin"):
        table.add_column(title, justify="right", no_wrap=True)
    for one in found:
        table.add_row(
            one.task,
            f"{one.items}" if one.items == one.items_available else f"{one.items}\nof {one.items_available}",
            _figure(one.smallest_paired),
            _figure(one.smallest_unpaired),
            _figure(one.margin),
            _NONE if one.items_needed is None else str(one.items_needed),
        )
    screen.print(table)
    for line in _notes(found, recipe):
        screen.print(line, markup=False)
    print_line(screen, eval_work(recipe, counted).sentence)
    print_planned(dry, screen)


def _figure(value: float | None) -> str:
    return _NONE if value is None else f"{value:.4f}"


def _notes(found: tuple[Resolution, ...], recipe: Recipe) -> list[str]:
    """Return what the figures rest on."""
    lines = [f"Differences in the metric's unit, at {certainty(recipe.eval.confidence)} confidence."]
    assumed = [one for one in found if one.origin == "assumed"]
    if assumed:
        lines.append(
            f"Assumed before a first run: {assumed[0].discordance:.0%} of the items flip, "
            f"{assumed[0].accuracy:.0%} are right."
        )
    if any(one.origin == "measured" for one in found):
        lines.append("Disagreement of tasks that were evaluated before is as measured then.")
    unknown = [one.task for one in found if one.origin == "unknown"]
    if unknown:
        lines.append(f"Not known before a first run: {', '.join(unknown)}.")
    return lines
