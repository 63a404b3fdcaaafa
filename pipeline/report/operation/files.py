"""The files of a report from operation, put in place together."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.base.files import write_atomically
from pipeline.recipe.report import Format
from pipeline.report.document import ReportDocument
from pipeline.report.operation.chapters import FILE
from pipeline.report.render.formats import in_order
from serve.monitoring.operation import OperationResult


def write_operation(
    folder: Path, result: OperationResult, report: ReportDocument, formats: Sequence[Format]
) -> tuple[Path, ...]:
    """Write the result and the report in each format; return the report's files.

    Nothing is written before everything is rendered.
    """
    rendered = {folder / one.file: one.render(report) for one in in_order(formats)}
    write_atomically(folder / FILE, result.model_dump_json(indent=2) + "\n")
    for path, content in rendered.items():
        path.write_bytes(content)
    return tuple(rendered)
