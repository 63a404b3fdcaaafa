"""What the check of a report found."""

import csv
import zipfile
import zlib
from typing import Literal

from pipeline.base.results import Result

UNREADABLE = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, SyntaxError, EOFError),
    *(RuntimeError, zlib.error, zipfile.BadZipFile, csv.Error),
)
"""What reading a file raises that is damaged, or that somebody made up: of archives, XML, JSON and figures in them."""
Kind = Literal["run", "report", "figure", "key", "file", "result"]


class Problem(Result):
    """One thing that does not hold."""

    kind: Kind
    """`run`: of another run; `report`: the file of the report; `figure`: what it prints; `key`: where a figure is from;
    `file`: a file of the run; `result`: what raw files give."""
    where: str
    found: str | None = None
    expected: str | None = None
    """With `found`: what stands there, and what should."""
    detail: str = ""

    @property
    def sentence(self) -> str:
        """The same for a reader."""
        if self.expected is None and self.found is None:
            return f"{self.where}: {self.detail}"
        said = f"{self.where}: '{_short(self.found)}' stands there, and it should be '{_short(self.expected)}'"
        return f"{said} ({self.detail})" if self.detail else said


class Recomputed(Result):
    """What was made again from raw files."""

    what: str
    figures: int


class ReportCheck(Result):
    """The whole check of one or more files of a report."""

    reports: tuple[str, ...]
    """Names of the files that were checked."""
    intact: bool
    run: str
    """Identity of the results that the report is of."""
    figures: int
    """That were compared with the record, over all reports."""
    keys: int
    files: int
    recomputed: tuple[Recomputed, ...]
    hashes_only: tuple[str, ...]
    """Of what only the hash of a file was compared, because nothing makes it again, and of which formats."""
    problems: tuple[Problem, ...]


def _short(text: str | None, most: int = 160) -> str:
    if text is None:
        return "nothing"
    return text if len(text) <= most else f"{text[: most - 1]}…"
