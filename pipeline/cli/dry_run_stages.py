"""`--dry-run` of `run`, `bench` and `serve`: whether stages can work and what they take, every obstacle named."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

from eval.bench.expected_time import BenchTime
from pipeline.base.errors import refuse
from pipeline.base.results import Result
from pipeline.catalogue.recipe_plan import RecipePlans
from pipeline.cli.common import console, emit
from pipeline.cli.dry_run_plan import print_bench_time, print_line, print_planned
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.preflight import Effort, ProbeResult, Prospect
from pipeline.record.stage import Stage
from pipeline.run.dry_run import DryRun, dry_run_of, gpu_memory_findings, stages_asked, unknown_times
from pipeline.run.preflight import examine, obstacles

_WIDTH = 80
_STYLES = {"ok": "green", "warning": "yellow", "obstacle": "red", "unchecked": "dim"}


class RunPreflight(Result):
    """What `awqctl run|bench|serve --dry-run --json` prints."""

    schema_version: int = 1
    recipe: str
    stages: tuple[str, ...]
    """That would run, in order."""
    findings: tuple[ProbeResult, ...]
    plan: RecipePlans | None = None
    """Of the engines; null where there is none, and a finding says why."""
    bench_time: BenchTime | None = None
    """Null without the stage `bench`."""
    unknown_times: tuple[str, ...] = ()
    """Of which stages nobody can say how long they take, and why."""


def dry_run(recipe: Recipe, context: RunContext, *, gpu: str | None, as_json: bool, stage: str | None = None) -> None:
    """Print what the pre-flight and the plan find; nothing is written but for downloads of what describes a model.

    Args:
        recipe: as resolved.
        context: of this machine.
        gpu: to plan for instead of the recipe's, or this machine's.
        as_json: whether one document is printed.
        stage: that alone; None: all that the recipe has everything for.

    Raises:
        AwqctlError: something stands in the way; the exit code is the highest of all obstacles'.
    """
    stages, notes, arms = stages_asked(recipe, stage)
    for note in notes:
        context.reporter.warn(note)
    names = tuple(each.name for each in stages)
    dry = dry_run_of(recipe, context, gpu, arms)
    with context.reporter.task("looking at all stages"):
        findings = (*_examined(stages, recipe, dry.context), *dry.findings())
        if "quantize" in names:
            findings += gpu_memory_findings(dry)
    document = RunPreflight(
        recipe=recipe.name,
        stages=names,
        findings=findings,
        plan=dry.plans,
        bench_time=dry.bench_time() if "bench" in names else None,
        unknown_times=unknown_times(names),
    )
    emit(as_json, document, lambda: _print(document, dry))
    refuse(obstacles(findings))


def _examined(stages: Sequence[Stage], recipe: Recipe, context: RunContext) -> tuple[ProbeResult, ...]:
    """Look at the stages with a temporary folder for workers; it stays where a finding names a log in it."""
    folder = mkdtemp(prefix="awqctl-")
    findings: tuple[ProbeResult, ...] = ()
    try:
        findings = examine(stages, Prospect(recipe, context, context.placed(Path(folder)), Effort.THOROUGH))
    finally:
        if not any(folder in finding.text for finding in findings):
            shutil.rmtree(folder, ignore_errors=True)
    return findings


def _print(document: RunPreflight, dry: DryRun) -> None:
    from rich.table import Table
    from rich.text import Text

    screen = console()
    title = f"{document.recipe}: pre-flight of {', '.join(document.stages)}"
    table = Table(title=title, title_justify="left", width=min(_WIDTH, screen.width))
    table.add_column("looked at")
    table.add_column("", no_wrap=True)
    table.add_column("finding", ratio=1, overflow="fold")
    for finding in document.findings:
        state = Text(finding.state, style=_STYLES[finding.state])
        table.add_row(finding.subject, state, Text(finding.text))
    screen.print(table)
    if dry.plans is not None:
        print_planned(dry, screen)
    if document.bench_time is not None:
        print_bench_time(document.bench_time, screen)
    for text in document.unknown_times:
        print_line(screen, f"Note: {text}")
