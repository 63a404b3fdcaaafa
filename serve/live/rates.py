"""Tokens per second, from what the engines have counted by and by. Pure: time is given."""

from collections import deque
from collections.abc import Mapping

_WINDOW_S = 15.0
"""Engines are asked every five seconds, so that a shorter one would show steps."""


class TokenRates:
    """What each engine generates per second, over the last looks.

    An engine that was started again counts from zero: it has no rate until it has been seen twice.
    """

    def __init__(self, window_s: float = _WINDOW_S) -> None:
        self._window_s = window_s
        self._seen: dict[str, deque[tuple[float, int]]] = {}

    def look(self, at: float, tokens: Mapping[str, int | None]) -> dict[str, float]:
        """Return tokens per second by place, where they are known.

        Args:
            at: seconds of any clock that does not go back.
            tokens: since each engine's start, by place.
        """
        self._seen = {place: self._seen.get(place, deque()) for place, count in tokens.items() if count is not None}
        return {place: rate for place, count in tokens.items() if (rate := self._rate(place, at, count)) is not None}

    def _rate(self, place: str, at: float, count: int | None) -> float | None:
        if count is None:
            return None
        seen = self._seen[place]
        if seen and count < seen[-1][1]:
            seen.clear()
        seen.append((at, count))
        while len(seen) > 2 and seen[1][0] <= at - self._window_s:  # noqa: PLR2004 -- both ends
            seen.popleft()
        (begin, first), (end, last) = seen[0], seen[-1]
        return (last - first) / (end - begin) if end > begin else None
