"""`awqctl gpus refresh`: rental prices from the catalogue that gpuhunt publishes, into a file of the user's.

The catalogue is a zip of CSV files, one per provider (github.com/dstackai/gpuhunt, version 2); its columns are read by
name, so that the package itself is not needed.
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from pipeline.base.errors import EnvironmentLackError, UsageError
from pipeline.base.files import write_atomically
from pipeline.base.yaml_text import write_yaml
from pipeline.catalogue.files import PRICES, own
from pipeline.catalogue.gpus import find_gpu, gpus

ADDRESS = "https://dstack-gpu-pricing.s3.eu-west-1.amazonaws.com/v2/latest/catalog.zip"
_TIMEOUT_S = 60
_MEMORY_TOLERANCE = 0.1
"""Of a card's memory as providers write it: 80 or 79, 141 or 140."""


def refresh(source: Path | None, today: date) -> dict[str, int]:
    """Write today's cheapest on-demand price of each provider; return the number of offers by GPU.

    Args:
        source: a copy of the catalogue, a zip or one CSV file; None: it is fetched.
        today: what the prices are dated with.

    Raises:
        UsageError: the copy cannot be read.
        EnvironmentLackError: it cannot be fetched.
    """
    offers: dict[str, dict[str, float]] = {}
    for provider, row in _rows(source.read_bytes() if source else _fetched(), source):
        key, price = _offer(row)
        if key:
            known = offers.setdefault(key, {})
            known[provider] = min(price, known.get(provider, price))
    if not offers:
        raise UsageError(f"{source or ADDRESS} holds no offer of a GPU of the catalogue. Get the catalogue anew.")
    path = own(PRICES)
    write_atomically(path, write_yaml(_document(offers, today)))
    gpus.cache_clear()
    return {key: len(found) for key, found in sorted(offers.items())}


def _document(offers: dict[str, dict[str, float]], today: date) -> dict[str, object]:
    return {
        "sources": {
            "gpuhunt": {
                "title": "gpuhunt's catalogue",
                "url": ADDRESS,
                "date": today.isoformat(),
                "seen": today.isoformat(),
            }
        },
        "gpus": {
            key: {
                "rent": [
                    {"usd_per_hour": price, "provider": provider, "term": "on demand", "source": "gpuhunt"}
                    for provider, price in sorted(found.items(), key=lambda each: each[1])
                ]
            }
            for key, found in sorted(offers.items())
        },
    }


def _fetched() -> bytes:
    import httpx  # noqa: PLC0415 -- only a refresh needs it

    try:
        answer = httpx.get(ADDRESS, timeout=_TIMEOUT_S, follow_redirects=True)
        answer.raise_for_status()
    except httpx.HTTPError as problem:
        raise EnvironmentLackError(
            f"The prices at {ADDRESS} cannot be fetched. Check the network, or give a copy with --from FILE."
        ) from problem
    return answer.content


def _rows(content: bytes, source: Path | None) -> Iterator[tuple[str, dict[str, str]]]:
    try:
        if source is not None and source.suffix == ".csv":
            for row in csv.DictReader(io.StringIO(content.decode())):
                yield row.get("provider") or source.stem, row
            return
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                if name.endswith(".csv"):
                    for row in csv.DictReader(io.StringIO(archive.read(name).decode())):
                        yield Path(name).stem, row
    except (zipfile.BadZipFile, UnicodeDecodeError, csv.Error) as problem:
        raise UsageError(f"{source or ADDRESS} is no catalogue of gpuhunt: a zip of CSV files, or one.") from problem


def _offer(row: dict[str, str]) -> tuple[str, float]:
    """Return the GPU's key and the price per GPU and hour; an empty key for what is no offer of a known GPU."""
    try:
        count, price = int(row["gpu_count"]), float(row["price"])
        memory, name = float(row["gpu_memory"]), row["gpu_name"]
    except (KeyError, TypeError, ValueError):
        return "", 0.0
    if count < 1 or price <= 0 or row.get("spot", "").lower() == "true":
        return "", 0.0
    for called in (f"{name} {memory:g}GB", name):
        try:
            entry = find_gpu(called)
        except UsageError:
            continue
        if abs(entry.figures["memory_gb"].value / memory - 1) <= _MEMORY_TOLERANCE:
            return entry.key, price / count
    return "", 0.0
