"""The middleware for HTTP/1.0: whole answers with their length; others are not touched."""

import asyncio
from typing import Any

import pytest

from pipeline.runtimes.workers.vllm_http10 import WholeAnswers

STREAM = [
    {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"text/event-stream"), (b"Transfer-Encoding", b"chunked")],
    },
    {"type": "http.response.body", "body": b"data: a\n\n", "more_body": True},
    {"type": "http.response.body", "body": b"data: [DONE]\n\n", "more_body": True},
    {"type": "http.response.body"},
]


def _sent(scope: dict[str, Any]) -> list[Any]:
    """Return what a client is sent of a stream."""
    sent = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        for message in STREAM:
            await send(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(WholeAnswers(app)(scope, receive, send))
    return sent


def test_http_1_0_gets_a_whole_answer_with_its_length() -> None:
    """One body, no chunks announced, the rest of the header as it was."""
    start, body = _sent({"type": "http", "http_version": "1.0"})
    whole = b"data: a\n\ndata: [DONE]\n\n"
    assert start["headers"] == [(b"content-type", b"text/event-stream"), (b"content-length", b"23")]
    assert body == {"type": "http.response.body", "body": whole}
    assert len(whole) == 23


@pytest.mark.parametrize("scope", [{"type": "http", "http_version": "1.1"}, {"type": "lifespan"}])
def test_everything_else_passes_as_it_is(scope: dict[str, Any]) -> None:
    """Streams of other clients are not held up."""
    assert _sent(scope) == STREAM
