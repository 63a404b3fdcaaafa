"""`MetricsServer`: `/metrics`, `/health` and `/ready` for whoever watches the endpoint, without a key.

On a unix socket that only the owner can open, always, and on a port of the loopback address where one is asked for.
"""

import contextlib
import json
import socket
import socketserver
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Self, cast

from prometheus_client import CONTENT_TYPE_LATEST

from pipeline.base.errors import BusyError
from pipeline.runtimes.private_socket import PrivateSocketServer
from serve.monitoring.engines import EnginePage
from serve.monitoring.page import MetricsPage, Source
from serve.status import EndpointStatus

HOST = "127.0.0.1"
_IDLE_S = 10.0
_Answer = tuple[HTTPStatus, str, bytes]


class MetricsServer:
    """Answers from threads; a context manager that leaves no socket behind.

    Args:
        status: what the supervisor knows.
        engines: that run now, each with where it shows its metrics.
        gateway: HAProxy's own page (`Gateway.metrics`).
        port: on loopback; 0 takes a free one; None for the socket alone.
        socket_path: in a folder that only the owner may enter.
        sources: of further metrics (`GpuWatch`, `RequestCounts`).
        disk: a folder on the disk that the audit is written to; None where that is not watched.

    Attributes:
        port: that it listens on, once it is up; None for the socket alone.

    Raises:
        BusyError: the port is in use.
    """

    def __init__(
        self,
        status: Callable[[], EndpointStatus],
        engines: Callable[[], Sequence[EnginePage]],
        gateway: Callable[[], str],
        *,
        port: int | None,
        socket_path: Path,
        sources: Sequence[Source] = (),
        disk: Path | None = None,
    ) -> None:
        self._status = status
        self._page = MetricsPage(status, engines, gateway, sources=sources, disk=disk)
        self._asked_port = port
        self._path = socket_path
        self._stack = ExitStack()
        self.port: int | None = None

    @property
    def url(self) -> str | None:
        """Return the address of the page; None where it is on the socket alone."""
        return None if self.port is None else f"http://{HOST}:{self.port}/metrics"

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._page)
            self._serve(_OnSocket(self._path, self._answer), stack)
            stack.callback(self._path.unlink, missing_ok=True)
            if self._asked_port is not None:
                on_port = _on_port(self._asked_port, self._answer)
                self.port = on_port.server_address[1]
                self._serve(on_port, stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    @staticmethod
    def _serve(server: socketserver.BaseServer, stack: ExitStack) -> None:
        stack.callback(server.server_close)
        threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
        stack.callback(server.shutdown)

    def _answer(self, path: str) -> _Answer:
        if path == "/metrics":
            return HTTPStatus.OK, CONTENT_TYPE_LATEST, self._page.text()
        if path == "/health":
            return _document(HTTPStatus.OK, {"status": "alive"})
        if path == "/ready":
            return self._ready()
        return _document(HTTPStatus.NOT_FOUND, {"error": "There are /metrics, /health and /ready."})

    def _ready(self) -> _Answer:
        status = self._status()
        if status.ready:
            return _document(HTTPStatus.OK, {"status": "ready"})
        states = {replica.place: replica.state for replica in status.replicas}
        said = {"status": "not ready", "refusing": status.refusing, "replicas": states}
        return _document(HTTPStatus.SERVICE_UNAVAILABLE, said)


def _document(status: HTTPStatus, document: dict[str, Any]) -> _Answer:
    return status, "application/json", json.dumps(document).encode() + b"\n"


def _on_port(port: int, answer: Callable[[str], _Answer]) -> "_OnPort":
    try:
        return _OnPort(port, answer)
    except OSError as problem:
        raise BusyError(
            f"The page of metrics cannot have port {port} of {HOST}: {problem.strerror}. "
            "Choose another serve.metrics_port; 0 takes a free one."
        ) from problem


class _OnSocket(PrivateSocketServer):
    def __init__(self, path: Path, answer: Callable[[str], _Answer]) -> None:
        self.answer = answer
        super().__init__(path, _Handler)


class _OnPort(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, answer: Callable[[str], _Answer]) -> None:
        self.answer = answer
        super().__init__((HOST, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    timeout = _IDLE_S
    server_version = "awqctl"
    sys_version = ""

    def do_GET(self) -> None:
        status, kind, body = cast("_OnPort", self.server).answer(self.path.partition("?")[0])
        with contextlib.suppress(ConnectionError):  # who asked has gone
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 -- named by http.server

    def address_string(self) -> str:
        return str(self.client_address)

    def log_message(self, *_: object) -> None:
        """Say nothing: standard error is the supervisor's."""


def ask(socket_path: Path, path: str) -> tuple[int, str]:
    """Return status and body that a metrics server gives on its unix socket.

    Raises:
        OSError: nobody listens there.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_IDLE_S)
        connection.connect(str(socket_path))
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), body.decode()
