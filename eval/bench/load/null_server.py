"""The null server: OpenAI's completions route with known times and no model, to measure the client with.

It tells vLLM's counters at `/metrics`, and how late its own answers were. One process and one thread; run as a program
it says its port as JSON on its first line.
"""

import argparse
import asyncio
import json
import resource
import ssl
import sys
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar

_HEAD_END = b"\r\n\r\n"
_BLOCK_WORDS = 16
"""Words of a prompt's beginning that a second prompt must not have; vLLM's prefix cache has blocks of 16 tokens."""
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_PIECE = " word"
_MODEL = "null"


@dataclass(frozen=True)
class Times:
    """How an answer is paced."""

    ttft_s: float
    inter_token_s: float


@dataclass
class Counters:
    """What it counts, under vLLM's names."""

    running: int = 0
    peak_running: int = 0
    prompt_tokens: int = 0
    generation_tokens: int = 0
    prefix_hits: int = 0
    """Prompt tokens of prompts that began as one before."""
    finished: int = 0
    first_tokens: int = 0
    first_token_seconds: float = 0.0
    """From the arrival of requests to their first token, summed; the time really taken, not the one asked for."""
    later_tokens: int = 0
    later_token_seconds: float = 0.0
    model: str = _MODEL
    """Label of all."""

    def exposition(self) -> str:
        """Return the counters as Prometheus' text."""
        counters = {
            "prompt_tokens": self.prompt_tokens,
            "prompt_tokens_cached": self.prefix_hits,
            "generation_tokens": self.generation_tokens,
            "prefix_cache_queries": self.prompt_tokens,
            "prefix_cache_hits": self.prefix_hits,
            "num_preemptions": 0,
            "request_success": self.finished,
        }
        gauges = {
            "num_requests_running": self.running,
            "num_requests_waiting": 0,
            "kv_cache_usage_perc": 0.0,
        }
        histograms = {
            "time_to_first_token_seconds": (self.first_tokens, self.first_token_seconds),
            "inter_token_latency_seconds": (self.later_tokens, self.later_token_seconds),
        }
        label = f'{{model_name="{self.model}"}}'
        lines = []
        for name, value in counters.items():
            lines += [f"# TYPE vllm:{name}_total counter", f"vllm:{name}_total{label} {value}"]
        for name, level in gauges.items():
            lines += [f"# TYPE vllm:{name} gauge", f"vllm:{name}{label} {level}"]
        lines += ["# TYPE null:peak_requests_running gauge", f"null:peak_requests_running{label} {self.peak_running}"]
        for name, (count, total) in histograms.items():
            lines += [
                f"# TYPE vllm:{name} histogram",
                f'vllm:{name}_bucket{{le="+Inf",model_name="{self.model}"}} {count}',
                f"vllm:{name}_count{label} {count}",
                f"vllm:{name}_sum{label} {total}",
            ]
        return "\n".join(lines) + "\n"


class Stream:
    """One streamed answer."""

    def __init__(self, server: "NullServer", connection: "Connection", request: dict[str, Any]) -> None:
        self.server = server
        self.connection = connection
        self.tokens = int(request.get("max_tokens") or request.get("max_completion_tokens") or 16)
        self.usage = bool((request.get("stream_options") or {}).get("include_usage"))
        self.prompt = server.prompt_of(request)
        self.sent = 0
        self.over = False
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._latest = self._began

    @property
    def counted(self) -> int:
        """Tokens that usage and counters say were generated."""
        return self.sent

    def begin(self) -> None:
        """Take the request; its times count from here."""
        self._began = self._latest = self._loop.time()
        self.server.enter(self)
        self.connection.write(_STREAM_HEAD)
        self.wait(self.server.times.ttft_s)

    def wait(self, seconds_after_start: float) -> None:
        """Go on so long after the arrival."""
        self._loop.call_at(self._began + seconds_after_start, self.emit)

    def emit(self) -> None:
        """Send one token; the closing events with the last."""
        if self.over:
            return
        self._note_time()
        self.sent += 1
        if self.sent >= self.tokens:
            self.connection.write(_chunk(_LAST_EVENT))
            self.finish()
        else:
            self.connection.write(_TOKEN_CHUNK)
            self.wait(self.server.times.ttft_s + self.sent * self.server.times.inter_token_s)

    def finish(self) -> None:
        """Send what stands at the end of an answer."""
        end = b"data: [DONE]\n\n"
        if self.usage:
            usage = {"prompt_tokens": len(words_in(self.prompt)), "completion_tokens": self.counted}
            usage["total_tokens"] = sum(usage.values())
            end = _event({"id": "null", "object": "text_completion", "choices": [], "usage": usage}) + end
        self.end(_chunk(end) + _LAST_CHUNK)

    def end(self, data: bytes) -> None:
        """Send the last bytes and count the answer."""
        self.server.leave(self)
        self.connection.write(data)
        self.connection.next_request()

    def _note_time(self) -> None:
        now, counters = self._loop.time(), self.server.counters
        if self.sent:
            counters.later_tokens += 1
            counters.later_token_seconds += now - self._latest
        else:
            counters.first_tokens += 1
            counters.first_token_seconds += now - self._began
        self._latest = now


class Connection(asyncio.Protocol):
    """One client's connection, a request at a time."""

    def __init__(self, server: "NullServer") -> None:
        self.server = server
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self.stream: Stream | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 -- narrows the type
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's signature
        """Forget the answer that was under way."""
        if self.stream is not None:
            self.server.leave(self.stream)
        self._transport = None

    def write(self, data: bytes) -> None:
        """Send, unless the client is gone."""
        if self._transport is not None:
            self._transport.write(data)

    def abort(self) -> None:
        """Break the connection."""
        if self._transport is not None:
            self._transport.abort()

    def next_request(self) -> None:
        """Be ready for another request."""
        self.stream = None
        self.data_received(b"")

    def data_received(self, data: bytes) -> None:
        """Collect a request and answer it."""
        self._buffer += data
        while self.stream is None and (end := self._buffer.find(_HEAD_END)) >= 0:
            head = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            body_at = end + len(_HEAD_END)
            length = int(headers.get("content-length", 0))
            if len(self._buffer) < body_at + length:
                return
            body = bytes(self._buffer[body_at : body_at + length])
            del self._buffer[: body_at + length]
            self.answer(head[0].split()[1].partition("?")[0], headers, body)

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """Answer a request that is whole; header names are in lower case."""
        if not self.server.admits(headers):
            self.document(401, {"error": {"message": "the key is not the one that is wanted"}})
        elif path == self.server.route:
            self.complete(json.loads(body))
        elif path == "/v1/models":
            self.document(200, {"object": "list", "data": [{"id": _MODEL, "object": "model"}]})
        elif path == "/metrics" and self.server.has_metrics:
            self.send(200, "text/plain; version=0.0.4", self.server.counters.exposition().encode())
        elif path == "/health":
            self.send(200, "text/plain", b"")
        else:
            self.document(404, {"error": {"message": f"there is no {path}"}})

    def complete(self, request: dict[str, Any]) -> None:
        """Begin the answer that is generated."""
        if not request.get("stream"):
            self.document(400, {"error": {"message": "only streams"}})
            return
        self.stream = self.server.stream_type(self.server, self, request)
        self.stream.begin()

    def document(self, status: int, document: dict[str, Any]) -> None:
        """Answer with JSON."""
        self.send(status, "application/json", json.dumps(document).encode())

    def send(self, status: int, kind: str, body: bytes) -> None:
        """Answer with a body whose length is known."""
        reason = HTTPStatus(status).phrase
        head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.write(head.encode() + body)


@dataclass
class NullServer:
    """The server; its subclasses in tests misbehave."""

    times: Times
    key: str | None = None
    """Bearer token that it wants."""
    has_metrics: bool = True
    tls: ssl.SSLContext | None = None
    """With its certificate; None for plain HTTP."""
    counters: Counters = field(default_factory=Counters)
    stream_type: ClassVar[type[Stream]] = Stream
    route: ClassVar[str] = "/v1/completions"
    _beginnings: set[int] = field(default_factory=set)

    async def listen(self, host: str = "127.0.0.1", port: int = 0) -> asyncio.Server:
        """Return the listening server."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: Connection(self), host, port, backlog=16_384, ssl=self.tls)

    def admits(self, headers: dict[str, str]) -> bool:
        """Return whether a request with these headers, their names in lower case, is answered."""
        return self.key is None or headers.get("authorization") == f"Bearer {self.key}"

    def prompt_of(self, request: dict[str, Any]) -> str | list[int]:
        """Return the text or the tokens to answer."""
        prompt: str | list[int] = request["prompt"]
        return prompt

    def enter(self, stream: Stream) -> None:
        """Count a request that has come."""
        words = words_in(stream.prompt)
        self.counters.running += 1
        self.counters.peak_running = max(self.counters.peak_running, self.counters.running)
        self.counters.prompt_tokens += len(words)
        beginning = hash(tuple(words[:_BLOCK_WORDS]))
        if beginning in self._beginnings:
            self.counters.prefix_hits += len(words)
        self._beginnings.add(beginning)

    def leave(self, stream: Stream) -> None:
        """Count a request that is over, once."""
        if not stream.over:
            stream.over = True
            self.counters.running -= 1
            self.counters.finished += 1
            self.counters.generation_tokens += stream.counted


def words_in(prompt: str | list[int]) -> list[Any]:
    """Return the tokens of a prompt: its ids, or its words."""
    return prompt.split() if isinstance(prompt, str) else prompt


def _event(document: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\n\n"


def _token(reason: str | None) -> bytes:
    choice = {"index": 0, "text": _PIECE, "logprobs": None, "finish_reason": reason}
    return _event({"id": "null", "object": "text_completion", "model": _MODEL, "choices": [choice]})


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


_TOKEN_CHUNK = _chunk(_token(None))
_LAST_EVENT = _token("length")


async def _serve(server: NullServer, port: int) -> None:
    listening = await server.listen(port=port)
    sys.stdout.write(json.dumps({"port": listening.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    async with listening:
        await listening.serve_forever()


def main(arguments: list[str]) -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ttft-ms", type=float, default=100.0)
    parser.add_argument("--inter-token-ms", type=float, default=50.0)
    known = parser.parse_args(arguments)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(_serve(NullServer(Times(known.ttft_ms / 1000, known.inter_token_ms / 1000)), known.port))


if __name__ == "__main__":
    main(sys.argv[1:])
