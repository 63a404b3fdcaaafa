"""How far a piece of work is: elapsed and remaining time, in words. Pure; the caller reads the clock."""

from collections import deque

from pipeline.base.format import clock

_SAMPLES = 30
_SAMPLE_EVERY_S = 1.0
_MOST_COUNTED = 9999
"""Up to this total the advance is counted; beyond it, as with bytes, it is a share."""


class Step:
    """One step of some work: what it is, since when, and how much of it is done.

    The estimate comes from the last thirty reports that are a second apart, the first one among them: a long step is
    judged by all it did, what an earlier attempt left is not counted, and a pace that changed is soon noticed.
    """

    def __init__(self, text: str, total: float | None, now: float) -> None:
        self._reset(text, total, now)

    def _reset(self, text: str, total: float | None, now: float) -> None:
        self.text = text
        self.total = total
        self.done = 0.0
        self._began = now
        self._samples: deque[tuple[float, float]] = deque(maxlen=_SAMPLES)

    def update(self, now: float, *, done: float | None, total: float | None, text: str | None) -> bool:
        """Take in what was reported; return whether another step began, which is what another text means."""
        began = text is not None and text != self.text
        if text is not None and began:
            self._reset(text, total, now)
        if total is not None:
            self.total = total
        if done is not None:
            self._advance(now, done)
        return began

    def _advance(self, now: float, done: float) -> None:
        self.done = done
        if self._samples and done == self._samples[-1][1]:
            return
        if len(self._samples) > 1 and now - self._samples[-2][0] < _SAMPLE_EVERY_S:
            self._samples.pop()
        self._samples.append((now, done))

    def elapsed_s(self, now: float) -> float:
        """Return since how long the step runs."""
        return now - self._began

    def remaining_s(self, now: float) -> float | None:
        """Return how long it will still take at its present pace; None where nothing tells.

        Nothing does before a second report, when all is done, or when the next advance is overdue.
        """
        if self.total is None or len(self._samples) < 2:  # noqa: PLR2004 -- a pace takes two points
            return None
        (first, before), (last, done) = self._samples[0], self._samples[-1]
        if done <= before or last <= first or done >= self.total:
            return None
        left = (self.total - done) * (last - first) / (done - before) - (now - last)
        return left if left > 0 else None

    def advance(self, *, short: bool = False) -> str:
        """Return how much is done: `3 of 8`; in short, or of a large total, a share; nothing without a total."""
        if not self.total:
            return ""
        if short or self.total > _MOST_COUNTED:
            return f"{self.done / self.total * 100:.0f} %"
        return f"{self.done:.0f} of {self.total:.0f}"

    def times(self, now: float, *, short: bool = False) -> str:
        """Return elapsed and, where it is known, remaining time: `1:05 elapsed, about 2:00 left`."""
        elapsed, left = clock(self.elapsed_s(now)), self.remaining_s(now)
        if left is None:
            return f"{elapsed} elapsed"
        return f"{elapsed}, {clock(left)} left" if short else f"{elapsed} elapsed, about {clock(left)} left"
