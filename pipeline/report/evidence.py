"""Where each figure of a result stands in the files of a run: `bench/results.json#/arms/1/points/0/requests`.

What follows `#` is a JSON pointer (RFC 6901).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Self

from pydantic import BaseModel

from eval.accuracy.result import EvalResult
from eval.bench.result import BenchResult
from eval.profile.result import ProfileResult
from pipeline.base.results import Payload, Result
from pipeline.record.record import RECORD
from pipeline.roi.result import RoiResult

Keys = tuple[str, ...]
"""Of one figure: one key where it is printed as it was found, several where it was calculated from them."""
_FILES: dict[type[Payload], str] = {
    EvalResult: "eval/results.json",
    BenchResult: "bench/results.json",
    ProfileResult: "profile/results.json",
    RoiResult: "roi/roi.json",
}
"""Results that have a file of their own. Every other one stands in the record."""


def file_of(kind: type[Payload]) -> str | None:
    """Return the file that has a result beside the record; None where the record alone has it."""
    return _FILES.get(kind)


class Evidence:
    """Finds the parts of results by what they are, so that a table need not know where in a result its rows stand."""

    def __init__(self, results: Mapping[type[Payload], Payload]) -> None:
        self._results = results  # kept alive, because parts are known by their identity
        self._places = {
            identity: place
            for kind, result in results.items()
            for identity, place in _parts(result, f"{_FILES[kind]}#" if kind in _FILES else _in_record(kind))
        }

    @classmethod
    def in_file(cls, result: Result, file: str) -> Self:
        """Return the places of a result that is a file of its own."""
        found = cls({})
        found._places = dict(_parts(result, f"{file}#"))
        return found

    def of(self, part: Result, *fields: str) -> Keys:
        """Return the keys of fields of a result or of a part of it.

        Raises:
            KeyError: it is part of no result.
        """
        place = self._places[id(part)]
        return tuple(f"{place}/{field}" for field in fields)

    def of_all(self, fields: Iterable[tuple[Result, str]]) -> Keys:
        """Return the keys of fields of several parts, each one once."""
        return tuple(dict.fromkeys(key for part, field in fields for key in self.of(part, field)))


def in_recipe(*path: str) -> Keys:
    """Return the key of a setting of the recipe."""
    return (f"{RECORD}#/recipe/{'/'.join(path)}",)


def in_terms(version: int, clause: int, field: str) -> Keys:
    """Return the key of a limit that was agreed, by the place of its version and of its clause in the record."""
    return (f"{RECORD}#/acceptance/{version}/terms/clauses/{clause}/{field}",)


def in_stage(stage: str, field: str) -> Keys:
    """Return the key of what the record says of a stage beside its result."""
    return (f"{RECORD}#/stages/{stage}/{field}",)


def _in_record(kind: type[Payload]) -> str:
    return f"{RECORD}#/stages/{kind.STAGE}/payload"


def _parts(value: object, place: str) -> Iterator[tuple[int, str]]:
    if isinstance(value, BaseModel):
        yield id(value), place
        children: Iterator[tuple[object, object]] = iter(value)
    elif isinstance(value, tuple):
        children = iter(enumerate(value))
    else:
        return
    for name, child in children:
        yield from _parts(child, f"{place}/{name}")
