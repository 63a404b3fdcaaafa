"""A stand-in for vLLM's API server in tests: same socket, same routes, answers at once or as slowly as asked.

Standard library only. As a class it runs in a thread and keeps what reached it; as a program it takes vLLM's
command line (`--uds`, `--host`, `--port`, `--served-model-name`; the rest is ignored) and writes the lines of
vLLM's start that this project reads.
"""

import argparse
import io
import json
import re
import socket
import socketserver
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Self

START_LINES = (
    "INFO Initializing a V1 LLM engine (v0.32) with config: dtype=torch.bfloat16, max_seq_len=128, kv_cache_dtype=auto",
    "INFO Model loading took 0.01 GiB memory and 0.1 seconds",
    "INFO KV cache size: 1,024 tokens",
    "INFO Maximum concurrency for 128 tokens per request: 8.00x",
    "INFO Using FakeLinearKernel for FakeAWQLinearMethod",
)
"""What of vLLM's log this project reads."""
METRICS = Path(__file__).with_name("vllm_metrics.txt")
"""What the real vLLM (0.32, on the CPU, with the demo's model, after three answers) showed at `/metrics`."""
_WORDS = ("Paris", " it", " is", ".")


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Behaviour:
    """What the stand-in does, changed by a test while it runs."""

    model: str = "fake"
    root: str = "fake"
    """Where the weights are, as the command line has it; vLLM shows that to clients."""
    chunk_delay_s: float = 0.0
    """Pause before each streamed chunk."""
    answer_delay_s: float = 0.0
    status: int = 200
    """Of answers that are no streams."""
    seen: list[Seen] = field(default_factory=list)
    generated: int = 0
    """Tokens, over all answers."""
    under_way: int = 0
    hung_up: threading.Event = field(default_factory=threading.Event)
    """Set when a client was gone before its answer was."""


class FakeUpstream(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """HTTP server on a unix socket or a TCP address; a context manager that serves from a thread."""

    daemon_threads = True
    request_queue_size = 64
    allow_reuse_address = True

    def __init__(self, address: Path | tuple[str, int], behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self._uds = address if isinstance(address, Path) else None
        self.address_family = socket.AF_UNIX if self._uds else socket.AF_INET
        bound: Any = address if isinstance(address, tuple) else str(address)  # TCPServer is typed for TCP only
        super().__init__(bound, _Handler)

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.shutdown()
        self.server_close()
        if self._uds:
            self._uds.unlink(missing_ok=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeUpstream

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_GET  # noqa: N815 -- named by http.server
    do_PUT = do_GET  # noqa: N815
    do_DELETE = do_GET  # noqa: N815
    do_HEAD = do_GET  # noqa: N815
    do_OPTIONS = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def address_string(self) -> str:
        return "unix"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        behaviour = self.server.behaviour
        if self.path == "/health":  # asked by HAProxy, several times a second; no request of a client
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        behaviour.seen.append(Seen(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        if self.path == "/metrics":
            self._payload("text/plain; version=1.0.0; charset=utf-8", _metrics(behaviour).encode())
            return
        behaviour.under_way += 1
        try:
            self._generate(json.loads(body) if body else {}, behaviour)
        finally:
            behaviour.under_way -= 1

    def _generate(self, request: dict[str, Any], behaviour: Behaviour) -> None:
        if not self._client_stays(behaviour.answer_delay_s):
            behaviour.hung_up.set()
        elif request.get("stream"):
            self._stream(behaviour)
        else:
            behaviour.generated += len(_WORDS)
            self._document(_answer_to(self.path, behaviour))

    def _client_stays(self, seconds: float) -> bool:
        """Wait; return whether the client is still there at the end."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(0.05)
            self.connection.setblocking(False)  # noqa: FBT003 -- the socket's own signature
            try:
                if self.connection.recv(1, socket.MSG_PEEK) == b"":
                    return False
            except BlockingIOError:
                continue
            finally:
                self.connection.setblocking(True)  # noqa: FBT003
        return True

    def _document(self, document: dict[str, Any]) -> None:
        self._payload("application/json", json.dumps(document).encode())

    def _payload(self, kind: str, payload: bytes) -> None:
        """Answer in one piece: an engine that is killed has answered or it has not."""
        self.send_response(self.server.behaviour.status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(payload)))
        unbuffered, self.wfile = self.wfile, io.BytesIO()
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)
        unbuffered.write(self.wfile.getvalue())
        self.wfile = unbuffered

    def _stream(self, behaviour: Behaviour) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        events = [_chunk(behaviour.model, word, None) for word in _WORDS]
        events.append(_chunk(behaviour.model, "", "stop"))
        try:
            for event in [*(json.dumps(event) for event in events), "[DONE]"]:
                time.sleep(behaviour.chunk_delay_s)
                behaviour.generated += 1
                line = f"data: {event}\n\n".encode()
                self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        except BrokenPipeError:
            behaviour.hung_up.set()


def _metrics(behaviour: Behaviour) -> str:
    """Return a page of vLLM's, with what the stand-in has done in place of what vLLM had."""
    page = METRICS.read_text(encoding="utf-8")
    for name, value in (
        ("num_requests_running", behaviour.under_way),
        ("generation_tokens_total", behaviour.generated),
    ):
        page = re.sub(rf"^(vllm:{name}{{.*}}) .*$", rf"\g<1> {value}", page, flags=re.MULTILINE)
    return page


def _chunk(model: str, text: str, reason: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": reason}
    return {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": model, "choices": [choice]}


def _answer_to(path: str, behaviour: Behaviour) -> dict[str, Any]:
    model = behaviour.model
    usage = {"prompt_tokens": 5, "completion_tokens": len(_WORDS), "total_tokens": 5 + len(_WORDS)}
    text = "".join(_WORDS)
    common = {"id": "c", "created": 0, "model": model, "usage": usage}
    if path == "/version":
        return {"version": "0.0.0"}
    if path.startswith("/v1/models"):
        return {
            "object": "list",
            "data": [{"id": model, "object": "model", "created": 0, "owned_by": "fake", "root": behaviour.root}],
        }
    if path.startswith("/v1/chat/completions"):
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return {**common, "object": "chat.completion", "choices": [choice]}
    choice = {"index": 0, "text": text, "finish_reason": "stop", "logprobs": None}
    return {**common, "object": "text_completion", "choices": [choice]}


def main(arguments: list[str], *, chunk_delay_s: float = 0.0, deaf_as: str | None = None) -> None:
    """Serve until killed.

    Args:
        arguments: vLLM's.
        chunk_delay_s: pause before each streamed chunk.
        deaf_as: a served name under which it never comes up.
    """
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--uds", type=Path)
    parser.add_argument("--model", default="fake")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--served-model-name", default="fake")
    known, _ = parser.parse_known_args(arguments)
    sys.stdout.write("\n".join(START_LINES) + "\n")
    sys.stdout.flush()
    if known.served_model_name == deaf_as:
        time.sleep(3600)
    address = known.uds or (known.host, known.port)
    behaviour = Behaviour(model=known.served_model_name, root=known.model, chunk_delay_s=chunk_delay_s)
    FakeUpstream(address, behaviour).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
