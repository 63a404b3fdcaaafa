"""What a report's file prints, and what it should print: both as text by place, in every format."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pipeline.base.errors import SourceError
from pipeline.report.document import ReportDocument
from pipeline.report.printed import printed
from pipeline.report.render.formats import FORMATS
from pipeline.verification.html_reading import page_of, plain, read_html
from pipeline.verification.office_reading import parts_of_pptx, parts_of_xlsx, read_pptx, read_xlsx
from pipeline.verification.result import UNREADABLE
from pipeline.verification.text_reading import numbered, read_csv, read_markdown

Pieces = dict[str, str]
ReadT = TypeVar("ReadT")


@dataclass(frozen=True)
class Reading:
    """A report's file, read."""

    pieces: Pieces
    run: str = ""
    """The run that it names; empty where its format does not say."""
    numbers: Pieces | None = None
    """The unrounded figures, where the format has them."""


def read_report(format_: str, data: bytes) -> Reading | None:
    """Return what a file prints; None of a format that cannot be read back.

    Raises:
        SourceError: the file is damaged.
    """
    return _read(_READERS.get(format_), data)


def whole_of(format_: str, data: bytes) -> Pieces:
    """Return all that a file shows, also what stands around the pieces; nothing of a format that cannot be read back.

    Raises:
        SourceError: the file is damaged.
    """
    return _read(_WHOLE.get(format_), data) or {}


def _read(read: Callable[[bytes], ReadT] | None, data: bytes) -> ReadT | None:
    try:
        return read(data) if read else None
    except UNREADABLE as problem:
        raise SourceError(f"The file is damaged: {problem}. Write the report again.") from problem


def rendered(format_: str, report: ReportDocument, template: bytes | None = None) -> bytes:
    """Return the file of this report, made by the code that writes such files.

    Args:
        format_: of the file.
        report: as the record gives it.
        template: the slides to be checked, where they were made with a client's template: their layouts are its.

    Raises:
        SourceError: the slides cannot be taken for a template.
    """
    if template is None:
        return FORMATS[format_].render(report)
    from pptx.exc import PythonPptxError  # noqa: PLC0415 -- only where there is a template

    try:
        return FORMATS[format_].render(report, template)
    except (*UNREADABLE, PythonPptxError) as problem:
        raise SourceError(f"The file is damaged: {problem}. Write the report again.") from problem


def expected_of(format_: str, report: ReportDocument, made: bytes) -> Reading:
    """Return what a file of this report prints, given the file as it is made today."""
    if format_ == "html":
        return Reading({one.id: plain(one.text) for one in printed(report) if one.on_page}, report.run)
    if format_ == "json":
        return _of_document(report)
    found = read_report(format_, made)
    return found or Reading({})


def names_of(report: ReportDocument) -> dict[str, str]:
    """Return where each piece stands, for a reader."""
    return {one.id: one.where for one in printed(report)}


def _html(data: bytes) -> Reading:
    run, pieces = read_html(data.decode())
    return Reading(pieces, run)


def _markdown(data: bytes) -> Reading:
    run, pieces = read_markdown(data.decode())
    return Reading(pieces, run)


def _json(data: bytes) -> Reading:
    return _of_document(ReportDocument.model_validate(_document(data)))


def _of_document(report: ReportDocument) -> Reading:
    found = printed(report)
    numbers = {one.id: repr(one.value) for one in found} | {f"{one.id} (keys)": " ".join(one.keys) for one in found}
    return Reading({one.id: one.text for one in found}, report.run, numbers)


def _document(data: bytes) -> Any:
    return json.loads(data, object_pairs_hook=_each_once)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse two values under one name, of which readers take one or the other."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _values(value: object, place: str = "") -> Iterator[tuple[str, str]]:
    items = value.items() if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else ()
    if not items:
        yield place, repr(value)
    for name, each in items:
        yield from _values(each, f"{place}/{name}")


def _lines(data: bytes) -> Pieces:
    return {f"line {number}": line for number, line in enumerate(data.decode().splitlines(), 1)}


def _all_values(data: bytes) -> Pieces:
    return dict(_values({name: value for name, value in _document(data).items() if name != "brand"}))


_READERS: dict[str, Callable[[bytes], Reading]] = {
    "html": _html,
    "md": _markdown,
    "json": _json,
    "csv": lambda data: Reading(read_csv(data.decode("utf-8-sig"))),
    "xlsx": lambda data: Reading(read_xlsx(data)),
    "pptx": lambda data: Reading(read_pptx(data)),
}
_WHOLE: dict[str, Callable[[bytes], Pieces]] = {
    "html": lambda data: dict(numbered(page_of(data.decode()))),
    "md": _lines,
    "json": _all_values,
    "csv": _lines,
    "xlsx": parts_of_xlsx,
    "pptx": parts_of_pptx,
}
"""What looks alone, such as shapes in drawings and colours, is left to the hash."""
