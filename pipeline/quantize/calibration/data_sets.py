"""Reads calibration rows through `datasets`, streaming: a data set on the hub, or a folder of files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from pipeline.base.errors import AwqctlError, SourceError
from pipeline.quantize.calibration.data_set_errors import explained, failures
from pipeline.quantize.calibration.files import TOOLS, Row, missing_column
from pipeline.quantize.calibration.sources import FILE_SUFFIXES, Place

_SHUFFLED_AT_ONCE = 1000
"""Rows in the shuffle buffer: about what is read beyond what is used."""
_SAVED_TO_DISK = ("state.json", "dataset_dict.json")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class DataSet:
    """A data set that can be read."""

    place: Place
    commit: str | None
    """40 hex digits for one on the hub."""
    stream: Any
    """A `datasets.IterableDataset`."""

    def rows(self) -> Iterator[Row]:
        """Yield the rows in the order of the stream.

        Raises:
            SourceError: the column is not there, or a file of the data set is broken.
            EnvironmentLackError: the hub can no longer be reached.
        """
        where, column = _title(self.place), self.place.column
        try:
            for row in self.stream:
                if column not in row:
                    raise missing_column(where, column, list(row))
                yield Row(where, row[column], row.get(TOOLS))
        except AwqctlError:
            raise
        except failures() as problem:
            raise explained(problem, where, is_local=self.place.path is not None) from None


def open_data_set(place: Place, seed: int) -> DataSet:
    """Return a data set, shuffled with `seed`: shards as a whole, rows within a buffer.

    Raises:
        SourceError: there is no such data set, configuration, split or column.
        EnvironmentLackError: the hub cannot be reached.
    """
    from datasets import load_dataset_builder  # noqa: PLC0415 -- seconds of import, only here

    _check(place)
    try:
        builder = load_dataset_builder(str(place.path or place.source.source), place.source.config)
        stream = builder.as_streaming_dataset(split=place.split)
        if stream.features is not None:
            if place.column not in stream.features:
                raise missing_column(_title(place), place.column, list(stream.features))
            beside = [TOOLS] if place.is_chat and place.column != TOOLS and TOOLS in stream.features else []
            stream = stream.select_columns([place.column, *beside])
        commit = builder.hash if place.path is None and _COMMIT.fullmatch(builder.hash or "") else None
        return DataSet(place, commit, _shuffled(stream, seed))
    except AwqctlError:
        raise
    except failures() as problem:
        raise explained(problem, _title(place), is_local=place.path is not None) from None


def _shuffled(stream: Any, seed: int) -> Any:
    """Return the stream in seeded order, filled from one shard at a time, as all versions of `datasets` can.

    Version 5 would fill the buffer from ten shards at once. That reads some 40 MB of each Parquet shard.
    """
    one_shard = (
        {"max_buffer_input_shards": 1} if "max_buffer_input_shards" in signature(stream.shuffle).parameters else {}
    )
    return stream.shuffle(seed=seed, buffer_size=_SHUFFLED_AT_ONCE, **one_shard)


def _check(place: Place) -> None:
    """Refuse what `datasets` would take for something else.

    It takes `json` for "all JSON files of the working directory".
    """
    from datasets import packaged_modules  # noqa: PLC0415 -- loaded already

    if place.path is not None:
        _check_folder(place.path)
    elif place.source.source in {module.name for module in iter_modules(packaged_modules.__path__)}:
        raise SourceError(
            f"The calibration source {place.source.source} is a file format, not a data set. Give the file, a folder "
            f"of files, or a data set on the hub as org/name."
        )


def _check_folder(folder: Path) -> None:
    """Refuse a folder of which `datasets` would read a part, or would read the notes of `save_to_disk` as rows."""
    if any((folder / file).is_file() for file in _SAVED_TO_DISK):
        raise SourceError(
            f"The calibration folder {folder} was written by save_to_disk, which is not read. Write the rows as "
            f"Parquet (to_parquet) instead."
        )
    names = [path.relative_to(folder) for path in folder.rglob("*") if path.suffix in FILE_SUFFIXES]
    kinds = sorted({name.suffix for name in names if not any(part.startswith(".") for part in name.parts)})
    if len(kinds) > 1:
        raise SourceError(
            f"The calibration folder {folder} holds {' and '.join(kinds)} files, of which only one kind would be read. "
            f"Give a folder with one kind, or list the files as sources."
        )


def _title(place: Place) -> str:
    parts = [f"Calibration folder {place.path}" if place.path else f"Data set {place.source.source}"]
    parts += [f"configuration {place.source.config}"] if place.source.config else []
    return ", ".join([*parts, f"split {place.split}"])
