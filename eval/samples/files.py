"""Finds lm-eval's sample files of one model, and the results files beside them, whichever 0.4.x wrote them.

What the versions write, for `--output_path OUT --log_samples`:
    0.4.0 to 0.4.2    OUT/results.json and OUT/<model arguments>_<task>.jsonl, a JSON array without hashes
    0.4.3             OUT/<model>/results_<time>.json and samples_<task>_<time>.json, a JSON array
    later             OUT/<model>/results_<time>.json and samples_<task>_<time>.jsonl, JSON lines
    awqctl eval       <task>.results.json and <task>.samples.jsonl, which names the subtask in each line
Each may be compressed.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.comparison.compression import SUFFIXES, plain_name, read_bytes
from eval.samples.models import model_of, require_one_model
from eval.samples.results import read_results, stated_tasks
from pipeline.base.errors import SourceError

_OURS = ".samples.jsonl"
_OUR_RESULTS = ".results.json"
_STAMP = r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?"
_THEIRS = re.compile(rf"samples_(?P<task>.+?)(?:_(?P<time>{_STAMP}))?\.(?i:jsonl?)")
_RESULTS = re.compile(rf"results(?:_(?P<time>{_STAMP}))?\.(?i:json)")
_UNREAD = re.compile(rf"(?P<plain>samples_(?P<task>.+?)(?:_{_STAMP})?\.jsonl?|(?P<ours>.+)\.samples\.jsonl)[.~].*")
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
        return plain_name(self.path).endswith(_OURS)

    @property
    def model(self) -> str:
        """Return whose samples they are, as results or name say it; empty where they do not.

        What `awqctl` wrote is its folder's: it serves all models under one name.
        """
        if self.ours:
            return self.path.parent.name
        name = plain_name(self.path)
        if self.named and not _THEIRS.fullmatch(name):  # of 0.4.0 to 0.4.2
            return Path(name).stem.removesuffix(f"_{self.task}")
        return model_of(self.results)


@dataclass(frozen=True)
class SampleFiles:
    """The sample files of one model."""

    origin: Path
    files: tuple[SampleFile, ...]
    """One per task."""
    notes: tuple[str, ...] = ()
    """What was left out, as sentences."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Why samples are not those of the newest evaluation, or not there, by task, as sentences."""


def find_sample_files(origin: Path) -> SampleFiles:
    """Return the sample files in a folder, or the one that is given.

    Raises:
        SourceError: there are none, there are those of several models, or a results file is damaged.
    """
    if not origin.exists():
        raise SourceError(f"There is no file or folder {origin}. Give what `lm_eval --log_samples` wrote.")
    if origin.is_file():
        return SampleFiles(origin, (_only(origin),))
    folders = _folders(origin)
    found = [file for folder in folders for file in _in_folder(folder)]
    unread = {task: text for folder in folders for task, text in _unread(folder).items()}
    if not found:
        hint = " ".join(unread.values()) or "Run `lm_eval` with --log_samples, and give that."
        raise SourceError(f"{origin} has no sample files of lm-eval. {hint}")
    require_one_model(origin, found)
    kept, notes = _newest(found)
    lost = {task: text for folder in folders for task, text in _lost(folder, kept).items()}
    return SampleFiles(origin, kept, notes, lost | unread | _contradicting(found))


def _folders(origin: Path) -> list[Path]:
    """Return the folders with JSON, at and below one; links are followed, and each folder is there once."""
    seen: set[str] = set()
    found = []
    for name, below, files in os.walk(origin, followlinks=True):
        real = os.path.realpath(name)
        if real in seen:
            below.clear()
            continue
        seen.add(real)
        below.sort(key=lambda child: (os.path.islink(os.path.join(name, child)), child))  # noqa: PTH114, PTH118
        if any(".json" in file.lower() for file in files):
            found.append(Path(name))
    return sorted(found)


def _only(path: Path) -> SampleFile:
    found = next((file for file in _in_folder(path.parent, only=path) if file.path == path), None)
    if found:
        return found
    name = plain_name(path)
    if name.endswith(_OUR_RESULTS) or _RESULTS.fullmatch(name):
        raise SourceError(f"{path} has no samples, only results. Give the samples_*.jsonl, or the folder of both.")
    return SampleFile(path, Path(name).stem, named=False)


def _files(folder: Path) -> list[Path]:
    """Return the files with JSON of one folder, compressed ones included."""
    return sorted(
        path
        for path in folder.iterdir()
        if Path(plain_name(path)).suffix.lower() in (".json", ".jsonl") and path.is_file()
    )


def _in_folder(folder: Path, only: Path | None = None) -> list[SampleFile]:
    """Return the sample files of one folder, each with its results, which are read once."""
    files = _files(folder)
    stamps = _results_files(files)
    samples = [file for path in files if only in (None, path) and (file := _named(path, stamps))]
    wanted = {file.path: _results_file(file, stamps, files) for file in samples}
    documents = {path: read_results(path) for path in set(wanted.values()) if path}
    return [_completed(file, documents, wanted[file.path]) for file in samples]


def _results_files(files: Iterable[Path]) -> dict[str, Path]:
    """Return lm-eval's results files by their time, which is empty where the name does not say it."""
    return {match["time"] or "": path for path in files if (match := _RESULTS.fullmatch(plain_name(path)))}


def _named(path: Path, stamps: Mapping[str, Path]) -> SampleFile | None:
    """Return what the name of a file says, None if it is not that of samples."""
    name = plain_name(path)
    if name.endswith(_OURS):
        return SampleFile(path, name.removesuffix(_OURS))
    match = _THEIRS.fullmatch(name)
    if match:
        return SampleFile(path, match["task"], match["time"] or "")
    if name.endswith(".jsonl") and "" in stamps:  # of 0.4.0 to 0.4.2
        return SampleFile(path, Path(name).stem, named=False)
    return None


def _results_file(file: SampleFile, stamps: Mapping[str, Path], files: Iterable[Path]) -> Path | None:
    """Return the results of the same evaluation: same name, or same time; one without a time may belong to any."""
    if file.ours:
        return next((path for path in files if plain_name(path) == f"{file.task}{_OUR_RESULTS}"), None)
    return stamps.get(file.time) or stamps.get("")


def _completed(file: SampleFile, documents: Mapping[Path, Mapping[str, Any]], results: Path | None) -> SampleFile:
    """Return the file with its results, and with the task that they know by the end of its name."""
    known = documents[results] if results else {}
    if file.named:
        return SampleFile(file.path, file.task, file.time, file.named, known)
    stem = Path(plain_name(file.path)).stem
    fitting = [task for task in known["results"] if stem.endswith(f"_{task}")] if known else []
    return SampleFile(file.path, max(fitting, key=len, default=file.task), file.time, bool(fitting), known)


def _newest(files: Iterable[SampleFile]) -> tuple[tuple[SampleFile, ...], tuple[str, ...]]:
    """Return the newest file per task, the plain one of two, and a note where there were several."""
    by_task: dict[str, list[SampleFile]] = {}
    for file in files:
        by_task.setdefault(file.task, []).append(file)
    kept = tuple(
        max(same, key=lambda file: (file.time, file.path.suffix not in SUFFIXES, str(file.path)))
        for same in by_task.values()
    )
    repeated = [task for task, same in by_task.items() if len({plain_name(file.path) for file in same}) > 1]
    if not repeated:
        return kept, ()
    names = ", ".join(repeated[:_SHOWN]) + (" and others" if len(repeated) > _SHOWN else "")
    return kept, (f"{kept[0].path.parent} has several evaluations of {names}; the newest of each is compared.",)


def _contradicting(files: Iterable[SampleFile]) -> dict[str, str]:
    """Return the tasks of which a file is there packed and unpacked with other contents, each with a sentence."""
    same: dict[Path, list[SampleFile]] = {}
    for file in files:
        same.setdefault(file.path.with_name(plain_name(file.path)), []).append(file)
    several = (twins for twins in same.values() if len(twins) > 1)
    return {
        twins[0].task: f"{' and '.join(str(file.path) for file in twins)} have other contents. Remove what is outdated."
        for twins in several
        if len({read_bytes(file.path) for file in twins}) > 1
    }


def _unread(folder: Path) -> dict[str, str]:
    """Return the tasks of which a file of samples is there under a name that is not read, each with a sentence."""
    names = {plain_name(path) for path in _files(folder)}
    found = ((path, _UNREAD.fullmatch(plain_name(path))) for path in sorted(folder.iterdir()))
    return {
        match["task"] or match["ours"]: f"{path} is not read: it is compressed, or another kind of file. Unpack it."
        for path, match in found
        if match and match["plain"] not in names and path.is_file()
    }


def _lost(folder: Path, kept: Sequence[SampleFile]) -> dict[str, str]:
    """Return the tasks that results of this model state and that have no samples, or older ones; with a sentence."""
    files = _files(folder)
    times = {file.task: file.time for file in kept}
    models = {file.model for file in kept}
    found: dict[str, str] = {}
    for time, path in sorted(_results_files(files).items()):
        if not time and not any(file.results for file in kept if file.path.parent == folder):
            continue  # any program may call its file `results.json`
        document = read_results(path)
        if models & {"", model_of(document)} or not model_of(document):
            found |= {
                task: f"{path} states '{task}', and there are no samples of it."
                if task not in times
                else f"{path} states '{task}' of {time}, later than its samples ({times[task]})."
                for task in stated_tasks(document)
                if task not in times or (times[task] and times[task] < time)
            }
    ours = [path for path in files if plain_name(path).endswith(_OUR_RESULTS)]
    names = {path: plain_name(path).removesuffix(_OUR_RESULTS) for path in ours}
    return found | {
        task: f"{path} states '{task}', and there are no samples of it."
        for path, task in names.items()
        if task not in times
    }
