"""Rows of text that hold on the screen they are printed on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pipeline.cli.common import console

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_NARROW = 80


def print_rows(rows: Sequence[Sequence["str | Text"]], titles: Sequence[str] = ()) -> None:
    """Print rows under titles, if any; the first and the last column are folded where the screen is too narrow.

    Texts are printed literally: as markup, brackets in names would disappear or be refused.
    """
    from rich.table import Table
    from rich.text import Text

    screen = console()
    gap = 1 if screen.width < _NARROW else 2
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, show_header=bool(titles), header_style="bold")
    last = len(rows[0]) - 1
    for number in range(last + 1):
        table.add_column(Text(titles[number] if titles else ""), overflow="fold", no_wrap=0 < number < last)
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    print_trimmed(table)


def print_trimmed(drawn: "RenderableType") -> None:
    """Print what rich draws, without the blanks that it ends lines with."""
    screen = console()
    with screen.capture() as shown:
        screen.print(drawn)
    for line in shown.get().splitlines():
        click.echo(line.rstrip())


def minute(stamp: str) -> str:
    """Return a time as it is recorded, to the minute."""
    return stamp[:16].replace("T", " ")
