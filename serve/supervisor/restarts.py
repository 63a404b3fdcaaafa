"""`Restarts`: when what has died is started again, and when it is given up. Pure: time is given."""

_FIRST_S = 1.0
_LONGEST_S = 60.0
_CRASH_LOOP = 5
_WINDOW_S = 600.0


class Restarts:
    """The deaths of one process: after each a longer pause, and an end to it after five in ten minutes.

    Attributes:
        count: deaths since the beginning that were followed by another start.
    """

    def __init__(self) -> None:
        self.count = 0
        self._recent: list[float] = []
        self._in_a_row = 0

    def died(self, at: float, *, served_s: float) -> float | None:
        """Return the seconds to wait before the next start; None where it is given up.

        Args:
            at: when it died, in seconds of any clock that does not go back.
            served_s: how long it had served; ten minutes make the pauses short again.
        """
        self._recent = [*(earlier for earlier in self._recent if at - earlier < _WINDOW_S), at]
        self._in_a_row = 1 if served_s >= _WINDOW_S else self._in_a_row + 1
        if len(self._recent) >= _CRASH_LOOP:
            return None
        self.count += 1
        return min(_FIRST_S * 2.0 ** (self._in_a_row - 1), _LONGEST_S)
