"""Finds lm-eval's sample files of one model, and the results files beside them, whichever 0.4.x wrote them.

What the versions write, for `--output_path OUT --log_samples`:
    0.4.0 to 0.4.2    OUT/results.json and OUT/<model arguments>_<task>.jsonl, a JSON array without hashes
    0.4.3             OUT/<model>/results_<time>.json and samples_<task>_<time>.json, a JSON array
    later             OUT/<model>/results_<time>.json and samples_<task>_<time>.jsonl, JSON lines
    awqctl eval       <task>.results.json and <task>.samples.jsonl, which names the subtask in each line
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.samples.results import read_results
from pipeline.base.errors import SourceError

_OURS = ".samples.jsonl"
_STAMP = r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?"
_THEIRS = re.compile(rf"samples_(?P<task>.+?)(?:_(?P<time>{_STAMP}))?\.jsonl?")
_RESULTS = re.compile(rf"results(?:_(?P<time>{_STAMP}))?\.json")
_SHOWN = 8


@dataclass(frozen=True)
class SampleFile:
    """One file of samples of one task or, when `awqctl eval` wrote it, of one group."""

    path: Path
    task: str
    time: str = ""
    """When the evaluation ended, sortable; empty where the name does not say it."""
    named: bool = True
    """Whether the task is certain; otherwise it is the name of the file."""
    results: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """lm-eval's results of the same evaluation; empty where there is no such file."""

    @property
    def ours(self) -> bool:
        """Whether `awqctl eval` wrote it."""
        return self.path.name.endswith(_OURS)

    @property
    def model(self) -> str:
        """Return whose samples they are: the model that the results name, else the folder, which `awqctl` calls so."""
        named = None if self.ours else self.results.get("model_name")
        return str(named or self.path.parent.name)


@dataclass(frozen=True)
class SampleFiles:
    """The sample files of one model."""

    origin: Path
    files: tuple[SampleFile, ...]
    """One per task."""
    notes: tuple[str, ...] = ()
    """What was left out, as sentences."""


def find_sample_files(origin: Path) -> SampleFiles:
    """Return the sample files in a folder, or the one that is given.

    Raises:
        SourceError: there are none, there are those of several models, or a results file is damaged.
    """
    if not origin.exists():
        raise SourceError(f"There is no file or folder {origin}. Give what `lm_eval --log_samples` wrote.")
    if origin.is_file():
        return SampleFiles(origin, (_only(origin),))
    folders = sorted({path.parent for path in origin.rglob("*.json*")})
    found = [file for folder in folders for file in _in_folder(folder)]
    if not found:
        raise SourceError(f"{origin} has no sample files of lm-eval. Run `lm_eval` with --log_samples, and give that.")
    _require_one_model(origin, found)
    return SampleFiles(origin, *_newest(found))


def _require_one_model(origin: Path, files: Sequence[SampleFile]) -> None:
    """Refuse models of several names, and a task that is in several folders, which may be those of several models."""
    models = {file.model: file.path.parent for file in files}
    folders: dict[str, set[Path]] = {}
    for file in files:
        folders.setdefault(file.task, set()).add(file.path.parent)
    several = list(models.values()) if len(models) > 1 else max(map(sorted, folders.values()), key=len)
    if len(several) > 1:
        listed = "".join(f"\n  {folder}" for folder in several[:_SHOWN])
        raise SourceError(f"{origin} has samples of several models or runs. Give the folder of one of them:{listed}")


def _only(path: Path) -> SampleFile:
    found = next((file for file in _in_folder(path.parent, only=path) if file.path == path), None)
    if found:
        return found
    if path.name.endswith(".results.json") or _RESULTS.fullmatch(path.name):
        raise SourceError(f"{path} has no samples, only results. Give the samples_*.jsonl, or the folder of both.")
    return SampleFile(path, path.stem, named=False)


def _in_folder(folder: Path, only: Path | None = None) -> list[SampleFile]:
    """Return the sample files of one folder, each with its results, which are read once."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix in (".json", ".jsonl"))
    stamps = {match["time"] or "": path for path in files if (match := _RESULTS.fullmatch(path.name))}
    samples = [file for path in files if only in (None, path) and (file := _named(path, stamps))]
    wanted = {file.path: _results_file(file, stamps) for file in samples}
    documents = {path: read_results(path) for path in set(wanted.values()) if path}
    return [_completed(file, documents, wanted[file.path]) for file in samples]


def _named(path: Path, stamps: Mapping[str, Path]) -> SampleFile | None:
    """Return what the name of a file says, None if it is not that of samples."""
    if path.name.endswith(_OURS):
        return SampleFile(path, path.name.removesuffix(_OURS))
    match = _THEIRS.fullmatch(path.name)
    if match:
        return SampleFile(path, match["task"], match["time"] or "")
    if path.suffix == ".jsonl" and "" in stamps:  # of 0.4.0 to 0.4.2
        return SampleFile(path, path.stem, named=False)
    return None


def _results_file(file: SampleFile, stamps: Mapping[str, Path]) -> Path | None:
    """Return the results of the same evaluation: same name, or same time; one without a time may belong to any."""
    if file.ours:
        own = file.path.with_name(f"{file.task}.results.json")
        return own if own.is_file() else None
    return stamps.get(file.time) or stamps.get("")


def _completed(file: SampleFile, documents: Mapping[Path, Mapping[str, Any]], results: Path | None) -> SampleFile:
    """Return the file with its results, and with the task that they know by the end of its name."""
    known = documents[results] if results else {}
    if file.named:
        return SampleFile(file.path, file.task, file.time, file.named, known)
    fitting = [task for task in known["results"] if file.path.stem.endswith(f"_{task}")] if known else []
    return SampleFile(file.path, max(fitting, key=len, default=file.task), file.time, bool(fitting), known)


def _newest(files: Iterable[SampleFile]) -> tuple[tuple[SampleFile, ...], tuple[str, ...]]:
    """Return the newest file per task, and a note where there were several."""
    by_task: dict[str, list[SampleFile]] = {}
    for file in files:
        by_task.setdefault(file.task, []).append(file)
    kept = tuple(max(same, key=lambda file: (file.time, str(file.path))) for same in by_task.values())
    repeated = [task for task, same in by_task.items() if len(same) > 1]
    if not repeated:
        return kept, ()
    names = ", ".join(repeated[:_SHOWN]) + (" and others" if len(repeated) > _SHOWN else "")
    return kept, (f"{kept[0].path.parent} has several evaluations of {names}; the newest of each is compared.",)
