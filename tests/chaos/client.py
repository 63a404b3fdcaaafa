"""A client that looks at every answer: HTTP/1.1 with keep-alive on asyncio's streams, over TLS or a unix socket."""

import asyncio
import json
import ssl
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from tests.fakes.scripted_answers import expected_text

Verdict = Literal["ok", "refused", "cut", "hidden cut", "wrong", "lost"]
"""`refused`: 429 or 503 that says when to come back. `cut`: an answer that began and broke off, so that its client can
see it. `hidden cut`: one that looks whole and is not. `wrong`: another text than this request's. `lost`: anything else
that is no answer."""
_REFUSALS = (429, 503)


@dataclass(frozen=True)
class Target:
    """Where the endpoint answers, and to whom."""

    base_url: str
    key: str
    model: str
    certificate: Path | None = None
    uds: Path | None = None
    """In place of the address: an engine alone."""


@dataclass(frozen=True)
class Request:
    """One request; the scripted engine answers a prompt with a text of its own."""

    prompt: str
    tokens: int
    stream: bool
    chat: bool = True
    checked: bool = True
    """Whether the text is the scripted engine's."""

    def body(self, model: str) -> bytes:
        """Return the JSON document."""
        asked: dict[str, Any] = {"model": model, "max_tokens": self.tokens, "stream": self.stream, "ignore_eos": True}
        if self.stream:
            asked["stream_options"] = {"include_usage": True}
        asked |= {"messages": [{"role": "user", "content": self.prompt}]} if self.chat else {"prompt": self.prompt}
        return json.dumps(asked).encode()


@dataclass
class Answer:
    """What became of one request; times are of the monotonic clock."""

    began: float
    ended: float = 0.0
    first_byte: float | None = None
    verdict: Verdict = "lost"
    status: int | None = None
    detail: str = ""
    replica: str = "-"
    reused: bool = False
    """Sent over a connection that had an answer before."""

    @property
    def total_ms(self) -> float:
        """Return how long it took."""
        return (self.ended - self.began) * 1000


@dataclass
class Client:
    """Connections to one target; those that are idle are used again, the latest first."""

    target: Target
    timeout_s: float = 60.0
    keep_alive: bool = True
    idle: deque["_Connection"] = field(default_factory=deque)
    opened: int = 0

    def __post_init__(self) -> None:
        parts = urlsplit(self.target.base_url)
        self._host, self._port = parts.hostname or "", parts.port or 443
        secure = parts.scheme == "https" and self.target.uds is None
        self._tls = ssl.create_default_context(cafile=self.target.certificate) if secure else None
        self._paths = {True: f"{parts.path}/chat/completions", False: f"{parts.path}/completions"}

    async def ask(self, request: Request) -> Answer:
        """Return what becomes of a request; never raises."""
        answer = Answer(time.monotonic())
        connection = None
        try:
            async with asyncio.timeout(self.timeout_s):
                connection = await self._connection(answer)
                await self._exchange(connection, request, answer)
        except TimeoutError:
            answer.detail = f"no end after {self.timeout_s:.0f} s"
        except (OSError, EOFError, ValueError, LookupError) as problem:
            answer.detail = f"{type(problem).__name__}: {problem}"
            if answer.status == 200:
                answer.verdict = "cut"
        answer.ended = time.monotonic()
        if connection is not None:
            self._leave(connection, answer)
        return answer

    async def close(self) -> None:
        """Close the idle connections."""
        while self.idle:
            self.idle.pop().writer.close()

    async def _connection(self, answer: Answer) -> "_Connection":
        while self.idle:
            connection = self.idle.pop()
            if not connection.reader.at_eof():
                answer.reused = True
                return connection
            connection.writer.close()
        self.opened += 1
        if self.target.uds:
            return _Connection(*await asyncio.open_unix_connection(str(self.target.uds)))
        return _Connection(*await asyncio.open_connection(self._host, self._port, ssl=self._tls))

    def _leave(self, connection: "_Connection", answer: Answer) -> None:
        if self.keep_alive and connection.reusable and answer.verdict in ("ok", "refused", "wrong"):
            self.idle.append(connection)
        else:
            connection.writer.close()

    async def _exchange(self, connection: "_Connection", request: Request, answer: Answer) -> None:
        body = request.body(self.target.model)
        connection.writer.write(
            f"POST {self._paths[request.chat]} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self.target.key}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        headers = await connection.head(answer)
        text = await connection.body(headers, answer)
        if answer.status == 200:
            judge = _judge_stream if request.stream else _judge_document
            judge(text, request, answer)
        elif answer.status in _REFUSALS and "retry-after" in headers:
            answer.verdict = "refused"
        answer.detail = answer.detail or (text[:200].decode(errors="replace") if answer.verdict != "ok" else "")


@dataclass
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    reusable: bool = False

    async def head(self, answer: Answer) -> dict[str, str]:
        """Return the header of the answer, names in lower case."""
        raw = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        answer.first_byte = time.monotonic()
        first, *lines = raw.split("\r\n")
        answer.status = int(first.split(" ")[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self.reusable = headers.get("connection", "").lower() != "close"
        return headers

    async def body(self, headers: dict[str, str], answer: Answer) -> bytes:
        """Return the whole body; raises where it breaks off."""
        if headers.get("transfer-encoding", "") != "chunked":
            return await self.reader.readexactly(int(headers["content-length"]))
        pieces = []
        while size := int((await self.reader.readuntil(b"\r\n"))[:-2], 16):
            pieces.append((await self.reader.readexactly(size + 2))[:-2])
            answer.replica = answer.replica if answer.replica != "-" else _replica_in(pieces[-1])
        await self.reader.readexactly(2)
        return b"".join(pieces)


def _replica_in(text: bytes) -> str:
    _, found, rest = text.partition(b'"system_fingerprint":')
    return rest.split(b'"')[1].decode() if found and b'"' in rest else "-"


def _judge_document(text: bytes, request: Request, answer: Answer) -> None:
    answer.replica = _replica_in(text)
    try:
        document = json.loads(text)
        choice = document["choices"][0]
        said = choice["message"]["content"] if request.chat else choice["text"]
    except (ValueError, LookupError):
        answer.verdict = "hidden cut"
        return
    whole = document["usage"]["completion_tokens"] == request.tokens
    answer.verdict = "ok" if whole and _is_right(said, request) else "wrong"


def _judge_stream(text: bytes, request: Request, answer: Answer) -> None:
    events = [line[6:] for line in text.decode(errors="replace").split("\n\n") if line.startswith("data: ")]
    if not events or events[-1] != "[DONE]":
        answer.verdict = "hidden cut"
        return
    documents = [json.loads(event) for event in events[:-1]]
    if any("error" in document for document in documents):
        answer.verdict = "cut"
        return
    choices = [document["choices"][0] for document in documents if document["choices"]]
    said = "".join((choice["delta"].get("content") or "") if request.chat else choice["text"] for choice in choices)
    usage = documents[-1].get("usage") or {}
    whole = usage.get("completion_tokens") == request.tokens and bool(choices) and bool(choices[-1]["finish_reason"])
    answer.verdict = "ok" if whole and _is_right(said, request) else "wrong"


def _is_right(said: str, request: Request) -> bool:
    return said == expected_text(request.prompt, request.tokens) if request.checked else bool(said)
