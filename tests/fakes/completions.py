"""A stand-in for vLLM's completions route in tests of the evaluation: scores from a hash of the tokens, and faults.

Standard library only; it runs in a thread, counts what it is asked, and can stop answering, die, refuse, or leave
something out. The same prompt always has the same score.
"""

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

_METRICS = """\
# HELP vllm:prompt_tokens_total Number of prefill tokens processed.
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{{engine="0",model_name="model"}} {prompt}
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{{engine="0",model_name="model"}} 0.0
# HELP vllm:request_prompt_tokens Number of prefill tokens processed.
# TYPE vllm:request_prompt_tokens histogram
vllm:request_prompt_tokens_bucket{{engine="0",le="+Inf",model_name="model"}} {requests}
vllm:request_prompt_tokens_count{{engine="0",model_name="model"}} {requests}
vllm:request_prompt_tokens_sum{{engine="0",model_name="model"}} {prompt}
"""
_REFUSAL = {"message": "this prompt has more tokens than the context"}


@dataclass
class Faults:
    """What goes wrong, and after how many prompts; changed by a test while the server runs."""

    refuse_after: int | None = None
    """HTTP 400."""
    hold_after: int | None = None
    """No answer, and no end."""
    die_after: int | None = None
    """The connection breaks, and no other is taken."""
    shorten: bool = False
    """The last choice of each answer is missing."""


@dataclass
class FakeCompletions:
    """The server; a context manager."""

    decode: Callable[[list[int]], str]
    """Tokens to text."""
    texts: dict[str, str] = field(default_factory=dict)
    """What to generate where the prompt contains a key."""
    faults: Faults = field(default_factory=Faults)
    models: tuple[str, ...] = ("model",)
    """What it lists, each with a context of 1 024 tokens."""
    key: str | None = None
    """Bearer token that its routes want, `/health` excepted."""
    hidden: set[str] = field(default_factory=set)
    """Routes that it does not have."""
    version: str = "0.32.0"
    prompts: list[list[int]] = field(default_factory=list)
    """All that were answered."""
    keys: set[str] = field(default_factory=set)
    """Authorization headers that came with them."""
    held: threading.Event = field(default_factory=threading.Event)
    """Set when a request does not get its answer."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def asked(self) -> set[str]:
        """All prompts as text."""
        return {self.decode(prompt) for prompt in self.prompts}

    def answer(self, payload: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """Return status and body; None for none."""
        with self._lock:
            if self._reached(self.faults.refuse_after):
                return 400, _REFUSAL
            if self._reached(self.faults.die_after):
                threading.Thread(target=self._server.server_close, daemon=True).start()
                return None
            if self._reached(self.faults.hold_after):
                self.held.set()
                return None
            self.prompts += payload["prompt"]
        choices = [self._choice(number, ids, payload) for number, ids in enumerate(payload["prompt"])]
        return 200, {"choices": choices[:-1] if self.faults.shorten else choices}

    def page(self, path: str, authorization: str | None) -> tuple[int, str]:
        """Return status and body of a route that is read."""
        pages = {
            "/health": "",
            "/version": json.dumps({"version": self.version}),
            "/v1/models": json.dumps({"data": [{"id": name, "max_model_len": 1024} for name in self.models]}),
            "/metrics": _METRICS.format(prompt=sum(map(len, self.prompts)), requests=len(self.prompts)),
        }
        if path in self.hidden or path not in pages:
            return 404, '{"detail": "Not Found"}'
        if self.key is not None and path != "/health" and authorization != f"Bearer {self.key}":
            return 401, '{"error": "Unauthorized"}'
        return 200, pages[path]

    def _reached(self, limit: int | None) -> bool:
        return limit is not None and len(self.prompts) >= limit

    def _choice(self, number: int, ids: list[int], payload: dict[str, Any]) -> dict[str, Any]:
        if not payload.get("echo"):
            prompt = self.decode(ids)
            found = [text for key, text in self.texts.items() if key in prompt]
            return {"index": number, "text": found[0] if found else "nothing\n"}
        scores = [*(-_share(ids[: end + 1]) for end in range(1, len(ids))), -1.0]
        likely = [{"x": score} for score in scores]
        return {
            "index": number,
            "text": "",
            "logprobs": {"token_logprobs": [None, *scores], "top_logprobs": [None, *likely]},
        }


def _share(ids: list[int]) -> float:
    """Return a number from 0 to 8 that the tokens alone decide."""
    return int.from_bytes(hashlib.sha256(str(ids).encode()).digest()[:4], "little") / 2**29


def _handler(server: FakeCompletions) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            server.keys.add(self.headers.get("Authorization", ""))
            found = server.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            if found is None:
                if server.faults.hold_after is not None:
                    threading.Event().wait()
                self.close_connection = True
                return
            self._send(found[0], json.dumps(found[1]))

        def do_GET(self) -> None:
            self._send(*server.page(self.path, self.headers.get("Authorization")))

        def _send(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
