"""Runs made before: kept until their benchmark stands whole, so that a later attempt makes only the others."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from eval.bench.load.result import RawFile
from eval.bench.result import ArmLoad
from eval.bench.runs import Measured
from eval.bench.soak.result import Soak
from pipeline.base.files import write_atomically
from pipeline.base.identity import document_identity


class KeptRuns:
    """Runs in a folder, each under the name of all that it depends on; void ones too, because limits may change.

    The form of what is kept is part of the name: another version of awqctl may have kept less.
    """

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
        self._form = document_identity([kind.model_json_schema() for kind in (Measured, ArmLoad)])

    def run(self, depends_on: object) -> Measured | None:
        """Return a run that was made before, its raw files among the results; None where there is none."""
        place = self._place(depends_on)
        try:
            found = Measured.model_validate_json(place.with_suffix(".json").read_bytes())
        except (OSError, ValidationError):
            return None
        return found if self._restored(place, found.files) else None

    def keep(self, depends_on: object, measured: Measured) -> None:
        """Keep a run with its raw files; killed on the way, there is none."""
        place = self._place(depends_on)
        self._copy(place, measured.files)
        write_atomically(place.with_suffix(".json"), measured.model_dump_json())

    def soak(self, depends_on: object) -> Soak | None:
        """Return a soak that was made before, its raw files among the results; None where there is none."""
        place = self._place(depends_on)
        try:
            found = Soak.model_validate_json(place.with_suffix(".soak.json").read_bytes())
        except (OSError, ValidationError):
            return None
        return found if self._restored(place, found.files) else None

    def keep_soak(self, depends_on: object, soak: Soak) -> None:
        """Keep a soak with its raw files; a void one is to be made again, and is not kept."""
        if soak.void:
            return
        place = self._place(depends_on)
        self._copy(place, soak.files)
        write_atomically(place.with_suffix(".soak.json"), soak.model_dump_json())

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

    def _restored(self, place: Path, files: Sequence[RawFile]) -> bool:
        """Put raw files among the results; return whether they may be used and are those that were kept."""
        try:
            kept = [(copy.read_bytes(), file) for copy, file in _copies(place, files)]
        except OSError:
            return False
        if not self._readable or any(hashlib.sha256(data).hexdigest() != file.sha256 for data, file in kept):
            return False
        for data, file in kept:
            path = self._results / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return True

    def _copy(self, place: Path, files: Sequence[RawFile]) -> None:
        for copy, file in _copies(place, files):
            copy.write_bytes((self._results / file.name).read_bytes())

    def _place(self, depends_on: object) -> Path:
        return self._folder / document_identity([self._form, depends_on])[:16]


def _copies(place: Path, files: Sequence[RawFile]) -> list[tuple[Path, RawFile]]:
    """Return where each file is kept."""
    return [(place.with_suffix(f".{number}.gz"), file) for number, file in enumerate(files)]
