"""Middleware of vLLM's server: a line for each answer says how many tokens it took, for the audit and the limits.

vLLM leaves the usage of every answer for chat and completions in the state of its request, streamed or not, also where
the client did not ask for it; of `/v1/responses` it stands in the body or in the last event. So nothing is asked in the
client's place, and every byte goes out as it came. Plain ASGI, because middleware made from functions holds up streams.
"""

import fcntl
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

USAGE_FILE = "AWQCTL_USAGE_FILE"
"""Environment: the file that lines are appended to."""
KEPT_FOLDER = "AWQCTL_KEPT_FOLDER"
"""Environment: the folder of prompts and answers of keys that keep them."""
ROUTES = ("/v1/chat/completions", "/v1/completions", "/v1/responses")
_REFUSED = 400
_BYTES_PER_TOKEN = 4
"""Of a request whose tokens nobody told: its client hung up."""
_COMPLAIN_S = 60.0
_FAULTS = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""Of this file: they cost a line, never an answer."""


class UsageLines:
    """Appends a line for each answer, before its last piece is sent on; passes everything through as it is."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lines = _Lines(Path(os.environ[USAGE_FILE]))
        kept = os.environ.get(KEPT_FOLDER)
        self._kept = Path(kept) if kept else None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in ROUTES:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if b"x-request-id" not in headers or b"x-awqctl-key" not in headers:  # this machine's own, not from the door
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        answer = _Answer(scope, headers, receive, send, self._lines, self._kept)
        try:
            await self._app(scope, answer.receive if answer.keep_days else receive, answer.send)
        finally:
            answer.end()


class _Answer:
    """Watches one answer pass."""

    def __init__(
        self,
        scope: Message,
        headers: dict[bytes, bytes],
        receive: Receive,
        send: Send,
        lines: "_Lines",
        kept: Path | None,
    ) -> None:
        self._started = time.monotonic()
        self._scope = scope
        self._headers = headers
        self._receive = receive
        self._send = send
        self._lines = lines
        self._kept = kept
        days = headers.get(b"x-awqctl-keep", b"")
        self.keep_days = int(days) if kept and days.isdigit() else 0
        self._responses = scope["path"] == "/v1/responses"
        self._request: list[bytes] = []
        self._status = 0
        self._streamed = False
        self._pieces = 0
        self._first: float | None = None
        self._parts: list[bytes] = []
        self._ended = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._request.append(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._streamed = dict(message.get("headers", ())).get(b"content-type", b"").startswith(b"text/event-stream")
        elif message["type"] == "http.response.body":
            self._take(message.get("body", b""))
            if not message.get("more_body", False):
                self.end()
        await self._send(message)

    def _take(self, body: bytes) -> None:
        if self._streamed and body and self._counts(body):
            if self._first is None:
                self._first = time.monotonic()
            self._pieces += body.count(b"\n\n")
        if self.keep_days or not self._streamed or (self._responses and body.startswith(b"event: response.completed")):
            self._parts.append(body)

    def _counts(self, body: bytes) -> bool:
        """Return whether a piece has text in it: no comment, no event about the answer as a whole."""
        return b".delta\n" in body[:100] if self._responses else not body.startswith(b":")

    def end(self) -> None:
        """Write the line; at the end of the answer, or when the client has gone."""
        if self._ended:
            return
        self._ended = True
        try:
            self._lines.append(self._line())
            if self.keep_days:
                self._keep()
        except _FAULTS as fault:
            self._lines.complain(fault)

    def _line(self) -> bytes:
        prompt, completion, exact = self._usage()
        return _json(
            {
                "id": self._header(b"x-request-id"),
                "key": self._header(b"x-awqctl-key"),
                "prompt_tokens": prompt,
                "completion_tokens": completion,
                "exact": exact,
                "first_token_ms": None if self._first is None else _ms(self._first - self._started),
                "total_ms": _ms(time.monotonic() - self._started),
            }
        )

    def _header(self, name: bytes) -> str:
        return self._headers.get(name, b"").decode("latin-1")

    def _usage(self) -> tuple[int, int, bool]:
        """Return the tokens of prompt and answer, and whether vLLM said so."""
        if self._status >= _REFUSED:
            return 0, 0, True
        told = getattr(self._scope["state"].get("request_metadata"), "final_usage_info", None)
        if told is not None:
            return told.prompt_tokens, told.completion_tokens or 0, True
        try:
            usage = self._usage_in_body()
            before, after = ("input", "output") if self._responses else ("prompt", "completion")
            return int(usage[f"{before}_tokens"]), int(usage[f"{after}_tokens"]), True
        except (ValueError, LookupError, TypeError):
            length = self._header(b"content-length")
            role = 0 if self._responses else 1  # the first piece of a chat has the role alone
            return (int(length) if length.isdigit() else 0) // _BYTES_PER_TOKEN, max(0, self._pieces - role), False

    def _usage_in_body(self) -> dict[str, int]:
        if not self._streamed:
            usage: dict[str, int] = json.loads(b"".join(self._parts))["usage"]
            return usage
        event = self._parts[-1]
        last: dict[str, int] = json.loads(event[event.index(b"\ndata: ") + len(b"\ndata: ") :])["response"]["usage"]
        return last

    def _keep(self) -> None:
        day = datetime.now(UTC).date().isoformat()
        path = Path(str(self._kept)) / f"kept-{day}-{self.keep_days}d.jsonl"
        texts = {"request": b"".join(self._request), "answer": b"".join(self._parts)}
        line = {
            "id": self._header(b"x-request-id"),
            **{name: text.decode(errors="replace") for name, text in texts.items()},
        }
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, _json(line))
        finally:
            os.close(descriptor)


class _Lines:
    """The file of lines. The shared lock on it says that it is written to; the audit's writer removes no such file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        self._torn = False
        self._complained = -_COMPLAIN_S

    def append(self, line: bytes) -> None:
        """Append a line at one go.

        Raises:
            OSError: it could not be written, or not the whole of it.
        """
        if self._descriptor < 0:
            opened = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(opened, fcntl.LOCK_SH)
            self._descriptor = opened
        whole = b"\n" + line if self._torn else line
        self._torn = os.write(self._descriptor, whole) < len(whole)
        if self._torn:
            raise OSError("the disk is full")

    def complain(self, fault: BaseException) -> None:
        """Say in vLLM's log that a line is lost, once a minute."""
        now = time.monotonic()
        if now - self._complained >= _COMPLAIN_S:
            self._complained = now
            sys.stderr.write(f"WARNING awqctl: a request's usage could not be written to {self._path}: {fault!r}\n")


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"
