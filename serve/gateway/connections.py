"""How many connections HAProxy may hold: a matter of the files that a process may open."""

import resource
from dataclasses import dataclass

from pipeline.base.errors import EnvironmentLackError

_MOST_CLIENTS = 30_000
"""Ten thousand requests at once, and room for many that come and say nothing until they are dropped."""
_MOST_ENGINES = 1_024
"""More than engines have under way at once, and half of what may wait to be accepted by vLLM's server (2 048): beyond
that a connection is refused, and after some attempts its request with it. What is more waits in HAProxy, where it takes
one file instead of two."""
_BESIDE = 80
"""HAProxy's own: listeners, sockets of control and log, an epoll and a pipe for a thread."""
_BESIDE_THREAD = 8
"""For each further thread: its listener, also that of before at a reload, its log, an epoll and a pipe."""
_SIDES = 2
"""A new release stands beside the old one, and both have requests."""
_FEWEST = 100
"""On either side: HAProxy's master process wants files for as many of its own, although it has none."""
RAISE = "Raise the limit with `ulimit -Hn NUMBER` as root, or LimitNOFILE= in a systemd unit."


@dataclass(frozen=True)
class Connections:
    """How many connections there may be at once on either side of HAProxy."""

    clients: int
    engines: int
    """Requests that the engines of one release have, all together; further ones wait in HAProxy's queue."""


def open_files() -> int:
    """Return how many files HAProxy may open: it raises its limit as far as it can."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return (_MOST_CLIENTS + _MOST_ENGINES * _SIDES) * 2 if hard == resource.RLIM_INFINITY else hard


def explained(found: Connections, files: int) -> str:
    """Return what stands above HAProxy's own alert of too few files in its log; nothing where it has none."""
    if found.clients * 2 <= files:
        return ""
    return (
        f"awqctl: {found.clients} connections fit into {files} files: one each, {found.engines} to the engines of a "
        "release, twice that during a change. HAProxy's alert of its FD limit below reckons with two for each.\n"
    )


def connections(files: int, threads: int = 1) -> Connections:
    """Return how many connections HAProxy can hold when it may open so many files: one each.

    Raises:
        EnvironmentLackError: hardly any.
    """
    beside = _BESIDE + _BESIDE_THREAD * (threads - 1)
    left = max(files - beside, 0)
    engines = min(_MOST_ENGINES, left // 2)
    # However many engines could take, each of their requests is some client's.
    clients = min(_MOST_CLIENTS, max(left - engines * _SIDES, left // 2))
    if engines < _FEWEST:
        raise EnvironmentLackError(
            f"A process may open {files} files here, which leaves HAProxy {engines} connections: each takes one to "
            f"the client and one to the engine, and {beside} are needed beside. {RAISE}"
        )
    return Connections(clients, engines)
