"""Server-sent events through the door: byte for byte, and as they come."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from pipeline.runtimes.scratch import ScratchFolder
from serve.gateway.tls import ensure_certificate
from tests.gateways import BEARER, open_gateway

EVENTS = (
    b'data: {"choices":[{"delta":{"content":"caf\xc3\xa9"}}]}\n\n',
    b": keep-alive\n\n",
    b'event: response.output_text.delta\ndata: {"delta":"a\\n"}\n\n',
    b'data: {"a":1}\r\n\r\n',
    b"data: split in the mid",
    b"dle of a line\n\ndata: two in one piece\n\n",
    b"data: " + b"x" * 100_000 + b"\n\n",
    b"\xef\xbb\xbfdata: a byte order mark\n\n",
    b"data: \x00\x01\xff\n\n",
    b"id: 7\nretry: 10\ndata\n\n",
    b"data: [DONE]\n\n",
)
PAUSE_S = 0.05
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"


def _serve(path: Path, sent_at: list[float]) -> socket.socket:
    """Answer the first request with the events, one chunk each, with pauses between."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(8)

    def answer() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with closing(connection):
                if b"POST" not in connection.recv(65536):  # a check of the door's
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    continue
                connection.sendall(HEAD)
                for event in EVENTS:
                    connection.sendall(b"%x\r\n%s\r\n" % (len(event), event))
                    sent_at.append(time.monotonic())
                    time.sleep(PAUSE_S)
                connection.sendall(b"0\r\n\r\n")

    threading.Thread(target=answer, daemon=True).start()
    return listener


@pytest.fixture
def streamed(tmp_path: Path) -> Iterator[tuple[bytes, list[float], list[float]]]:
    """Return what a client reads over TLS, when it had each piece, and when each event was sent."""
    sent_at: list[float] = []
    read_at: list[float] = []
    certificate = ensure_certificate("127.0.0.1", tmp_path / "tls")
    trusted = ssl.create_default_context(cafile=str(certificate.certificate))
    with (
        ScratchFolder() as folder,
        closing(_serve(folder / "engine.sock", sent_at)),
        open_gateway(folder, tmp_path / "log", bundle=certificate.bundle) as gateway,
        closing(HTTPSConnection("127.0.0.1", gateway.port, context=trusted, timeout=30)) as connection,
    ):
        connection.request("POST", "/v1/chat/completions", b'{"model": "fake", "stream": true}', BEARER)
        answer = connection.getresponse()
        body = b""
        while piece := answer.read1():
            body += piece
            read_at.append(time.monotonic())
        yield body, read_at, sent_at


def test_events_arrive_byte_for_byte(streamed: tuple[bytes, list[float], list[float]]) -> None:
    """Comments, odd line ends, pieces that are no text and large ones are what the engine sent."""
    assert streamed[0] == b"".join(EVENTS)


def test_events_arrive_as_they_are_sent(streamed: tuple[bytes, list[float], list[float]]) -> None:
    """The first is there before the last is sent: nothing is collected on the way."""
    _, read_at, sent_at = streamed
    assert read_at[0] < sent_at[2]
    assert len(read_at) >= len(EVENTS) - 1
