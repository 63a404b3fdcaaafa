"""A report document in short, for a terminal: what it recommends, its findings, and the figures of each stage."""

import re
from collections.abc import Collection

from rich.console import Console
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from pipeline.report.document import Finding, ReportDocument, Table, Tone

_STYLES: dict[Tone, str] = {"plain": "", "good": "green", "bad": "bold red", "caution": "yellow"}
_SUMMARY = re.compile(r"summary-(\w+)")


def print_report(report: ReportDocument, screen: Console) -> None:
    """Print the recommendation, every finding's headline, and all figures in short."""
    if report.decision:
        screen.print(Text(f"{report.labels.decision}: {report.labels.decisions[report.decision]}", style="bold"))
    screen.print(Text(_plain(report.recommendation), style="bold"))
    screen.print()
    for finding in report.findings:
        screen.print(_finding(finding, detailed=False))
    print_tables(report.summary, screen)


def print_stages(report: ReportDocument, stages: Collection[str], screen: Console) -> None:
    """Print what the report says of these stages, in whole sentences, and their figures in short."""
    for finding in report.findings:
        if finding.stage in stages:
            screen.print(_finding(finding, detailed=True))
    print_tables([table for table in report.summary if _stage_of(table) in stages], screen)


def _stage_of(table: Table) -> str:
    found = _SUMMARY.match(table.id)
    return found[1] if found else ""


def _finding(finding: Finding, *, detailed: bool) -> Text:
    text = Text.assemble((f"{finding.topic}: ", "bold"), (_plain(finding.headline), _STYLES[finding.tone]))
    return text.append(f" {_plain(finding.detail)}") if detailed and finding.detail else text


def print_tables(tables: Collection[Table], screen: Console) -> None:
    """Print tables, each with its note."""
    for table in tables:
        screen.print()
        screen.print(_grid(table))
        if table.note:
            screen.print(Padding(Text(_plain(table.note), style="dim"), (0, 0, 0, 1)))


def _grid(table: Table) -> Grid:
    """Return the table; cells are literal, whatever brackets they hold, and are broken rather than cut."""
    grid = Grid(title=table.title, title_justify="left", box=None, padding=(0, 1), header_style="dim")
    for column in table.columns:
        grid.add_column(column.title, justify="right" if column.numeric else "left", overflow="fold")
    for row in table.rows:
        grid.add_row(*(Text(cell.text, style=_STYLES[cell.tone]) for cell in row))
    return grid


def _plain(text: str) -> str:
    return text.replace("`", "")
