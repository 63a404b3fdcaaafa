"""Reads calibration rows from a local .jsonl, .txt or .parquet file."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.base.errors import SourceError


@dataclass(frozen=True)
class Row:
    """One row of a source."""

    where: str
    """For messages: file and line, or data set."""
    value: Any
    """What stands in the column: text, messages, or whatever else it holds."""
    tools: Any = None
    """What stands under `tools` beside messages; None where nothing does."""


TOOLS = "tools"
"""The column of the functions that a request offered, as the endpoint's requests name them."""


def read_file(path: Path, column: str) -> list[Row]:
    """Return all rows of a file, in its order. A paragraph of a .txt file is a row.

    Raises:
        SourceError: it cannot be read, a line is not a JSON object, or there is no such column.
    """
    readers = {".txt": _read_txt, ".jsonl": _read_jsonl, ".parquet": _read_parquet}
    try:
        return list(readers[path.suffix](path, column))
    except (OSError, UnicodeDecodeError) as problem:
        raise SourceError(f"The calibration file {path} cannot be read: {problem}. Give UTF-8 text.") from problem


def _read_txt(path: Path, _column: str) -> Iterator[Row]:
    paragraphs = path.read_text(encoding="utf-8-sig").split("\n\n")
    return (Row(f"{path}, paragraph {number}", text) for number, text in enumerate(paragraphs, 1))


def _read_jsonl(path: Path, column: str) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                where = f"{path}, line {number}"
                row = _object(line, where, column)
                yield Row(where, row[column], row.get(TOOLS))


def _object(line: str, where: str, column: str) -> dict[str, Any]:
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError) as problem:
        reason = f"{problem.msg} at column {problem.colno}" if isinstance(problem, json.JSONDecodeError) else problem
        raise SourceError(f"{where}: not JSON ({reason}). Each line must be one JSON object.") from problem
    if not isinstance(row, dict):
        raise SourceError(f"{where}: a {type(row).__name__}, not an object. Each line must be one JSON object.")
    if column not in row:
        raise missing_column(where, column, list(row))
    return row


def _read_parquet(path: Path, column: str) -> Iterator[Row]:
    import pyarrow.parquet as pq  # type: ignore[import-untyped]  # noqa: PLC0415 -- only Parquet needs it
    from pyarrow import ArrowException  # noqa: PLC0415

    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            if column not in names:
                raise missing_column(str(path), column, names)
            batches = file.iter_batches(columns=[name for name in {column: None, TOOLS: None} if name in names])
            rows = (row for batch in batches for row in batch.to_pylist())
            yield from (Row(f"{path}, row {number}", row[column], row.get(TOOLS)) for number, row in enumerate(rows, 1))
    except ArrowException as problem:
        raise SourceError(
            f"The calibration file {path} is no readable Parquet file: {' '.join(str(problem).split())[:200]}. "
            f"Write it anew."
        ) from problem


def missing_column(where: str, column: str, known: list[str]) -> SourceError:
    """Return the error for a column that is not there."""
    return SourceError(
        f"{where}: no text under '{column}' (found: {', '.join(known) or 'nothing'}). "
        f"Set `column` of this calibration source, or `messages` for chats."
    )
