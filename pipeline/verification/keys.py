"""Keys looked up in the files of a run: `bench/results.json#/arms/1/points/0/requests`."""

import json
from pathlib import Path
from typing import Any

from pipeline.base.files import read_written
from pipeline.record.migrate import migrate
from pipeline.record.record import RECORD


class UnknownKeyError(LookupError):
    """A key that leads nowhere; says where it ends."""


class KeyReader:
    """Looks keys up in an output folder; each file is read once."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._documents: dict[str, Any] = {}

    def value(self, key: str) -> object:
        """Return what stands at a key.

        Raises:
            UnknownKeyError: the file or the place is not there.
        """
        file, _, pointer = key.partition("#/")
        found = self._document(file)
        for part in pointer.split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(name) if isinstance(found, list) else name]
            except (LookupError, ValueError, TypeError):
                raise UnknownKeyError(f"{file} has nothing at /{pointer}") from None
        return found

    def _document(self, file: str) -> Any:
        if file not in self._documents:
            try:
                document = json.loads(read_written(self._out / file))
            except (OSError, ValueError):
                raise UnknownKeyError(f"{file} is gone, or is no JSON") from None
            self._documents[file] = migrate(document) if file == RECORD else document
        return self._documents[file]
