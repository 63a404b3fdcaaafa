"""Where calibration text is: the packaged file, a local file, a local folder, or a data set on the hub."""

import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from pipeline.base.errors import RecipeError, SourceError
from pipeline.base.homes import expanded
from pipeline.base.identity import file_identity, folder_identity
from pipeline.models import PACKAGED
from pipeline.recipe.calibration import Calibration, CalibrationSource

FILE_SUFFIXES = (".jsonl", ".txt", ".parquet")
_DATA_SET = re.compile(r"^[\w.-]+(/[\w.-]+)?$")
_DEFAULT_SPLIT = "train"
_DEFAULT_COLUMN = "text"


@dataclass(frozen=True)
class Place:
    """A source that was found."""

    source: CalibrationSource
    path: Path | None
    """A file or folder on this machine; None for a data set on the hub."""

    @property
    def is_file(self) -> bool:
        """Return whether it is a single file, which has neither configurations nor splits."""
        return self.path is not None and self.path.is_file()

    @property
    def column(self) -> str:
        """Return the column to read."""
        return self.source.messages or self.source.column or _DEFAULT_COLUMN

    @property
    def is_chat(self) -> bool:
        """Return whether the column holds messages."""
        return self.source.messages is not None

    @property
    def split(self) -> str | None:
        """Return the split to read; None for a file."""
        return None if self.is_file else self.source.split or _DEFAULT_SPLIT

    def identity(self) -> str:
        """Return what tells a change of the text, without the network: a hub data set is known by its name."""
        if self.path is None:
            return self.source.source
        return file_identity(self.path) if self.is_file else folder_identity(self.path)


def calibration_identity(calibration: Calibration, recipe_dir: Path) -> str:
    """Return what a fingerprint needs to notice changed calibration text, over all sources.

    Raises:
        SourceError: a file is not there, or is of an unknown kind.
        RecipeError: a key does not suit the kind of its source.
    """
    return " ".join(locate(source, recipe_dir).identity() for source in calibration.mixture)


def locate(source: CalibrationSource, recipe_dir: Path) -> Place:
    """Return where a source is; paths are looked up beside the recipe first.

    Raises:
        SourceError: it names a file that is not there, or of an unknown kind.
        RecipeError: a key does not suit the kind of source.
    """
    place = Place(source, _local_path(source.source, recipe_dir))
    unfit = [key for key in ("config", "split") if getattr(source, key) is not None] if place.is_file else []
    if place.path is not None and place.path.suffix == ".txt" and place.is_file:
        unfit += [key for key in ("column", "messages") if getattr(source, key) is not None]
    if unfit:
        raise RecipeError(f"The calibration file {source.source} has no {' or '.join(unfit)}. Remove it there.")
    return place


def _local_path(source: str, recipe_dir: Path) -> Path | None:
    if source == PACKAGED:
        return Path(str(resources.files("recipes"))) / "demo" / "calibration.jsonl"
    for candidate in (recipe_dir / source, expanded(source, "quantize.calibration.source")):
        if candidate.is_dir():
            return candidate.resolve()
        if candidate.is_file():
            if candidate.suffix not in FILE_SUFFIXES:
                raise SourceError(
                    f"The calibration file {source} is of an unknown kind. Give one that ends in "
                    f"{', '.join(FILE_SUFFIXES[:-1])} or {FILE_SUFFIXES[-1]}."
                )
            return candidate.resolve()
    if Path(source).suffix in FILE_SUFFIXES or not _DATA_SET.match(source) or source.startswith("."):
        raise SourceError(
            f"quantize.calibration: there is no file {source}. Paths are relative to the recipe's folder; a data set "
            f"on the hub is written org/name."
        )
    return None
