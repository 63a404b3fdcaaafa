"""The formats that a report comes in: the suffix of each, and what renders it, imported when it is asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from pipeline.recipe.report import Format
from pipeline.report.document import ReportDocument

STEM = "report"
"""Name of the files without their suffix."""


@dataclass(frozen=True)
class FileFormat:
    """One format. Its renderer takes the document and returns text or bytes."""

    name: Format
    renderer: str
    """`module:function`, below `pipeline.report.render`."""
    takes_template: bool = False
    """Whether the renderer takes the client's template, too."""

    @property
    def file(self) -> str:
        """Name of the file."""
        return f"{STEM}.{self.name}"

    def render(self, report: ReportDocument, template: bytes | None = None) -> bytes:
        """Return the content of the file; text is UTF-8.

        Args:
            report: what is rendered.
            template: of the client's; formats without templates leave it alone.
        """
        module, function = self.renderer.split(":")
        to_format = getattr(import_module(f"pipeline.report.render.{module}"), function)
        content: str | bytes = to_format(report, template) if self.takes_template else to_format(report)
        return content.encode() if isinstance(content, str) else content


_ALL = (
    FileFormat("html", "html:to_html"),
    FileFormat("pdf", "pdf:to_pdf"),
    FileFormat("pptx", "pptx:to_pptx", takes_template=True),
    FileFormat("xlsx", "xlsx:to_xlsx"),
    FileFormat("md", "markdown:to_markdown"),
    FileFormat("csv", "csv:to_csv"),
    FileFormat("json", "json:to_json"),
)
FORMATS: dict[str, FileFormat] = {one.name: one for one in _ALL}


def formats_in(folder: Path) -> tuple[Format, ...]:
    """Return the formats that a report's folder has files of."""
    return tuple(one.name for one in _ALL if (folder / one.file).is_file())


def in_order(names: Iterable[str]) -> tuple[FileFormat, ...]:
    """Return the named formats, each once, in one order."""
    wanted = set(names)
    return tuple(one for one in _ALL if one.name in wanted)
