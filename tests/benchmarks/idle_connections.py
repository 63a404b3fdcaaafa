"""Thousands of connections that say nothing: is a client with a key answered as fast as without them?

`python -m tests.benchmarks.idle_connections [--idle N,...] [--out FILE]`. HAProxy as it will run, a scripted engine
behind it; a process of its own keeps idle connections open from one address, a new one for each that is cut, at the
pace at which the door cuts them, and clients of another address and of the same one ask, each time over a new
connection. Idle means: connected alone, after a TLS handshake, within a header, or kept by a client with a key after
an answer. The process has the lowest priority: in the world it is on another machine. How many the door really held is
HAProxy's own count. Fails where an answer is missing, or its median is more than 50 ms above the one without idle
connections, or its 99th percentile more than 50 ms above that one's.
"""

import argparse
import json
import os
import resource
import selectors
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import httpx
import numpy as np

from pipeline.engines.prometheus import parse_metrics
from pipeline.runtimes.scratch import ScratchFolder
from serve.gateway.gateway import Gateway
from serve.gateway.tls import Certificate, ensure_certificate
from tests.fakes.upstream import Behaviour, FakeUpstream
from tests.gateways import BEARER, open_gateway

COUNTS = "1100,15000"
KINDS = {"connected": 5.0, "handshake": 5.0, "header": 5.0, "kept": 75.0}
"""Seconds after which the door cuts such a one."""
_REQUESTS = 400
_MARGIN_MS = 50.0
_TICK_S = 0.02
_FILLED_S = 60.0
_LOWEST_PRIORITY = 19
_HOLDER = "127.0.0.1"
_CALLERS = ("127.0.0.2", "127.0.0.1")


@dataclass(frozen=True)
class Latency:
    """What a client with a key saw."""

    idle: int
    """Connections that were to be open beside it."""
    held: int
    """That HAProxy held, by its own count, before and after the requests: the smaller one."""
    kind: str
    """Of the idle connections; `none` without any."""
    caller: str
    """Address that the client came from; the idle ones come from 127.0.0.1."""
    requests: int
    failed: int
    p50_ms: float
    p99_ms: float


def hold(port: int, count: int, kind: str) -> None:
    """Keep so many idle connections open until killed; say once when no more of them come together."""
    raise_limit()
    os.nice(_LOWEST_PRIORITY)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    selector = selectors.DefaultSelector()
    told, began, due = False, time.monotonic(), 0.0
    # Evenly: those that are cut together would come back together. Kept ones are there after a while, not after 75 s.
    pace = count / min(KINDS[kind], _FILLED_S / 2)
    while True:
        elapsed = time.monotonic() - began
        due = max(due, (elapsed - 1) * pace)  # what could not be opened in time is not made up for at once
        while due < elapsed * pace and len(selector.get_map()) < count:
            due += 1
            with suppress(OSError):
                selector.register(opened(port, kind, context), selectors.EVENT_READ)
        if not told and (len(selector.get_map()) >= count or elapsed > min(_FILLED_S, 3 * KINDS[kind])):
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            told = True
        for key, _ in selector.select(timeout=_TICK_S):
            connection = cast("socket.socket", key.fileobj)
            if cut(connection):
                selector.unregister(connection)
                connection.close()


def opened(port: int, kind: str, context: ssl.SSLContext) -> socket.socket:
    """Return a connection that is idle from now on.

    Raises:
        OSError: the door does not take it.
    """
    connection = socket.create_connection((_HOLDER, port), timeout=30)
    if kind != "connected":
        connection = context.wrap_socket(connection)
    if kind == "header":
        connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    if kind == "kept":
        key = BEARER["Authorization"]
        connection.sendall(f"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\n\r\n".encode())
        connection.recv(2**16)
    connection.setblocking(False)  # noqa: FBT003 -- the socket's own signature
    return connection


def cut(connection: socket.socket) -> bool:
    """Return whether the other side has closed it, and not only sent something, such as a ticket of TLS."""
    try:
        return not connection.recv(2**16)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True


def raise_limit() -> None:
    """Let this process open as many files as it may."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextmanager
def holding(port: int, count: int, kind: str) -> Iterator[None]:
    """Have another process hold idle connections."""
    command = [sys.executable, "-m", "tests.benchmarks.idle_connections", "--hold", f"{port},{count},{kind}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            process.stdout.readline()
            yield
        finally:
            process.kill()


def connections_of(gateway: Gateway) -> int:
    """Return how many connections HAProxy holds."""
    found = parse_metrics(gateway.metrics()).value("haproxy_frontend_current_sessions", proxy="gateway")
    assert found is not None
    return int(found)


def latency(gateway: Gateway, context: ssl.SSLContext, caller: str, idle: int, kind: str) -> Latency:
    """Ask over a new connection each time."""
    taken, failed = [], 0
    held = connections_of(gateway)
    for _ in range(_REQUESTS):
        started = time.monotonic()
        try:
            transport = httpx.HTTPTransport(verify=context, local_address=caller)
            with httpx.Client(transport=transport, timeout=30) as client:
                failed += client.get(f"{gateway.base_url}/v1/models", headers=BEARER).status_code != httpx.codes.OK
        except httpx.HTTPError:
            failed += 1
        taken.append((time.monotonic() - started) * 1000)
        time.sleep(0.02)
    p50, p99 = (float(np.percentile(taken, part)) for part in (50, 99))
    return Latency(idle, min(held, connections_of(gateway)), kind, caller, _REQUESTS, failed, p50, p99)


def measured(counts: list[int], certificate: Certificate, folder: Path) -> Iterator[Latency]:
    """Yield what clients saw, first without idle connections."""
    context = ssl.create_default_context(cafile=str(certificate.certificate))
    with (
        ScratchFolder() as scratch,
        FakeUpstream(scratch / "engine.sock", Behaviour()),
        open_gateway(scratch, folder / "log", bundle=certificate.bundle) as gateway,
    ):
        for caller in _CALLERS:
            yield latency(gateway, context, caller, 0, "none")
        for kind in KINDS:
            for count in counts:
                with holding(gateway.port, count, kind):
                    for caller in _CALLERS:
                        yield latency(gateway, context, caller, count, kind)
                time.sleep(6)  # those of before are gone


def main() -> int:
    """Measure, print a line for each, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", default=COUNTS)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--hold", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.hold:
        port, count, kind = arguments.hold.split(",")
        hold(int(port), int(count), kind)
    raise_limit()
    found: list[Latency] = []
    with tempfile.TemporaryDirectory() as folder:
        certificate = ensure_certificate("127.0.0.1", Path(folder) / "tls")
        for one in measured([int(count) for count in arguments.idle.split(",")], certificate, Path(folder)):
            found.append(one)
            sys.stdout.write(
                f"{one.held:>6} of {one.idle:>6} idle ({one.kind:<9}) from {one.caller}: {one.failed} failed, "
                f"p50 {one.p50_ms:.1f} ms, p99 {one.p99_ms:.1f} ms\n"
            )
            sys.stdout.flush()
    if arguments.out:
        arguments.out.write_text(json.dumps([asdict(one) for one in found], indent=2) + "\n", encoding="utf-8")
    usual = {one.caller: one for one in found if one.idle == 0}
    return int(
        any(
            one.failed
            or one.p50_ms > usual[one.caller].p50_ms + _MARGIN_MS
            or one.p99_ms > usual[one.caller].p99_ms + _MARGIN_MS
            for one in found
        )
    )


if __name__ == "__main__":
    sys.exit(main())
