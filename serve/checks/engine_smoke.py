"""The smoke test of an engine itself, past the door: what a client relies on, before the engine gets requests."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx

from pipeline.engines.engine import Engine
from serve.result import SmokeCheck

_TIMEOUT_S = 300.0
_MAX_TOKENS = 8
_PROMPT = "The capital of France is"
_ENDS = ("stop", "length")


class _CheckFailedError(Exception):
    """The engine answered, but not as it must."""


def engine_smoke_test(engine: Engine) -> tuple[SmokeCheck, ...]:
    """Return one result per thing tried; a refusal or a broken connection fails its check only."""
    asked = {"model": engine.model, "max_tokens": _MAX_TOKENS, "temperature": 0}
    chat = {**asked, "messages": [{"role": "user", "content": _PROMPT}]}
    with engine.client(_TIMEOUT_S) as client:
        checks: dict[str, Callable[[], str]] = {
            "models": lambda: _models(client, engine.model),
            "chat": lambda: _generated(_posted(client, "chat/completions", chat)),
            "completion": lambda: _generated(_posted(client, "completions", {**asked, "prompt": _PROMPT})),
            "streaming chat": lambda: _streamed(client, {**chat, "stream": True}),
        }
        return tuple(_tried(name, check) for name, check in checks.items())


def _tried(name: str, check: Callable[[], str]) -> SmokeCheck:
    started = time.monotonic()
    try:
        detail, passed = check(), True
    except _CheckFailedError as problem:
        detail, passed = str(problem), False
    except httpx.HTTPError as problem:
        detail, passed = f"{type(problem).__name__}: {problem}", False
    except (ValueError, LookupError, TypeError) as problem:
        detail, passed = f"the answer cannot be read: {problem!r}", False
    return SmokeCheck(name=name, passed=passed, detail=detail, seconds=time.monotonic() - started)


def _models(client: httpx.Client, model: str) -> str:
    names = [entry["id"] for entry in client.get("/v1/models").raise_for_status().json()["data"]]
    if model not in names:
        raise _CheckFailedError(f"the engine lists {names}, not {model}")
    return f"lists {model}"


def _posted(client: httpx.Client, route: str, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = client.post(f"/v1/{route}", json=body).raise_for_status().json()
    return answer


def _generated(answer: dict[str, Any]) -> str:
    reason, tokens = answer["choices"][0]["finish_reason"], answer["usage"]["completion_tokens"]
    said = f"{tokens} tokens, ended by {reason}"
    if not tokens or reason not in _ENDS:
        raise _CheckFailedError(said)
    return said


def _streamed(client: httpx.Client, body: dict[str, Any]) -> str:
    """See that an answer comes in pieces, and to its end."""
    with client.stream("POST", "/v1/chat/completions", json=body) as answer:
        answer.raise_for_status()
        events = [line.removeprefix("data: ") for line in answer.iter_lines() if line.startswith("data: ")]
    pieces = [json.loads(event) for event in events if event != "[DONE]"]
    reasons = [choice["finish_reason"] for piece in pieces for choice in piece["choices"] if choice["finish_reason"]]
    if len(pieces) < 2 or not reasons or events[-1] != "[DONE]":  # noqa: PLR2004 -- one piece is no stream
        raise _CheckFailedError(f"{len(pieces)} pieces, ended by {reasons or 'nothing'}")
    return f"{len(pieces)} pieces, ended by {reasons[-1]}"
