"""`awqctl run RECIPE --dry-run`: whether the whole run can work, with every obstacle named."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

from pipeline.base.errors import refuse
from pipeline.base.results import Result
from pipeline.cli.common import console, emit
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.preflight import Effort, ProbeResult, Prospect
from pipeline.record.stage import Stage
from pipeline.run.preflight import examine, obstacles
from pipeline.run.stages import stages_for

_WIDTH = 80
_STYLES = {"ok": "green", "warning": "yellow", "obstacle": "red", "unchecked": "dim"}


class RunPreflight(Result):
    """What `awqctl run --dry-run --json` prints."""

    schema_version: int = 1
    recipe: str
    stages: tuple[str, ...]
    """That a run would have, in order."""
    findings: tuple[ProbeResult, ...]


def dry_run(recipe: Recipe, context: RunContext, *, as_json: bool) -> None:
    """Print what the pre-flight of all stages finds; nothing is written but for downloads of what describes a model.

    Raises:
        AwqctlError: something stands in the way; the exit code is the highest of all obstacles'.
    """
    stages, notes = stages_for(recipe)
    for note in notes:
        context.reporter.warn(note)
    with context.reporter.task("looking at all stages"):
        findings = _examined(stages, recipe, context)
    names = tuple(stage.name for stage in stages)
    document = RunPreflight(recipe=recipe.name, stages=names, findings=findings)
    emit(as_json, document, lambda: _print(recipe.name, names, findings))
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


def _print(name: str, stages: Sequence[str], findings: Sequence[ProbeResult]) -> None:
    from rich.table import Table
    from rich.text import Text

    screen = console()
    table = Table(
        title=f"{name}: pre-flight of {', '.join(stages)}", title_justify="left", width=min(_WIDTH, screen.width)
    )
    table.add_column("looked at")
    table.add_column("", no_wrap=True)
    table.add_column("finding", ratio=1, overflow="fold")
    for finding in findings:
        state = Text(finding.state, style=_STYLES[finding.state])
        table.add_row(finding.subject, state, Text(finding.text))
    screen.print(table)
