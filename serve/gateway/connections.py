"""How many connections HAProxy may hold: a matter of the files that a process may open."""

import os
import resource

from pipeline.base.errors import EnvironmentLackError

_MOST = 10_000
_PER_CONNECTION = 2
"""One to the client, one to the engine."""
_BESIDE = 64
_PER_THREAD = 8
"""HAProxy's own: listeners, sockets of control and log, and for each thread, of which it has one per core, an epoll and
a pipe."""
_MOST_THREADS = 64
_FEWEST = 16
RAISE = "Raise the limit with `ulimit -Hn NUMBER` as root, or LimitNOFILE= in a systemd unit."


def open_files() -> int:
    """Return how many files HAProxy may open: it raises its limit as far as it can."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return _PER_CONNECTION * _MOST * 2 if hard == resource.RLIM_INFINITY else hard


def max_connections(files: int) -> int:
    """Return how many connections HAProxy can hold when it may open so many files.

    Raises:
        EnvironmentLackError: hardly any.
    """
    own = _BESIDE + _PER_THREAD * min(len(os.sched_getaffinity(0)), _MOST_THREADS)
    found = min(_MOST, (files - own) // _PER_CONNECTION)
    if found < _FEWEST:
        raise EnvironmentLackError(
            f"A process may open {files} files here, which leaves HAProxy {max(found, 0)} connections: each takes "
            f"{_PER_CONNECTION}, and {own} are needed beside. {RAISE}"
        )
    return found
