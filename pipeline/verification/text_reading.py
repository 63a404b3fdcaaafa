"""The pieces of reports in Markdown and CSV, by the heading, row and column that they stand at."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest

_BORDER = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"^\|?[\s:|-]+$")
_NAMING = ("chapter", "id", "row", "column")
"""Of a CSV report's columns, those that say where a figure stands."""
_RUN = re.compile(r"^<!-- awqctl run: (\w*) -->$", re.MULTILINE)


def read_markdown(text: str) -> tuple[str, dict[str, str]]:
    """Return the identity of the run that a Markdown report names, and its pieces."""
    found = _RUN.search(text)
    return (found[1] if found else ""), dict(numbered(_lines(_RUN.sub("", text))))


def read_csv(text: str) -> dict[str, str]:
    """Return the fields of a CSV report: by the columns of the line that say where a figure stands, and the field's."""
    header, *rows = list(csv.reader(io.StringIO(text))) or [[]]
    return dict(
        numbered(
            (f"{_line_name(dict(zip(header, row, strict=False)), row)}, field '{title}'", field)
            for row in rows
            for title, field in zip_longest(header, row, fillvalue="")
        )
    )


def _line_name(named: dict[str, str], row: list[str]) -> str:
    parts = [f"{one} '{named[one]}'" for one in _NAMING if named.get(one)]
    return ", ".join(parts) or f"line '{row[0] if row else ''}'"


def _lines(text: str) -> Iterator[tuple[str, str]]:
    heading, titles, previous = "the beginning", [""], ""
    for line in text.splitlines():
        if line.startswith("#"):
            heading, titles = f"'{line.lstrip('# ')}'", [""]
            yield "headings", line
        elif line.startswith("|"):
            if _RULE.match(line):
                titles = _cells(previous)
            cells = _cells(line)
            for column, cell in enumerate(cells):
                title = titles[column] if column < len(titles) else str(column + 1)
                yield f"{heading}, row '{cells[0]}', column '{title}'", cell
        elif line.strip():
            yield f"{heading}, text", line.strip()
        previous = line


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in _BORDER.split(line)[1:-1]]


def numbered(pieces: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield pieces with names of their own: those that share one are numbered."""
    seen: dict[str, int] = {}
    for name, text in pieces:
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name} ({seen[name]})"), text
