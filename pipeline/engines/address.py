"""Where to listen: a host and a port become one address that can be bound, or a sentence that says why not."""

import errno
import socket

import psutil

from pipeline.base.errors import AwqctlError, BusyError, EnvironmentLackError, UsageError

LOOPBACK = "127.0.0.1"
_OWN_ADDRESS = "Use `--host 127.0.0.1`, or an address of this machine."


def choose_address(host: str, port: int) -> tuple[str, int]:
    """Return where to listen, in HAProxy's words, and the port.

    The first address of `host` that can be bound is taken.

    Raises:
        BusyError: the port is in use.
        UsageError: the host is unknown or not an address of this machine.
        EnvironmentLackError: this user may not bind the port.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as problem:
        raise UsageError(f"'{host}' is not a host this machine knows. {_OWN_ADDRESS}") from problem
    failure: OSError | None = None
    for family, kind, protocol, _, address in found:
        try:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                probe.listen(1)
                chosen: int = probe.getsockname()[1]
        except OSError as problem:
            failure = failure or problem
            continue
        ip = str(address[0])
        return (f"ipv6@[{ip}]:{chosen}" if family == socket.AF_INET6 else f"ipv4@{ip}:{chosen}"), chosen
    raise _cannot_bind(host, port, failure)


def listeners(address: str) -> int:
    """Return how many sockets listen on an address, in the words of `choose_address`: several where they share it."""
    ip, _, port = address.partition("@")[2].rpartition(":")
    wanted = psutil.CONN_LISTEN, (ip.strip("[]"), int(port))
    return sum((found.status, found.laddr) == wanted for found in psutil.net_connections("tcp"))


def listen_on_loopback(port: int) -> socket.socket:
    """Return a socket that listens on loopback: the port is taken from here on, not only known to have been free.

    Raises:
        BusyError: the port is in use.
        EnvironmentLackError: this user may not bind the port.
    """
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as problem:
        raise _cannot_bind(LOOPBACK, port, problem) from problem


def _cannot_bind(host: str, port: int, problem: OSError | None) -> AwqctlError:
    number = problem.errno if problem else None
    if number == errno.EADDRINUSE:
        return port_in_use(host, port)
    if number == errno.EACCES:
        return EnvironmentLackError(
            f"This user may not listen on port {port}. Choose one above 1023 with `--port 8443`."
        )
    if number in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return UsageError(f"{host} is not an address of this machine. {_OWN_ADDRESS}")
    return EnvironmentLackError(f"Listening on {host}:{port} is not possible: {problem}. Choose another host or port.")


def port_in_use(host: str, port: int) -> BusyError:
    """Return the error for a port that another process has."""
    return BusyError(
        f"Port {port} on {host} is in use. Stop what listens there, or choose another port with "
        f"`--port N` (0 takes a free one)."
    )
