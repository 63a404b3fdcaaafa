"""Where the cells of a table stand, so that formulas of other sheets can name them before it is written."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from xlsxwriter.utility import xl_rowcol_to_cell


@dataclass(frozen=True)
class Grid:
    """A table of keyed rows and columns on a sheet."""

    sheet: str
    first_row: int
    """Of its body, counted from 0."""
    keys: Sequence[Hashable]
    """Of its rows, in order."""
    columns: Mapping[str, str]
    """Headings by key, in order."""

    @property
    def end_row(self) -> int:
        """Return the row after the last."""
        return self.first_row + len(self.keys)

    def row(self, key: Hashable) -> int:
        """Return the row of a key, counted from 0."""
        return self.first_row + list(self.keys).index(key)

    def column(self, name: str) -> int:
        """Return a column, counted from 0."""
        return list(self.columns).index(name)

    def at(self, key: Hashable, name: str) -> str:
        """Return the address of a cell, with its sheet."""
        return f"'{self.sheet}'!{self._cell(key, name)}"

    def span(self, first: Hashable, last: Hashable, name: str) -> str:
        """Return the address of the cells of a column from one row to another."""
        return f"'{self.sheet}'!{self._cell(first, name)}:{self._cell(last, name)}"

    def _cell(self, key: Hashable, name: str) -> str:
        cell: str = xl_rowcol_to_cell(self.row(key), self.column(name), row_abs=True, col_abs=True)
        return cell
