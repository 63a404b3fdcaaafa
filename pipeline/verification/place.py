"""Where a report and its run lie: found from the file, the evidence or the folder that somebody names."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.base.commands import command
from pipeline.base.errors import SourceError
from pipeline.record.record import RECORD
from pipeline.report.manifest import EVIDENCE
from pipeline.report.render.formats import FORMATS

_FOLDER = "report"
_ABOVE = 3
"""Folders above a report in which its run is looked for."""


@dataclass(frozen=True)
class Place:
    """What is to be checked."""

    out: Path
    """The output folder, with `record.json`."""
    evidence: Path
    reports: tuple[Path, ...]


def place_of(path: Path, run: Path | None = None) -> Place:
    """Return what a path stands for.

    Args:
        path: a report in any format, an `evidence.json`, or the output folder of a run with its reports.
        run: the output folder, where the report does not lie in it.

    Raises:
        SourceError: there is nothing, or no run to hold it against.
    """
    if not path.exists():
        raise SourceError(f"There is no {path}. Give a report, an {EVIDENCE}, or the output folder of a run.")
    out = run or _run_above(path)
    if not (out / RECORD).is_file():
        raise SourceError(f"{out} has no {RECORD}, so it is no run's output folder. Give that with --run.")
    if path.is_dir():
        folder = path / _FOLDER if (path / _FOLDER).is_dir() else path
        return Place(out, folder / EVIDENCE, _reports_in(folder))
    if path.name == EVIDENCE:
        return Place(out, path, _reports_in(path.parent))
    if _format(path) is None:
        raise SourceError(f"{path} is no report: its name ends in none of {', '.join(f'.{one}' for one in FORMATS)}.")
    beside = path.parent / EVIDENCE
    return Place(out, beside if beside.exists() else out / _FOLDER / EVIDENCE, (path,))


def _run_above(path: Path) -> Path:
    folders = [path, *path.absolute().parents[:_ABOVE]] if path.is_dir() else path.absolute().parents[:_ABOVE]
    for folder in folders:
        if (folder / RECORD).is_file():
            return folder
    raise SourceError(
        f"No run is found above {path}: none of the folders has a {RECORD}. Name the output folder of the run with "
        f"--run."
    )


def _reports_in(folder: Path) -> tuple[Path, ...]:
    found = tuple(path for one in FORMATS.values() if (path := folder / one.file).is_file())
    if not found:
        raise SourceError(f"{folder} has no report. `{command('report')}` writes one.")
    return found


def _format(path: Path) -> str | None:
    name = path.suffix.removeprefix(".").lower()
    return name if name in FORMATS else None
