"""Finds runs: output folders by their paths, those below a folder, and those that an MLflow store names."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.base.errors import SourceError
from pipeline.record.record import RECORD, RunRecord, load_record


def runs_below(folders: Sequence[Path]) -> list[Path]:
    """Return the output folders among these, and directly below them, by name."""
    found: dict[Path, None] = {}
    for folder in folders:
        inside = sorted(folder.iterdir()) if folder.is_dir() else []
        found |= dict.fromkeys(one for one in (folder, *inside) if (one / RECORD).is_file())
    return list(found)


def record_of(run: Path) -> RunRecord:
    """Return the record of an output folder, or of its `record.json`.

    Raises:
        SourceError: there is none.
        UsageError: it is not one that this version reads.
    """
    file = run / RECORD if run.is_dir() else run
    found = load_record(file)
    if found is None:
        raise SourceError(f"There is no run {run}: it has no {RECORD}. `awqctl runs ls` lists those below out/.")
    return found


def folder_of(run: Path) -> Path:
    """Return the output folder of a run that was named by it, or by its record."""
    return run if run.is_dir() else run.parent
