"""Descriptors and ports: whether this machine lets so many connections be open at once."""

import resource
from pathlib import Path

_SPARE = 256
"""For files, pipes and what else the client has open."""
_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def too_few(concurrency: int) -> str | None:
    """Return what is missing for so many connections to one server, with the remedy; None where nothing is."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < concurrency + _SPARE:
        return (
            f"{concurrency} connections need {concurrency + _SPARE} file descriptors, and the limit here is {hard}; "
            f"raise it (`ulimit -Hn`, or LimitNOFILE of the service)"
        )
    ports = _ports()
    if ports is not None and ports < concurrency + _SPARE:
        return (
            f"{concurrency} connections need as many local ports, and there are {ports}; "
            f"widen the range (`sysctl net.ipv4.ip_local_port_range='1024 65535'`)"
        )
    return None


def _ports() -> int | None:
    if not _PORTS.is_file():
        return None
    first, last = map(int, _PORTS.read_text(encoding="utf-8").split())
    return last - first + 1
