"""What a report's file prints, and what it should print: both as text by place, in every format."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from pipeline.base.errors import SourceError
from pipeline.report.document import ReportDocument
from pipeline.report.printed import printed
from pipeline.report.render.formats import FORMATS
from pipeline.verification.html_reading import plain, read_html
from pipeline.verification.office_reading import read_pptx, read_xlsx
from pipeline.verification.text_reading import read_csv, read_markdown

Pieces = dict[str, str]


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
    read = _READERS.get(format_)
    try:
        return read(data) if read else None
    except (ValueError, ValidationError) as problem:
        raise SourceError(f"The file is damaged: {problem}. Write the report again.") from problem


def expected_of(format_: str, report: ReportDocument) -> Reading:
    """Return what a file of this report prints, made by the code that writes such files."""
    if format_ == "html":
        return Reading({one.id: plain(one.text) for one in printed(report) if one.on_page}, report.run)
    if format_ == "json":
        return _of_document(report)
    found = read_report(format_, FORMATS[format_].render(report))
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
    return _of_document(ReportDocument.model_validate(json.loads(data)))


def _of_document(report: ReportDocument) -> Reading:
    found = printed(report)
    numbers = {one.id: repr(one.value) for one in found} | {f"{one.id} (keys)": " ".join(one.keys) for one in found}
    return Reading({one.id: one.text for one in found}, report.run, numbers)


_READERS: dict[str, Callable[[bytes], Reading]] = {
    "html": _html,
    "md": _markdown,
    "json": _json,
    "csv": lambda data: Reading(read_csv(data.decode("utf-8-sig"))),
    "xlsx": lambda data: Reading(read_xlsx(data)),
    "pptx": lambda data: Reading(read_pptx(data)),
}
