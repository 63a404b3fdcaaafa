"""What an engagement costs: packages that are paid once or by the month; the user's file comes first."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pipeline.base.errors import UsageError
from pipeline.base.suggestion import suggestion
from pipeline.catalogue.files import merged
from pipeline.catalogue.sources import Source, read_sources

FILE = "engagements.yaml"


@dataclass(frozen=True)
class Package:
    """A package and its price, from one figure to another."""

    key: str
    title: str
    low_usd: float
    high_usd: float
    monthly: bool
    source: Source


@cache
def packages() -> Mapping[str, Package]:
    """Return all packages by key, the user's file included."""
    entries, described = merged(FILE, "packages")
    sources = read_sources(FILE, described)
    return {key: _package(key, entry, sources) for key, entry in entries.items()}


def find_package(key: str, *, monthly: bool) -> Package:
    """Return a package that is paid once, or one that is paid by the month.

    Raises:
        UsageError: there is none of that name, or it is paid the other way.
    """
    found = {name: package for name, package in packages().items() if package.monthly == monthly}
    if key not in found:
        paid = "by the month" if monthly else "once"
        raise UsageError(
            f"No package that is paid {paid} is called {key}.{suggestion(key, found)} There are {', '.join(found)}."
        )
    return found[key]


def _package(key: str, entry: Mapping[str, Any], sources: Mapping[str, Source]) -> Package:
    try:
        low, high, source = entry["usd"]
        if not 0 <= float(low) <= float(high) < float("inf"):
            raise ValueError(f"{low} to {high} is no range of prices")  # noqa: TRY301 -- told below
        return Package(
            key, str(entry["title"]), float(low), float(high), entry.get("paid") == "monthly", sources[source]
        )
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise UsageError(
            f"{FILE}: {key} cannot be read: {problem}. Give a title and usd: [from, to, source]; `paid: monthly` where "
            f"it is paid by the month."
        ) from None
