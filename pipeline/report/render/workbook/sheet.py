"""One sheet, written from top to bottom. Text is always written as text: nothing in it becomes a formula or a link."""

import textwrap
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from pipeline.report.render.workbook.styles import (
    HEADER,
    HEADING,
    LINK,
    NOTE,
    NUMERIC_HEADER,
    RIGHT,
    TABLE_TITLE,
    TITLE,
    Look,
    Styles,
)

_LINE = 130
"""Characters of a line of prose."""
_WIDEST = 52
_NARROWEST = 9
_LINE_POINTS, _TITLE_POINTS, _HIGHEST_POINTS = 13, 24, 409
_LONGEST_TEXT = 32_767
"""Characters that a cell holds."""
_LONGEST_FOOTER = 100
_FORMULA_STARTS = ("=", "+", "-", "@")


class Sheet:
    """A sheet and the row that comes next."""

    def __init__(self, book: Any, styles: Styles, name: str) -> None:
        """Add a sheet of that name to a workbook."""
        self.name = name
        self.row = 0
        self.styles = styles
        self._widths: dict[int, int] = {}
        self._wrapped: dict[int, list[tuple[int, str]]] = {}
        self.raw: Any = book.add_worksheet(name)

    def text(self, column: int, text: str, *looks: Look, row: int | None = None, measure: bool = True) -> None:
        """Write text as it is; it widens its column where that is wanted."""
        if measure:
            self._measure(column, max(map(len, text.split("\n")), default=0))
        kept = text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}\N{HORIZONTAL ELLIPSIS}"
        if any(look.get("text_wrap") for look in looks):
            self._wrapped.setdefault(self._at(row), []).append((column, kept))
        indent: Look = {"indent": 1, "align": "left"} if column and not any("align" in look for look in looks) else {}
        guard: Look = {"quote_prefix": True} if kept.startswith(_FORMULA_STARTS) else {}
        self.raw.write_string(self._at(row), column, kept, self.styles.of(indent, *looks, guard))

    def number(self, column: int, value: float, *looks: Look, row: int | None = None) -> None:
        """Write a number."""
        self.raw.write_number(self._at(row), column, value, self.styles.of(RIGHT, *looks))

    def formula(self, column: int, formula: str, cached: Fraction | float | str | None, *looks: Look) -> None:
        """Write a formula with what it comes to, for viewers that do not compute; curly braces: over arrays."""
        shown = "" if cached is None else cached if isinstance(cached, str) else float(cached)
        look = self.styles.of(RIGHT, *looks)
        if formula.startswith("{"):
            self.raw.write_array_formula(self.row, column, self.row, column, formula, look, shown)
        else:
            self.raw.write_formula(self.row, column, formula, look, shown)

    def title(self, text: str) -> None:
        """Write the title of the sheet."""
        self.raw.set_row(self.row, _TITLE_POINTS)
        self._line(text, TITLE)

    def heading(self, text: str) -> None:
        """Write the title of a chapter, after an empty line."""
        self.row += 1
        self._line(text, HEADING)

    def table_title(self, text: str) -> None:
        """Write the title of a table, after an empty line."""
        self.row += 1
        self._line(text, TABLE_TITLE)

    def prose(self, text: str, *looks: Look) -> None:
        """Write a paragraph in lines that run over the empty cells beside them."""
        for line in textwrap.wrap(text.replace("`", ""), _LINE):
            self._line(line, *looks)

    def note(self, text: str) -> None:
        """Write a note in small letters."""
        self.prose(text, NOTE)

    def link(self, column: int, text: str, sheet: str) -> None:
        """Write a link to another sheet of the workbook."""
        self._measure(column, len(text))
        self.raw.write_url(self.row, column, f"internal:'{sheet}'!A1", self.styles.of(LINK), text)

    def header(self, titles: Iterable[str], numeric: Sequence[bool]) -> None:
        """Write the headings of a table."""
        for column, (title, number) in enumerate(zip(titles, numeric, strict=True)):
            self._measure(column, max(map(len, title.split()), default=0) + 1)
            self.text(column, title, NUMERIC_HEADER if number else HEADER, measure=False)
        self.row += 1

    def width(self, column: int, characters: int) -> None:
        """Make a column at least so wide."""
        self._measure(column, characters)

    def freeze(self, columns: int = 0) -> None:
        """Keep all rows above the next one in sight, and repeat the last of them on every printed page."""
        self.raw.freeze_panes(self.row, columns)
        self.raw.repeat_rows(self.row - 1)

    def finish(self, footer: str) -> None:
        """Set widths, heights and what a printer needs: landscape, one page wide, pages numbered."""
        for column in self._widths:
            self.raw.set_column(column, column, self._width(column))
        for row, texts in self._wrapped.items():
            lines = max(self._lines(column, text) for column, text in texts)
            if lines > 1:
                self.raw.set_row(row, min(_HIGHEST_POINTS, _LINE_POINTS * lines + 2))
        self.raw.set_landscape()
        self.raw.set_paper(9)  # A4
        self.raw.fit_to_pages(1, 0)
        self.raw.hide_gridlines(2)
        self.raw.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        said = footer[:_LONGEST_FOOTER].replace("&", "&&")
        self.raw.set_footer(f"&L{said}&C&A&R&P / &N")

    def _line(self, text: str, *looks: Look) -> None:
        self.text(0, text, *looks, measure=False)
        self.row += 1

    def _width(self, column: int) -> int:
        return min(_WIDEST, max(_NARROWEST, self._widths.get(column, 0) + 2))

    def _lines(self, column: int, text: str) -> int:
        """Return the lines that a wrapped text takes; letters are a little smaller than those that widths count."""
        room = self._width(column) - 1
        return sum(max(1, len(textwrap.wrap(part, room))) for part in text.split("\n"))

    def _measure(self, column: int, characters: int) -> None:
        self._widths[column] = max(self._widths.get(column, 0), characters)

    def _at(self, row: int | None) -> int:
        return self.row if row is None else row
