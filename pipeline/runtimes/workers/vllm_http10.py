"""Middleware of vLLM's server: an HTTP/1.0 client gets a streamed answer whole, with its length.

vLLM's server sends what it streams in chunks, which HTTP/1.0 does not know, whatever version the client speaks. A
proxy with its defaults (nginx) is such a client. Plain ASGI, because middleware made from functions holds up the
streams of others.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_FRAMING = (b"content-length", b"transfer-encoding")


class WholeAnswers:
    """Collects what would be sent to an HTTP/1.0 client and sends it at once; passes everything else through."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        old = scope["type"] == "http" and scope.get("http_version") == "1.0"
        await self._app(scope, receive, _Collected(send) if old else send)


class _Collected:
    """Takes the messages of one answer."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message = {}
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_whole()
        else:
            await self._send(message)

    async def _send_whole(self) -> None:
        kept = [(name, value) for name, value in self._start["headers"] if name.lower() not in _FRAMING]
        length = (b"content-length", str(len(self._body)).encode())
        await self._send({**self._start, "headers": [*kept, length]})
        await self._send({"type": "http.response.body", "body": bytes(self._body)})
