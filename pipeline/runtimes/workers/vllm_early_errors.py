"""Middleware of vLLM's server: a stream that fails before its first token is an error with its status, not a 200.

vLLM looks at its queue once before it answers and once more when a request joins it. Of many that come at once more
pass the first look than the second lets in, and by then a stream has been promised with 200: the refusal would be an
event in it, without `Retry-After`, and a proxy could ask no other engine. So the beginning of a stream is held until
its first token is there, which costs nothing of what a client waits for. Plain ASGI, because middleware made from
functions holds up streams.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_STREAM = b"text/event-stream"
_LEAST, _MOST = 400, 599
"""Statuses of errors."""
_ERROR = b'data: {"error":'
_BEFORE_THE_FIRST = (b"event: response.created\n", b"event: response.queued\n", b"event: response.in_progress\n")
"""Events of `/v1/responses` that say nothing yet."""


class EarlyErrors:
    """Gives a stream that has nothing but an error the error's status; passes everything else through."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stream = _Stream(send)
        try:
            await self._app(scope, receive, stream.send)
        except Exception as fault:
            if not await stream.failed(fault):
                raise


class _Stream:
    """Holds the beginning of a stream until it is known how it goes on."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._held: list[Message] = []
        self._refused = False

    async def send(self, message: Message) -> None:
        if self._refused:  # what follows the error closes a stream that is none
            return
        if message["type"] == "http.response.start" and _is_stream(message):
            self._held = [message]
        elif self._held and message["type"] == "http.response.body":
            await self._decide(message)
        else:
            await self._send(message)

    async def failed(self, fault: BaseException) -> bool:
        """Answer with the status of what was raised while nothing had been sent; return whether it has one."""
        cause = next((cause for cause in _causes(fault) if hasattr(cause, "http_status")), None)
        if not self._held or cause is None:
            return False
        status = HTTPStatus(cause.http_status)
        await self._refuse({"message": str(cause), "type": status.phrase, "param": None, "code": int(status)})
        return True

    async def _decide(self, message: Message) -> None:
        body = message.get("body", b"")
        if body.startswith(_BEFORE_THE_FIRST):
            self._held.append(message)
        elif error := _error(body):
            await self._refuse(error)
        else:
            held, self._held = self._held, []
            for one in (*held, message):
                await self._send(one)

    async def _refuse(self, error: dict[str, Any]) -> None:
        start, self._held, self._refused = self._held[0], [], True
        body = json.dumps({"error": error}).encode()
        kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-type"]
        own = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await self._send({**start, "status": int(error["code"]), "headers": [*kept, *own]})
        await self._send({"type": "http.response.body", "body": body})


def _is_stream(start: Message) -> bool:
    kind = next((value for name, value in start.get("headers", ()) if name.lower() == b"content-type"), b"")
    return bool(start["status"] == HTTPStatus.OK and kind.startswith(_STREAM))


def _error(body: bytes) -> dict[str, Any] | None:
    """Return the error that a piece of a stream is; None where it is none, or has no status."""
    if not body.startswith(_ERROR):
        return None
    try:
        error: dict[str, Any] = json.loads(body.partition(b"\n")[0].removeprefix(b"data: "))["error"]
        return error if _LEAST <= int(error["code"]) <= _MOST else None
    except (ValueError, LookupError, TypeError):
        return None


def _causes(fault: BaseException) -> list[BaseException]:
    """Return an exception and those that it came from, the first one last."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [fault]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in found:
            found.append(one)
            waiting += [one.__cause__ or one.__context__, *getattr(one, "exceptions", ())]
    return found
