"""`CanaryLines`: what the door's lines say of two sets of places since a moment: requests, errors, p95.

HAProxy's own counters know no quantile, and count requests whose client hung up as if the engine had failed. The lines
are read from the spool beside the audit's writer, as they come.
"""

import json
import statistics
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from serve.audit.spool import DOOR, Spool
from serve.gateway.backends import Place
from serve.releases.rollout import Observed

_FEWEST = 60
"""Answers of which p95 is told."""
_SERVER_ERROR = 500
_WHOLE = "--"
_BY_CLIENT = "C"
"""First letter of HAProxy's termination state: the client ended it."""


class CanaryLines:
    """Counts from its making on.

    Args:
        spool: folder of the door's files.
    """

    def __init__(self, spool: Path) -> None:
        self._spool = Spool(spool, {})
        self._by_place: dict[str, _Seen] = {}
        for file in self._spool.files(DOOR):
            file.skip()

    def read(self) -> None:
        """Count what has been written since; called at least once a second while it matters."""
        for file in self._spool.files(DOOR):
            for text, _ in file.lines():
                try:
                    line = json.loads(text)
                    self._by_place.setdefault(line["place"], _Seen()).count(line)
                except (ValueError, LookupError, TypeError):
                    continue  # the audit's writer tells
        self._spool.forget()

    def of(self, places: Collection[Place]) -> Observed:
        """Return what was seen of these places together."""
        seen = [self._by_place[place.server] for place in places if place.server in self._by_place]
        times = [time for each in seen for time in each.total_ms]
        return Observed(
            requests=sum(each.requests for each in seen),
            errors=sum(each.errors for each in seen),
            p95_ms=statistics.quantiles(times, n=20, method="inclusive")[-1] if len(times) >= _FEWEST else None,
        )


class _Seen:
    """What one place has answered."""

    def __init__(self) -> None:
        self.requests = self.errors = 0
        self.total_ms: list[float] = []

    def count(self, line: Mapping[str, Any]) -> None:
        """Count a line; a client that hung up says nothing of the engine."""
        status, ended = int(line["status"]), str(line["ended"])
        if ended.startswith(_BY_CLIENT):
            return
        self.requests += 1
        if status >= _SERVER_ERROR or status < 0 or not ended.startswith(_WHOLE):
            self.errors += 1
        else:
            self.total_ms.append(float(line["total_ms"]))
