"""The middleware that gives a stream which fails before its first token the error's status."""

import asyncio
import json
from http import HTTPStatus
from typing import Any

import pytest

from pipeline.runtimes.workers.vllm_early_errors import EarlyErrors

START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-request-id", b"r1")],
}
BUSY = {"message": "busy", "type": "Service Unavailable", "param": None, "code": 503}
CREATED = b'event: response.created\ndata: {"type": "response.created"}\n\n'
GOING_ON = b'event: response.in_progress\ndata: {"type": "response.in_progress"}\n\n'


class _QueueOverflowError(Exception):
    http_status = HTTPStatus.SERVICE_UNAVAILABLE


def _piece(body: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": True}


def _error(error: object) -> bytes:
    return b"data: " + json.dumps({"error": error}).encode() + b"\n\n"


def _sent(*messages: Any, fault: BaseException | None = None, kind: str = "http") -> list[Any]:
    """Return what a client is sent of what the server would send."""
    sent = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)
        if fault:
            raise RuntimeError("the stream broke") from fault

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(EarlyErrors(app)({"type": kind}, receive, send))
    return sent


def _assert_refused(sent: list[Any], message: str) -> None:
    start, body = sent
    assert start["status"] == 503
    headers = dict(start["headers"])
    assert (headers[b"content-type"], headers[b"x-request-id"]) == (b"application/json", b"r1")
    assert int(headers[b"content-length"]) == len(body["body"])
    assert not body.get("more_body")
    error = json.loads(body["body"])["error"]
    assert (error["message"], error["code"]) == (message, 503)


def test_stream_that_is_refused_has_the_status() -> None:
    """What vLLM sends when the second look at its queue refuses what the first one let in."""
    sent = _sent(START, _piece(_error(BUSY)), _piece(b"data: [DONE]\n\n"), {"type": "http.response.body"})
    _assert_refused(sent, "busy")


def test_refusal_that_is_raised_in_a_stream_has_the_status() -> None:
    """`/v1/responses` has promised its answer, and an exception ends it."""
    _assert_refused(_sent(START, _piece(CREATED), _piece(GOING_ON), fault=_QueueOverflowError("full")), "full")
    grouped = BaseExceptionGroup("tasks", [ValueError("other"), _QueueOverflowError("full")])
    _assert_refused(_sent(START, _piece(CREATED), fault=grouped), "full")


@pytest.mark.parametrize(
    "pieces",
    [
        [b'data: {"id": 1}\n\n', _error(BUSY), b"data: [DONE]\n\n"],
        [CREATED, GOING_ON, b"event: response.output_text.delta\ndata: {}\n\n"],
        [b": ping\n\n", b"data: a\n\n"],
        [_error("no object")],
        [_error({"code": 200})],
        [b'data: {"error": '],
    ],
)
def test_stream_that_goes_on_passes_as_it_is(pieces: list[bytes]) -> None:
    """Byte for byte and in order; what goes wrong after the first token is an event in it."""
    messages = [START, *map(_piece, pieces), {"type": "http.response.body"}]
    assert _sent(*messages) == messages


def test_everything_else_passes_as_it_is() -> None:
    """Whole answers, errors that have a status already, and what is no request."""
    whole = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
    refused = {**START, "status": 503}
    body = {"type": "http.response.body", "body": _error(BUSY)}
    assert _sent(whole, body) == [whole, body]
    assert _sent(refused, body) == [refused, body]
    assert _sent({"type": "lifespan.startup.complete"}, kind="lifespan") == [{"type": "lifespan.startup.complete"}]


def test_other_faults_stay_what_they_are() -> None:
    """Without a status of their own, or after the first token."""
    with pytest.raises(RuntimeError):
        _sent(START, fault=ValueError())
    with pytest.raises(RuntimeError):
        _sent(START, _piece(b"data: a\n\n"), fault=_QueueOverflowError())
