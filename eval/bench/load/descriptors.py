"""Descriptors and ports: whether this machine lets so many connections be open at once."""

import resource
from pathlib import Path

from pipeline.base.phrase import phrase
from pipeline.base.results import Phrase
from pipeline.base.sentences.validity import ValiditySentences

_SPARE = 256
"""For files, pipes and what else the client has open."""
_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def too_few(concurrency: int) -> Phrase | None:
    """Return what is missing for so many connections to one server, with the remedy; None where nothing is."""
    say, hard = ValiditySentences, resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < concurrency + _SPARE:
        needed = str(concurrency + _SPARE)
        return phrase(say.too_few_descriptors, connections=str(concurrency), needed=needed, limit=str(hard))
    ports = _ports()
    if ports is not None and ports < concurrency + _SPARE:
        return phrase(say.too_few_ports, connections=str(concurrency), ports=str(ports))
    return None


def _ports() -> int | None:
    if not _PORTS.is_file():
        return None
    first, last = map(int, _PORTS.read_text(encoding="utf-8").split())
    return last - first + 1
