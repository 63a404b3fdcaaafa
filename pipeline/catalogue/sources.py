"""Where the figures of the catalogue are from, and whether somebody read them there."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.base.errors import UsageError

STALE = dt.timedelta(days=90)
"""Prices older than this are marked."""
_AHEAD = dt.timedelta(days=1)
"""Where it is tomorrow already; prices that are dated later are marked, too."""


@dataclass(frozen=True)
class Source:
    """Where a figure is from."""

    title: str
    date: dt.date | None
    """None: a price of a recipe that says none; a catalogue always has one."""
    url: str | None = None
    seen: dt.date | None = None
    """The day on which every figure that names the source was read there; None: nobody says so."""
    recalled: bool = False
    """Whether the figures were written from memory, the text not opened."""

    @property
    def stale(self) -> bool:
        """Return whether it is older than a price may be, or of a day that is yet to come."""
        if self.date is None:
            return False
        return not -_AHEAD <= dt.date.today() - self.date <= STALE  # noqa: DTZ011 -- prices are dated by day

    @property
    def state(self) -> str:
        """Return how far the figures can be trusted to be there; empty where a source of the user's does not say."""
        if self.recalled:
            return "recalled, not opened"
        return f"seen {self.seen}" if self.seen else ""

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "title": self.title,
            "date": str(self.date) if self.date else None,
            "url": self.url,
            "seen": str(self.seen) if self.seen else None,
            "recalled": self.recalled,
        }


def read_sources(file: str, entries: Mapping[str, Any]) -> Mapping[str, Source]:
    """Return the sources of a catalogue file by name.

    Raises:
        UsageError: one has no title or no date, or says both that it was seen and that it was not.
    """
    return {name: _source(file, name, entry) for name, entry in entries.items()}


def _source(file: str, name: str, entry: Any) -> Source:
    try:
        seen = entry.get("seen")
        source = Source(
            title=str(entry["title"]),
            date=dt.date.fromisoformat(str(entry["date"])),
            url=entry.get("url"),
            seen=None if seen is None else dt.date.fromisoformat(str(seen)),
            recalled=entry.get("recalled", False) is True,
        )
    except (TypeError, KeyError, ValueError, AttributeError):
        raise UsageError(
            f"{file}: the source {name} needs a title and a date such as 2026-11-29; `seen`, where given, is a date."
        ) from None
    if source.seen and source.recalled:
        raise UsageError(f"{file}: the source {name} is both seen and recalled. Keep the one that is true.")
    return source
