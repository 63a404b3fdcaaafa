"""What `awqctl run` and the commands of single stages end with: what was done, and what the report says of it."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.base.commands import command
from pipeline.base.errors import MissingStageError
from pipeline.cli.common import console
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from pipeline.report.inputs import inputs_of
from pipeline.report.language.language import ENGLISH
from pipeline.report.render.formats import FORMATS, formats_in
from pipeline.report.terminal import print_report, print_stages
from pipeline.report.view import report_of
from pipeline.run.gates import gates_not_passed
from pipeline.run.runner import StageReport


def print_summary(
    recipe: Recipe,
    record: RunRecord,
    reports: Sequence[StageReport],
    out: Path,
    *,
    renew: str | None = None,
) -> None:
    """Print what was done, what the report says of it, and where to look further.

    Args:
        recipe: as it is now.
        record: as it is now.
        reports: what was done.
        out: the output folder.
        renew: the command that renews the report, where that is older than the record.
    """
    from rich.table import Table

    screen = console()
    stages = Table(title=f"{record.name}: stages", title_justify="left")
    for column in ("stage", "outcome", "seconds", "why"):
        stages.add_column(column, justify="right" if column == "seconds" else "left")
    for report in reports:
        outcome = report.result.outcome if report.ran else "kept"
        stages.add_row(report.stage, outcome, f"{report.result.seconds:.1f}", report.reason)
    screen.print(stages)
    _print_report(recipe, record, reports)
    age = f", older than the record; renew it: {renew}" if renew else ""
    for name in formats_in(out / "report"):
        screen.print(f"report     {_short(out / 'report' / FORMATS[name].file)}{age}", soft_wrap=True, markup=False)
    screen.print(f"record     {_short(out / 'record.json')}", soft_wrap=True)
    if len(reports) > 1:
        screen.print(f"compare    {command('ui')}", soft_wrap=True, markup=False)
        passed = all(gate.passed for report in reports for gate in report.result.gates if gate.about == "checkpoint")
        if passed and not gates_not_passed(recipe, record):
            screen.print(f"serve      {command('serve')}", soft_wrap=True, markup=False)


def _print_report(recipe: Recipe, record: RunRecord, reports: Sequence[StageReport]) -> None:
    """Print the report in short: of a run, or of `report`, the whole of it, else what it says of the one stage."""
    screen = console()
    try:
        document = report_of(inputs_of(recipe, record, ENGLISH))
    except MissingStageError as missing:
        screen.print(str(missing), markup=False)
        return
    stages = [report.stage for report in reports]
    screen.print()
    if len(stages) > 1 or "report" in stages:
        print_report(document, screen)
    else:
        print_stages(document, stages, screen)
    screen.print()


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
