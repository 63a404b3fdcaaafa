"""The middleware that counts: every byte passes as it came, and a line says what the answer took."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from pipeline.runtimes.workers.vllm_usage import KEPT_FOLDER, USAGE_FILE, UsageLines

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
HEADERS = {"x-request-id": "r1", "x-awqctl-key": "key00001", "content-length": "100"}
CHUNKS = [
    'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n',
    ": keep-alive\n\n",
    'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"Paris"}}]}\n\n',
    'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"."},"finish_reason":"stop"}]}\n\n',
]
EVENTS = [
    'event: response.created\ndata: {"type":"response.created","response":{"usage":null}}\n\n',
    'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"Paris"}\n\n',
    'event: response.completed\ndata: {"response":{"usage":{"input_tokens":7,"output_tokens":1,"total_tokens":8}}}\n\n',
]
USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}


def _left_by_vllm(request: Request) -> SimpleNamespace:
    """Put the place for the usage where vLLM puts it."""
    request.state.request_metadata = SimpleNamespace(request_id="chatcmpl-1", final_usage_info=None)
    return request.state.request_metadata


async def _chat(request: Request) -> Response:
    asked = await request.json()
    left = _left_by_vllm(request)
    if asked.get("refused"):
        return JSONResponse({"error": {"message": "no", "code": 400}}, 400)
    if not asked.get("stream"):
        left.final_usage_info = SimpleNamespace(**USAGE)
        return JSONResponse({"choices": [], "usage": USAGE})

    async def chunks() -> AsyncIterator[str]:
        for chunk in CHUNKS:
            yield chunk
        if asked.get("fails"):
            yield 'data: {"error":{}}\n\n'
        else:
            left.final_usage_info = SimpleNamespace(**USAGE)
        yield "data: [DONE]\n\n"

    return StreamingResponse(chunks(), media_type="text/event-stream")


async def _responses(request: Request) -> Response:
    _left_by_vllm(request)
    if not (await request.json()).get("stream"):
        return JSONResponse({"output": [], "usage": {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}})

    async def events() -> AsyncIterator[str]:
        for event in EVENTS:
            yield event

    return StreamingResponse(events(), media_type="text/event-stream")


APP = Starlette(routes=[Route(CHAT, _chat, methods=["POST"]), Route(RESPONSES, _responses, methods=["POST"])])


def _scope(path: str, headers: dict[str, str]) -> dict[str, Any]:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": "POST", "path": path, "headers": raw, "query_string": b"", "http_version": "1.1"}


def _answer(app: Any, path: str, body: dict[str, Any], headers: dict[str, str], *, gone_after: int = 99) -> list[Any]:
    """Return what is sent for a request, by a server whose client goes away after so many messages."""
    sent: list[Any] = []
    gone = asyncio.Event()
    asked = [{"type": "http.request", "body": part, "more_body": more} for part, more in _halves(body)]

    async def receive() -> Any:
        if asked:
            return asked.pop(0)
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) >= gone_after:
            gone.set()
            await asyncio.sleep(10)

    async def run() -> None:
        await app(_scope(path, headers), receive, send)

    asyncio.run(run())
    return sent


def _halves(body: dict[str, Any]) -> list[tuple[bytes, bool]]:
    text = json.dumps(body).encode()
    return [(text[:5], True), (text[5:], False)]


@pytest.fixture
def usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name the file of lines in the environment."""
    monkeypatch.setenv(USAGE_FILE, str(tmp_path / "usage.jsonl"))
    monkeypatch.delenv(KEPT_FOLDER, raising=False)
    return tmp_path / "usage.jsonl"


def _lines(usage: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in usage.read_text().splitlines()]


@pytest.mark.parametrize(
    ("path", "body", "prompt", "completion"),
    [
        (CHAT, {"stream": True}, 5, 2),
        (CHAT, {}, 5, 2),
        (CHAT, {"refused": True}, 0, 0),
        (RESPONSES, {"stream": True}, 7, 1),
        (RESPONSES, {}, 7, 3),
    ],
)
def test_answer_passes_as_it_came_and_its_usage_is_exact(
    usage: Path, path: str, body: dict[str, Any], prompt: int, completion: int
) -> None:
    """Messages with and without the middleware are the same; the line has the engine's count, whoever asked for it."""
    sent = _answer(UsageLines(APP), path, body, HEADERS)
    assert sent == _answer(APP, path, body, HEADERS)
    (line,) = _lines(usage)
    assert {name: line[name] for name in ("id", "key", "exact")} == {"id": "r1", "key": "key00001", "exact": True}
    assert (line["prompt_tokens"], line["completion_tokens"]) == (prompt, completion)
    assert (line["first_token_ms"] is not None) == bool(body.get("stream"))
    assert stat.S_IMODE(usage.stat().st_mode) == 0o600


def test_line_is_there_before_the_end_is_sent(usage: Path) -> None:
    """Whoever sees the answer end finds its line."""
    seen = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}", "more_body": False})

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            seen.append(_lines(usage))

    asyncio.run(UsageLines(app)(_scope(CHAT, HEADERS), None, send))  # type: ignore[arg-type]
    assert [len(lines) for lines in seen] == [1]


@pytest.mark.parametrize(("gone_after", "pieces"), [(2, 0), (4, 1), (5, 2)])
def test_client_that_hangs_up_is_counted_by_pieces(usage: Path, gone_after: int, pieces: int) -> None:
    """Pieces with text that were sent count, the role and comments do not; the prompt is estimated from its bytes."""
    _answer(UsageLines(APP), CHAT, {"stream": True}, HEADERS, gone_after=gone_after)
    (line,) = _lines(usage)
    assert (line["exact"], line["prompt_tokens"], line["completion_tokens"]) == (False, 25, pieces)


def test_answer_that_breaks_off_inside_is_not_exact(usage: Path) -> None:
    """An engine's error in the middle of a stream leaves no usage."""
    _answer(UsageLines(APP), CHAT, {"stream": True, "fails": True}, HEADERS)
    assert _lines(usage)[0]["exact"] is False


@pytest.mark.parametrize("missing", ["x-request-id", "x-awqctl-key"])
def test_own_requests_have_no_line(usage: Path, missing: str) -> None:
    """What did not come through the door is not counted."""
    headers = {name: value for name, value in HEADERS.items() if name != missing}
    _answer(UsageLines(APP), CHAT, {}, headers)
    assert not usage.exists()


def test_fault_costs_a_line_and_no_answer(
    usage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a folder to write to, answers go out as ever; the log says so once."""
    monkeypatch.setenv(USAGE_FILE, str(tmp_path / "none" / "usage.jsonl"))
    app = UsageLines(APP)
    for _ in range(2):
        assert _answer(app, CHAT, {}, HEADERS) == _answer(APP, CHAT, {}, HEADERS)
    assert capsys.readouterr().err.count("could not be written") == 1


def test_text_is_kept_for_keys_that_keep_it(usage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prompt and answer go to a private file whose name says for how many days; without the header nothing is kept."""
    monkeypatch.setenv(KEPT_FOLDER, str(tmp_path))
    _answer(UsageLines(APP), CHAT, {"stream": True}, HEADERS)
    assert not list(tmp_path.glob("kept-*"))
    _answer(UsageLines(APP), CHAT, {"stream": True}, {**HEADERS, "x-awqctl-keep": "30"})
    (kept,) = tmp_path.glob("kept-*-30d.jsonl")
    document = json.loads(kept.read_text())
    assert document == {"id": "r1", "request": '{"stream": true}', "answer": "".join(CHUNKS) + "data: [DONE]\n\n"}
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
