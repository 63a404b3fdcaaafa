"""Prices of paid APIs per million tokens, each with its source; the user's file comes first."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pipeline.base.errors import UsageError
from pipeline.base.suggestion import suggestion
from pipeline.catalogue.files import merged
from pipeline.catalogue.gpu_entry import Figure
from pipeline.catalogue.sources import Source, read_sources

FILE = "apis.yaml"


@dataclass(frozen=True)
class ApiPrice:
    """What a provider asks for one of its models, standard tier, nothing from its cache."""

    key: str
    provider: str
    model: str
    input_usd_per_mtok: Figure
    output_usd_per_mtok: Figure
    note: str = ""


@cache
def apis() -> Mapping[str, ApiPrice]:
    """Return all prices by key, the user's file included."""
    entries, described = merged(FILE, "apis")
    sources = read_sources(FILE, described)
    return {key: _entry(key, entry, sources) for key, entry in entries.items()}


def find_api(key: str) -> ApiPrice:
    """Return the price of an API.

    Raises:
        UsageError: there is none of that name.
    """
    found = apis()
    if key not in found:
        raise UsageError(
            f"No API of the catalogue is called {key}.{suggestion(key, found)} There are {', '.join(found)}."
        )
    return found[key]


def _entry(key: str, entry: Mapping[str, Any], sources: Mapping[str, Source]) -> ApiPrice:
    try:
        return ApiPrice(
            key,
            str(entry["provider"]),
            str(entry["model"]),
            _price(entry["input_usd_per_mtok"], sources),
            _price(entry["output_usd_per_mtok"], sources),
            str(entry.get("note", "")),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise UsageError(
            f"{FILE}: {key} cannot be read: {problem}. Give provider, model, input_usd_per_mtok and "
            f"output_usd_per_mtok, each price as [number, source] with the source under `sources`."
        ) from None


def _price(given: Any, sources: Mapping[str, Source]) -> Figure:
    value, source = given
    if isinstance(value, bool) or not 0 <= float(value) < float("inf"):
        raise ValueError(f"{value} is no price")
    return Figure(float(value), sources[source])
