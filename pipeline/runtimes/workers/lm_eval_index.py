"""lm-eval's index of its own task files, kept between processes: it takes seconds to read its 14 000 files.

The file is used while lm-eval's folder of tasks has the same files, of the same sizes and times of writing, wherever it
lies: environments that share their files share the index.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

FILE = "AWQCTL_TASK_INDEX"
"""Environment variable that names the file of the index; without it nothing is kept."""
_HERE = "<lm-eval's tasks>"
"""Stands for the folder in the file."""


def own_tasks() -> dict[str, Any]:
    """Return lm-eval's own tasks, groups and tags by name."""
    import lm_eval.tasks

    folder = Path(lm_eval.tasks.__file__).parent
    file = Path(os.environ[FILE]) if os.environ.get(FILE) else None
    state = _state(folder) if file else ""
    found = _stored(file, state, folder) if file else None
    if found is None:
        found = lm_eval.tasks.TaskManager().task_index
        if file:
            _store(file, state, found, folder)
    return found


def _state(folder: Path) -> str:
    """Return what changes with any file below a folder."""
    digest = hashlib.sha256()
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            state = (Path(path) / name).stat()
            within = os.path.relpath(path, folder)
            digest.update(f"{within}/{name}\0{state.st_size}\0{state.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def _stored(file: Path, state: str, folder: Path) -> dict[str, Any] | None:
    from lm_eval.tasks._index import Entry, Kind

    try:
        document = json.loads(file.read_text(encoding="utf-8").replace(_HERE, _within_json(folder)))
        if document["state"] != state:
            return None
        return {
            name: Entry(name, Kind[kind], Path(path) if path else None, settings, set(tags))
            for name, kind, path, settings, tags in document["entries"]
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _store(file: Path, state: str, tasks: dict[str, Any], folder: Path) -> None:
    """Keep the index, unless JSON would change it or the file cannot be written."""
    entries = [
        [name, entry.kind.name, str(entry.yaml_path) if entry.yaml_path else None, entry.cfg, sorted(entry.tags)]
        for name, entry in tasks.items()
    ]
    with contextlib.suppress(OSError, ValueError, TypeError):
        text = json.dumps({"state": state, "entries": entries})
        if json.loads(text)["entries"] == entries:
            file.parent.mkdir(parents=True, exist_ok=True)
            ours = file.with_suffix(f".{os.getpid()}")
            ours.write_text(text.replace(_within_json(folder), _HERE), encoding="utf-8")
            ours.replace(file)


def _within_json(folder: Path) -> str:
    """Return the folder as it stands in a JSON text."""
    return json.dumps(str(folder))[1:-1]
