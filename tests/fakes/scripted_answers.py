"""What the scripted engine says, and when: answers that name their prompt, so that another's is noticed."""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from eval.bench.load.null_server import Connection, Stream

if TYPE_CHECKING:
    from tests.fakes.scripted_engine import ScriptedEngine

_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
)
DIE = "[[die]]"
"""In a prompt: the engine ends when the request reaches its batch."""


def tag_of(prompt: str) -> str:
    """Return the word that stands in every token of the answer to a prompt."""
    return hashlib.sha256(prompt.encode()).hexdigest()[:8]


def expected_text(prompt: str, tokens: int) -> str:
    """Return the whole answer to a prompt."""
    tag = tag_of(prompt)
    return "".join(f" {tag}-{number}" for number in range(tokens))


def prompt_text(request: dict[str, Any]) -> str:
    """Return the text that a request wants to be answered."""
    if "messages" in request:
        return str(request["messages"][-1]["content"])
    asked = request["prompt"]
    return asked if isinstance(asked, str) else json.dumps(asked)


class ScriptedAnswer(Stream):
    """One answer, streamed or whole, that waits for its place in the batch."""

    server: "ScriptedEngine"

    def __init__(
        self,
        server: "ScriptedEngine",
        connection: Connection,
        request: dict[str, Any],
        *,
        chat: bool,
        headers: dict[str, str],
    ) -> None:
        super().__init__(server, connection, request)
        self.chat = chat
        self.streams = bool(request.get("stream"))
        self.headers = headers
        self.running = False
        self.first_token_ms: float | None = None
        self._prompt_text = prompt_text(request)
        self._tag = tag_of(self._prompt_text)
        kind = "chat.completion" if chat else "text_completion"
        self._common = {
            "id": f"cmpl-{headers.get('x-request-id', id(self))}",
            "object": kind,
            "created": 0,
            "model": server.model,
        }
        self._common |= {"system_fingerprint": server.name}

    @property
    def counted(self) -> int:
        """Return what is to be counted at the end: each token was when it was sent."""
        return 0

    @property
    def poisonous(self) -> bool:
        """Return whether the prompt asks the engine to die."""
        return DIE in self._prompt_text

    @property
    def waited_s(self) -> float:
        """Return the seconds since the arrival."""
        return self._loop.time() - self._arrived

    def begin(self) -> None:
        """Take the request; its tokens come when there is room in the batch."""
        self._arrived = self._loop.time()
        if self.streams:
            self.connection.write(_STREAM_HEAD)
        self.server.enqueue(self)

    def run(self) -> None:
        """Join the batch."""
        self.running = True
        self._began = self._latest = self._loop.time()
        self.server.enter(self)
        pace = self.server.pace
        first = pace.ttft_s if self.streams else pace.ttft_s + (self.tokens - 1) * pace.inter_token_s
        self.wait(first)

    def emit(self) -> None:
        """Send one token, or the whole of an answer that is not streamed."""
        if self.over:
            return
        if self.server.frozen:
            self.server.hold(self)
            return
        if not self.streams:
            self.sent = self.tokens
            self.server.counters.generation_tokens += self.sent
            self._document()
            return
        self._note_time()
        if self.first_token_ms is None:
            self.first_token_ms = self.waited_s * 1000
        self.sent += 1
        self.server.counters.generation_tokens += 1
        last = self.sent >= self.tokens
        self.connection.write(self._event(f" {self._tag}-{self.sent - 1}", "length" if last else None))
        if last:
            self.finish()
        else:
            pace = self.server.pace
            self._loop.call_at(max(self._latest + pace.inter_token_s, self._loop.time()), self.emit)

    def finish(self) -> None:
        """Send what stands at the end of a streamed answer."""
        usage = _chunk(f"data: {json.dumps({**self._common, 'choices': [], 'usage': self._usage()})}\n\n")
        self.end((usage if self.usage else b"") + _chunk("data: [DONE]\n\n") + b"0\r\n\r\n")

    def _event(self, text: str, reason: str | None) -> bytes:
        choice: dict[str, Any] = {"index": 0, "finish_reason": reason}
        choice |= {"delta": {"content": text}} if self.chat else {"text": text, "logprobs": None}
        kind = "chat.completion.chunk" if self.chat else "text_completion"
        event = {**self._common, "object": kind, "choices": [choice]}
        return _chunk(f"data: {json.dumps(event, separators=(',', ':'))}\n\n")

    def _document(self) -> None:
        text = expected_text(self._prompt_text, self.tokens)
        choice: dict[str, Any] = {"index": 0, "finish_reason": "length"}
        choice |= {"message": {"role": "assistant", "content": text}} if self.chat else {"text": text, "logprobs": None}
        self.server.leave(self)
        self.connection.document(200, {**self._common, "choices": [choice], "usage": self._usage()})
        self.connection.next_request()

    def account(self) -> None:
        """Say what it took."""
        usage = self._usage()
        exact = self.sent == self.tokens
        first = self.first_token_ms
        self.server.account(
            self.headers, usage["prompt_tokens"], self.sent, exact=exact, first_ms=first, total_ms=self.waited_s * 1000
        )

    def _usage(self) -> dict[str, int]:
        prompt = len(self._prompt_text.split())
        return {"prompt_tokens": prompt, "completion_tokens": self.sent, "total_tokens": prompt + self.sent}


class ScriptedConnection(Connection):
    """One connection to the scripted engine."""

    server: "ScriptedEngine"

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """Answer vLLM's routes."""
        if path.startswith("/v1/") and not self.server.admits(headers):
            self.document(401, {"error": {"message": "Unauthorized", "type": "invalid_request_error", "code": 401}})
        elif path in ("/v1/completions", "/v1/chat/completions"):
            self._generate(json.loads(body), headers, chat="chat" in path)
        elif path == "/v1/models":
            names = (self.server.model, *self.server.adapters)
            served = [{"id": name, "object": "model", "created": 0, "owned_by": "vllm"} for name in names]
            self.document(200, {"object": "list", "data": served})
        elif path == "/metrics":
            self.send(200, "text/plain; version=0.0.4", self.server.exposition().encode())
        elif path == "/version":
            self.document(200, {"version": "0.0.0"})
        elif path == "/health":
            self.send(200, "text/plain", b"")
        else:
            self.document(404, {"detail": "Not Found"})

    def _generate(self, request: dict[str, Any], headers: dict[str, str], *, chat: bool) -> None:
        if request.get("model", self.server.model) not in (self.server.model, *self.server.adapters):
            self.document(404, {"error": {"message": "no such model", "type": "NotFoundError", "code": 404}})
        elif self.server.refuses():
            error = {"message": "The engine's queue is full.", "type": "service_unavailable", "code": 503}
            self.document(503, {"error": error})
        else:
            self.stream = ScriptedAnswer(self.server, self, request, chat=chat, headers=headers)
            self.stream.begin()
            return
        self.server.account(headers)


def _chunk(text: str) -> bytes:
    data = text.encode()
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"
