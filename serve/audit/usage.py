"""What an audit says of tokens: requests and tokens by key, day and model, for billing. Texts are not in it."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from pipeline.base.errors import SourceError, UsageError
from pipeline.base.results import Result
from serve.audit.chain import audit_files
from serve.audit.join import ROUTES
from serve.audit.lines import AuditLine

Group = Literal["key", "day", "model"]
GROUPS: tuple[Group, ...] = ("key", "day", "model")
_REFUSED = 400
_NO_KEY = "-"


class UsageRow(Result):
    """One group of requests that a key let in."""

    key: str | None = None
    """Name of the key; None where requests were not grouped by it."""
    key_id: str | None = None
    day: str | None = None
    """UTC."""
    model: str | None = None
    requests: int = 0
    refused: int = 0
    """Of them, those with a status of 400 or more, or without any."""
    prompt_tokens: int = 0
    """As the engine counted them."""
    completion_tokens: int = 0
    inexact_requests: int = 0
    """Whose clients hung up."""
    inexact_prompt_tokens: int = 0
    """Estimated, and not in `prompt_tokens`."""
    inexact_completion_tokens: int = 0
    """Pieces that were sent, and not in `completion_tokens`."""
    uncounted_requests: int = 0
    """That were answered, and whose tokens nobody told: their engine died."""


class UsageReport(Result):
    """Requests and tokens in a span of days."""

    first_day: str | None
    last_day: str | None
    rows: tuple[UsageRow, ...]
    total: UsageRow
    without_key: int
    """Requests that no valid key came with; in no row."""
    unreadable: int
    """Lines that are none. `awqctl audit verify` says where."""


def wanted_groups(text: str) -> tuple[Group, ...]:
    """Return the groups of a list such as `key,day`.

    Raises:
        UsageError: one is unknown.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in GROUPS]:
        raise UsageError(f"'{unknown[0]}' is nothing to group by. Choose of {', '.join(GROUPS)}.")
    return tuple(group for group in GROUPS if group in names)


def usage_report(
    folder: Path, *, by: Sequence[Group], first: date | None = None, last: date | None = None
) -> UsageReport:
    """Sum an audit's requests.

    Args:
        folder: of the audit.
        by: what rows are for.
        first: day (UTC) from which on requests count.
        last: day up to which they do.

    Raises:
        SourceError: there is no audit.
    """
    files = audit_files(folder)
    if not files:
        raise SourceError("There is no audit yet: no request has been answered. Serve first.")
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    total: dict[str, Any] = {}
    names: dict[str, str] = {}
    days: list[str] = []
    without_key = unreadable = 0
    for line in _lines(files):
        if line is None:
            unreadable += 1
            continue
        day = line.at[:10]
        if (first and day < first.isoformat()) or (last and day > last.isoformat()) or not _counts(line):
            continue
        if line.key_id == _NO_KEY:
            without_key += 1
            continue
        days = [min([day, *days]), max([day, *days])]
        if line.key != line.key_id:
            names[line.key_id] = line.key
        group = _group(line, day, by)
        for row in (rows.setdefault(tuple(group.values()), group), total):
            _add(row, line)
    return UsageReport(
        first_day=min(days, default=None),
        last_day=max(days, default=None),
        rows=_named(rows.values(), names),
        total=UsageRow(**total),
        without_key=without_key,
        unreadable=unreadable,
    )


def usage_csv(report: UsageReport) -> str:
    """Return the rows as a table for spreadsheets: columns named as in JSON, those that no row has left out."""
    names = [name for name in UsageRow.model_fields if any(getattr(row, name) is not None for row in report.rows)]
    text = io.StringIO()
    table = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows(row.model_dump() for row in report.rows)
    return text.getvalue()


def _named(rows: Iterable[dict[str, Any]], names: Mapping[str, str]) -> tuple[UsageRow, ...]:
    """Return the rows in order; a key has the name that its newest line has it by, also where some lines have none."""
    found = [UsageRow(**row) for row in rows]
    named = [row.model_copy(update={"key": names.get(row.key_id, row.key_id)}) if row.key_id else row for row in found]
    return tuple(sorted(named, key=lambda row: (row.key or "", row.key_id or "", row.day or "", row.model or "")))


def _counts(line: AuditLine) -> bool:
    """Return whether a line is about a request; the usage that came after its request's line is an event's."""
    return line.kind == "request" or line.prompt_tokens is not None


def _group(line: AuditLine, day: str, by: Sequence[Group]) -> dict[str, Any]:
    return {
        **({"key_id": line.key_id} if "key" in by else {}),
        **({"day": day} if "day" in by else {}),
        # What no engine was asked for is what a client made up: any text, and as many as it likes.
        **({"model": line.model if line.place != "-" else "-"} if "model" in by else {}),
    }


def _add(row: dict[str, Any], line: AuditLine) -> None:
    request = line.kind == "request"
    refused = request and not 0 <= line.status < _REFUSED
    told = line.prompt_tokens is not None
    prefix = "" if told and line.tokens_exact else "inexact_"
    counts = {
        "requests": request,
        "refused": refused,
        "inexact_requests": request and told and not line.tokens_exact,
        "uncounted_requests": request and not told and not refused and line.path in ROUTES,
        f"{prefix}prompt_tokens": line.prompt_tokens or 0,
        f"{prefix}completion_tokens": line.completion_tokens or 0,
    }
    for name, number in counts.items():
        row[name] = row.get(name, 0) + number


def _lines(files: Sequence[Path]) -> Iterator[AuditLine | None]:
    """Yield the lines; None for one that is none."""
    for path in files:
        with path.open("rb") as stream:
            for text in stream:
                try:
                    yield AuditLine.model_validate_json(text)
                except ValidationError:
                    yield None
