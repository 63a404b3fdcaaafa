"""`awqctl gpus refresh`: rental prices through gpuhunt, into a file of the user's.

gpuhunt (github.com/dstackai/gpuhunt) knows where its catalogue of each provider is published and how it is written. It
is told by environment variables of its own what it reads instead: `GPUHUNT_CATALOG_URL` a mirror, `GPUHUNT_CATALOG_DIR`
a folder of CSV files, one per provider.
"""

import logging
import os
import re
import socket
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.base.errors import EnvironmentLackError, UsageError
from pipeline.base.files import write_atomically
from pipeline.base.yaml_text import write_yaml
from pipeline.catalogue.files import PRICES, own
from pipeline.catalogue.gpus import gpu_called, gpus

ADDRESS = "https://github.com/dstackai/gpuhunt"
_FOLDER = "GPUHUNT_CATALOG_DIR"
_TIMEOUT_S = 60
_DATED = re.compile(r"(\d{4})(\d{2})(\d{2})")
"""How versions of a provider's catalogue begin: `20260818-42`."""
_MOST_USD = 1e6
"""An hour; what costs more, or nothing, or infinitely much, is no offer."""
_MEMORY_TOLERANCE = 0.1
"""Of a card's memory as providers write it: 80 or 79, 141 or 140."""


@dataclass(frozen=True)
class Offers:
    """What providers ask on demand, per GPU and hour."""

    prices: Mapping[str, Mapping[str, float]]
    """GPU -> provider -> the cheapest."""
    dates: Mapping[str, date]
    """Provider -> of its catalogue."""


def refresh(source: Path | None, today: date) -> dict[str, int]:
    """Write the cheapest on-demand price of each provider; return the number of offers by GPU.

    Args:
        source: a copy of the catalogue: a zip or a folder of CSV files, or one of them; None: it is fetched.
        today: what prices are dated with whose catalogue says no date.

    Raises:
        UsageError: the copy cannot be read.
        EnvironmentLackError: it cannot be fetched.
    """
    offers = _fetched(today) if source is None else _copied(source, today)
    if not offers.prices:
        raise UsageError(f"{source or ADDRESS} holds no offer of a GPU of the catalogue. Get the catalogue anew.")
    write_atomically(own(PRICES), write_yaml(_document(offers, today)))
    gpus.cache_clear()
    return {key: len(found) for key, found in sorted(offers.prices.items())}


def _document(offers: Offers, today: date) -> dict[str, object]:
    return {
        "sources": {
            f"gpuhunt-{provider}": {
                "title": f"gpuhunt's catalogue of {provider}",
                "url": ADDRESS,
                "date": of.isoformat(),
                "seen": today.isoformat(),
            }
            for provider, of in sorted(offers.dates.items())
        },
        "gpus": {
            key: {
                "rent": [
                    {
                        "usd_per_hour": price,
                        "provider": provider,
                        "term": "on demand",
                        "source": f"gpuhunt-{provider}",
                    }
                    for provider, price in sorted(found.items(), key=lambda each: each[1])
                ]
            }
            for key, found in sorted(offers.prices.items())
        },
    }


def _fetched(today: date) -> Offers:
    from gpuhunt import GPUHuntError  # noqa: PLC0415 -- only a refresh needs it

    catalog = _catalog()
    try:
        with _quiet():
            catalog.load()
            items = catalog.query(spot=False, min_gpu_count=1)
    except (GPUHuntError, OSError) as problem:
        raise EnvironmentLackError(
            "The prices that gpuhunt publishes cannot be fetched. Check the network, or give a copy with --from."
        ) from problem
    dates = {provider: _dated(found.version, today) for provider, found in catalog.catalog.items()}
    return _offers(items, dates, today)


def _copied(source: Path, today: date) -> Offers:
    catalog, items = _catalog(), []
    with tempfile.TemporaryDirectory() as folder, _environment(_FOLDER, folder), _quiet():
        for provider in _unpacked(source, Path(folder)):
            try:
                items += catalog.query(provider=provider, spot=False, min_gpu_count=1)
            except (ValueError, TypeError) as problem:  # no provider of gpuhunt's, or no text
                raise UsageError(
                    f"{source}: gpuhunt cannot read {provider}.csv as a catalogue of the provider {provider}: "
                    f"{problem}. Give its files as gpuhunt writes them, named by their provider."
                ) from problem
    return _offers(items, {}, today)


def _catalog() -> Any:
    from gpuhunt import Catalog  # noqa: PLC0415 -- only a refresh needs it

    return Catalog(balance_resources=False, auto_reload=False)


def _unpacked(source: Path, folder: Path) -> list[str]:
    """Write the CSV files of a copy into a folder; return their providers."""
    try:
        if source.is_dir() or source.suffix == ".csv":
            files = {each.name: each.read_bytes() for each in (source.glob("*.csv") if source.is_dir() else [source])}
        else:
            with zipfile.ZipFile(source) as archive:
                files = {Path(name).name: archive.read(name) for name in archive.namelist() if name.endswith(".csv")}
    except zipfile.BadZipFile as problem:
        raise UsageError(
            f"{source} is no catalogue of gpuhunt: a zip or a folder of CSV files, or one of them. Get it anew."
        ) from problem
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return sorted(Path(name).stem for name in files)


def _offers(items: Iterable[Any], dates: Mapping[str, date], today: date) -> Offers:
    prices: dict[str, dict[str, float]] = {}
    for item in items:
        key = _key(item)
        if key and 0 < item.price < _MOST_USD:
            known, price = prices.setdefault(key, {}), item.price / item.gpu_count
            known[item.provider] = min(price, known.get(item.provider, price))
    providers = {provider for found in prices.values() for provider in found}
    return Offers(prices, {provider: dates.get(provider, today) for provider in providers})


def _key(item: Any) -> str:
    """Return the GPU's key; empty where the catalogue has none of this name and this memory."""
    memory, name = item.gpu_memory or 0.0, item.gpu_name or ""
    for called in (f"{name} {memory:g}GB", name):
        entry = gpu_called(called)
        if entry and memory and abs(entry.figures["memory_gb"].value / memory - 1) <= _MEMORY_TOLERANCE:
            return entry.key
    return ""


def _dated(version: str, today: date) -> date:
    found = _DATED.match(version)
    try:
        return date(*map(int, found.groups())) if found else today
    except ValueError:
        return today


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Set a variable that gpuhunt reads."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep gpuhunt's log from the screen, and its downloads from waiting for ever."""
    logger, before = logging.getLogger("gpuhunt"), socket.getdefaulttimeout()
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    socket.setdefaulttimeout(_TIMEOUT_S)
    try:
        yield
    finally:
        logger.setLevel(level)
        socket.setdefaulttimeout(before)
