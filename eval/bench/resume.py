"""Runs made before: kept until their benchmark stands whole, so that a later attempt makes only the others."""

import hashlib
from pathlib import Path

from pydantic import ValidationError

from eval.bench.result import ArmLoad
from eval.bench.runs import Measured, RawFile
from pipeline.base.files import write_atomically
from pipeline.base.identity import document_identity


class KeptRuns:
    """Runs in a folder, each under the name of all that it depends on; void ones too, because limits may change."""

    def __init__(self, folder: Path, results: Path, *, readable: bool = True) -> None:
        """Take a folder of kept runs.

        Args:
            folder: where they are kept.
            results: where the results of this attempt are written.
            readable: whether what is found may be used, which it may not where an engine may have changed unseen.
        """
        self._folder = folder
        self._results = results
        self._readable = readable

    def run(self, depends_on: object) -> Measured | None:
        """Return a run that was made before, its raw files among the results; None where there is none."""
        place = self._place(depends_on)
        try:
            found = Measured.model_validate_json(place.with_suffix(".json").read_bytes())
            files = [(copy.read_bytes(), file) for copy, file in _copies(place, found)]
        except (OSError, ValidationError):
            return None
        if not self._readable or any(hashlib.sha256(data).hexdigest() != file.sha256 for data, file in files):
            return None
        for data, file in files:
            path = self._results / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return found

    def keep(self, depends_on: object, measured: Measured) -> None:
        """Keep a run with its raw files; killed on the way, there is none."""
        place = self._place(depends_on)
        for copy, file in _copies(place, measured):
            copy.write_bytes((self._results / file.name).read_bytes())
        write_atomically(place.with_suffix(".json"), measured.model_dump_json())

    def engine(self, depends_on: object) -> ArmLoad | None:
        """Return what an arm's engine said of itself when its runs were made; None where that is not kept."""
        try:
            found = ArmLoad.model_validate_json(self._place(depends_on).with_suffix(".engine.json").read_bytes())
        except (OSError, ValidationError):
            return None
        return found if self._readable else None

    def keep_engine(self, depends_on: object, load: ArmLoad) -> None:
        """Keep what an arm's engine says of itself."""
        write_atomically(self._place(depends_on).with_suffix(".engine.json"), load.model_dump_json())

    def _place(self, depends_on: object) -> Path:
        return self._folder / document_identity(depends_on)[:16]


def _copies(place: Path, measured: Measured) -> list[tuple[Path, RawFile]]:
    """Return where each file of a run is kept."""
    return [(place.with_suffix(f".{number}.gz"), file) for number, file in enumerate(measured.files)]
