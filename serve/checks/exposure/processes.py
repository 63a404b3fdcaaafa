"""The endpoint's processes: where they listen, whom they talk to, what their command lines show."""

import ipaddress
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from pipeline.base.credentials import holds_secret
from serve.checks.exposure.result import Item, Target, item

_AREA = "processes"
_ANY = ("0.0.0.0", "::")  # noqa: S104 -- compared, not bound


def audit_processes(target: Target) -> Iterator[Item]:
    """Yield what is seen of the supervisor and of everything below it; those of another user cannot be looked at."""
    supervisor = psutil.Process(target.pid)
    processes = [supervisor, *supervisor.children(recursive=True)]
    listening, remote = _connections(processes, target)
    yield item(
        _AREA,
        "listen where they were told to",
        ", ".join(sorted(listening)) or None,
        f"{len(processes)} processes: the door, loopback and unix sockets",
    )
    yield item(
        _AREA,
        "talk to nobody else",
        ", ".join(sorted(remote)) or None,
        "no connection that they opened leaves loopback",
    )
    shown = [str(process.pid) for process in processes if holds_secret(" ".join(_command_line(process)))]
    yield item(
        _AREA,
        "no secret in a command line",
        f"process {', '.join(shown)}" if shown else None,
        f"{len(processes)} command lines",
    )


def audit_files(private: tuple[Path, ...]) -> Iterator[Item]:
    """Yield whether keys, sockets and the audit are their owner's alone."""
    loose = [str(path) for path in private if path.exists() and stat.S_IMODE(path.lstat().st_mode) & 0o077]
    yield item("files", "their owner's alone", ", ".join(loose) or None, f"{len(private)} files and folders")


def _connections(processes: list[psutil.Process], target: Target) -> tuple[set[str], set[str]]:
    """Return the addresses listened on that nobody asked for, and those beyond loopback that were connected to."""
    found = [(process, each) for process in processes for each in _of(process)]
    ports = {each.laddr.port for _, each in found if each.status == psutil.CONN_LISTEN}
    listening, remote = set(), set()
    for process, each in found:
        if each.status == psutil.CONN_LISTEN:
            asked = each.laddr.port == target.port and _same_host(each.laddr.ip, target.host)
            if not asked and not _loopback(each.laddr.ip):
                listening.add(f"{_name(process)} on {each.laddr.ip}:{each.laddr.port}")
        elif each.raddr and not _loopback(each.raddr.ip) and each.laddr.port not in ports:
            remote.add(f"{_name(process)} to {each.raddr.ip}:{each.raddr.port}")
    return listening, remote


def _of(process: psutil.Process) -> list[Any]:
    try:
        return list(process.net_connections(kind="inet"))
    except psutil.Error:
        return []


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _name(process: psutil.Process) -> str:
    try:
        return f"{process.name()} ({process.pid})"
    except psutil.Error:
        return str(process.pid)


def _loopback(address: str) -> bool:
    return ipaddress.ip_address(address.removeprefix("::ffff:").partition("%")[0]).is_loopback


def _same_host(address: str, host: str) -> bool:
    return host in (*_ANY, "localhost") or address == host or address in _ANY
