"""How a closed loop of many requests is built up: new connections at a bounded rate. Pure arithmetic.

The client releases its requests at a rate that rises by the same step from one to the next, and starts each when fewer
than N are unanswered. With a first rate of C / 2 and steps of C / 2N the requests under way grow by at most C a second,
however long answers take: before the first answer by C / 2 + N x C / 2N at most, afterwards by the step times those
that were released within an answer's time. A new connection is opened only where more are under way than ever before.
"""

import math
from dataclasses import dataclass

EVEN = 100.0
"""Burstiness with which the gaps between requests are all but those of their rate."""


@dataclass(frozen=True)
class BuildUp:
    """The rates at which the requests of a closed loop are released."""

    first_per_s: float
    last_per_s: float
    """Of the last request of the load, long after all connections are open."""
    seconds: float
    """Until as many are released as are to be under way; where answers come sooner it takes longer."""


def build_up(concurrency: int, requests: int, connections_per_s: float) -> BuildUp:
    """Return how so many requests at once are reached with at most so many new connections a second."""
    first, step = connections_per_s / 2, connections_per_s / (2 * concurrency)
    return BuildUp(
        first_per_s=first,
        last_per_s=first + step * max(requests - 1, 0),
        seconds=math.log1p(concurrency * step / first) / step,
    )
