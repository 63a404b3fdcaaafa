"""Thousands of connections that say nothing: is a client with a key answered as fast as without them?

`python -m tests.benchmarks.idle_connections [--idle N,...] [--out FILE]`. HAProxy as it will run, a scripted engine
behind it; a process of its own holds the idle connections from one address, opened again as soon as they are cut, and
clients of another address and of the same one ask, each time over a new connection. Idle means: connected alone, with
a TLS handshake, or with a header that comes byte by byte. Fails where an answer is missing, or its median is more than
50 ms above the one without idle connections, or its 99th percentile more than 50 ms above that one's.
"""

import argparse
import json
import resource
import selectors
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import numpy as np

from pipeline.runtimes.scratch import ScratchFolder
from serve.gateway.tls import Certificate, ensure_certificate
from tests.fakes.upstream import Behaviour, FakeUpstream
from tests.gateways import BEARER, open_gateway

COUNTS = "1100,15000"
KINDS = ("connected", "handshake", "header")
_REQUESTS = 200
_MARGIN_MS = 50.0
_HOLDER = "127.0.0.1"
_CALLERS = ("127.0.0.2", "127.0.0.1")


@dataclass(frozen=True)
class Latency:
    """What a client with a key saw."""

    idle: int
    kind: str
    """Of the idle connections; `none` without any."""
    caller: str
    """Address that the client came from; the idle ones come from 127.0.0.1."""
    requests: int
    failed: int
    p50_ms: float
    p99_ms: float


def hold(port: int, count: int, kind: str) -> None:
    """Keep so many idle connections open until killed; say once when they are there."""
    raise_limit()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    selector = selectors.DefaultSelector()

    def connect() -> None:
        connection = socket.create_connection((_HOLDER, port), timeout=30, source_address=(_HOLDER, 0))
        if kind != "connected":
            connection = context.wrap_socket(connection)
        if kind == "header":
            connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        connection.setblocking(False)  # noqa: FBT003 -- the socket's own signature
        selector.register(connection, selectors.EVENT_READ)

    told = False
    while True:
        while len(selector.get_map()) < count:
            try:
                connect()
            except OSError:
                break
        if not told:
            sys.stdout.write(f"{len(selector.get_map())}\n")
            sys.stdout.flush()
            told = True
        for key, _ in selector.select(timeout=0.1):
            selector.unregister(key.fileobj)
            connection = key.fileobj
            if isinstance(connection, socket.socket):
                connection.close()


def raise_limit() -> None:
    """Let this process open as many files as it may."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextmanager
def holding(port: int, count: int, kind: str) -> Iterator[int]:
    """Have another process hold idle connections; yields how many it got."""
    command = [sys.executable, "-m", "tests.benchmarks.idle_connections", "--hold", f"{port},{count},{kind}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def latency(url: str, context: ssl.SSLContext, caller: str, idle: int, kind: str) -> Latency:
    """Ask over a new connection each time."""
    taken, failed = [], 0
    for _ in range(_REQUESTS):
        started = time.monotonic()
        try:
            transport = httpx.HTTPTransport(verify=context, local_address=caller)
            with httpx.Client(transport=transport, timeout=30) as client:
                failed += client.get(f"{url}/v1/models", headers=BEARER).status_code != httpx.codes.OK
        except httpx.HTTPError:
            failed += 1
        taken.append((time.monotonic() - started) * 1000)
        time.sleep(0.02)
    return Latency(
        idle, kind, caller, _REQUESTS, failed, float(np.percentile(taken, 50)), float(np.percentile(taken, 99))
    )


def measured(counts: list[int], certificate: Certificate, folder: Path) -> Iterator[Latency]:
    """Yield what clients saw, first without idle connections."""
    context = ssl.create_default_context(cafile=str(certificate.certificate))
    with (
        ScratchFolder() as scratch,
        FakeUpstream(scratch / "engine.sock", Behaviour()),
        open_gateway(scratch, folder / "log", bundle=certificate.bundle) as gateway,
    ):
        for caller in _CALLERS:
            yield latency(gateway.base_url, context, caller, 0, "none")
        for kind in KINDS:
            for count in counts:
                with holding(gateway.port, count, kind) as held:
                    for caller in _CALLERS:
                        yield latency(gateway.base_url, context, caller, held, kind)
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
                f"{one.idle:>6} idle ({one.kind:<9}) from {one.caller}: {one.failed} failed, "
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
