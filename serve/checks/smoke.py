"""The smoke test: what a client relies on, tried with the real `openai` client on the running endpoint."""

import ssl
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from serve.result import SmokeCheck

if TYPE_CHECKING:
    from openai import OpenAI

_TIMEOUT_S = 300.0
_MAX_TOKENS = 8
_MIN_CHUNKS = 2
_CLOSED = ("/metrics", "/tokenize", "/docs", "/v1/embeddings")
_PROMPT = "The capital of France is"
Check = Callable[[], str]


class _CheckFailedError(Exception):
    """The endpoint answered, but not as it must."""


def smoke_test(base_url: str, key: str, model: str, ca_cert: Path | None) -> tuple[SmokeCheck, ...]:
    """Return one result per thing tried; a refusal or a broken connection fails its check only.

    Args:
        base_url: of the OpenAI API, ending in `/v1`.
        key: a key the endpoint lets in.
        model: the name the endpoint serves.
        ca_cert: certificate to trust; None over plain HTTP.
    """
    verify = ssl.create_default_context(cafile=str(ca_cert)) if ca_cert else True
    with (
        httpx.Client(verify=verify, trust_env=False, timeout=_TIMEOUT_S) as http,
        _client(base_url, key, verify) as client,
        _client(base_url, f"{key}x", verify) as stranger,
    ):
        checks: dict[str, Check] = {
            "models": lambda: _models(client, model),
            "chat": lambda: _chat(client, model),
            "completion": lambda: _completion(client, model),
            "streaming chat": lambda: _streaming(client, model),
            "wrong key refused": lambda: _refused(stranger, model),
            "no key refused": lambda: _refused_without_key(http, base_url),
            "other routes closed": lambda: _closed(http, base_url, key),
        }
        return tuple(_tried(name, check) for name, check in checks.items())


def _client(base_url: str, key: str, verify: ssl.SSLContext | bool) -> "OpenAI":  # noqa: FBT001 -- as in httpx
    from openai import DefaultHttpxClient, OpenAI  # noqa: PLC0415 -- a second of imports, wanted here only

    http = DefaultHttpxClient(verify=verify, trust_env=False, timeout=_TIMEOUT_S)
    return OpenAI(base_url=base_url, api_key=key, http_client=http, max_retries=0, timeout=_TIMEOUT_S)


def _tried(name: str, check: Check) -> SmokeCheck:
    from openai import OpenAIError  # noqa: PLC0415 -- loaded by now

    started = time.monotonic()
    try:
        detail, passed = check(), True
    except (OpenAIError, httpx.HTTPError, _CheckFailedError) as problem:
        detail, passed = f"{type(problem).__name__.lstrip('_')}: {problem}", False
    return SmokeCheck(name=name, passed=passed, detail=detail, seconds=time.monotonic() - started)


def _models(client: "OpenAI", model: str) -> str:
    names = [entry.id for entry in client.models.list()]
    _require(names == [model], f"the endpoint lists {names}, not {model}")
    return f"lists {model}"


def _chat(client: "OpenAI", model: str) -> str:
    answer = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": _PROMPT}], max_tokens=_MAX_TOKENS, temperature=0
    )
    _require(bool(answer.choices), "the answer has no choice")
    return _generated(answer.choices[0].finish_reason, answer.usage.completion_tokens if answer.usage else 0)


def _completion(client: "OpenAI", model: str) -> str:
    answer = client.completions.create(model=model, prompt=_PROMPT, max_tokens=_MAX_TOKENS, temperature=0)
    _require(bool(answer.choices), "the answer has no choice")
    return _generated(answer.choices[0].finish_reason, answer.usage.completion_tokens if answer.usage else 0)


def _generated(reason: str | None, tokens: int) -> str:
    _require(tokens > 0 and reason in ("stop", "length"), f"{tokens} tokens, finish_reason {reason}")
    return f"{tokens} tokens, finish_reason {reason}"


def _streaming(client: "OpenAI", model: str) -> str:
    stream = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": _PROMPT}],
        max_tokens=_MAX_TOKENS,
        temperature=0,
        stream=True,
    )
    with closing(stream):
        choices = [chunk.choices[0] for chunk in stream if chunk.choices]
    reasons = [choice.finish_reason for choice in choices if choice.finish_reason]
    _require(len(choices) >= _MIN_CHUNKS, f"{len(choices)} chunks: the answer was not streamed")
    _require(bool(reasons), "the stream ended without a finish_reason")
    return f"{len(choices)} chunks, finish_reason {reasons[-1]}"


def _refused(client: "OpenAI", model: str) -> str:
    from openai import AuthenticationError  # noqa: PLC0415 -- loaded by now

    try:
        client.completions.create(model=model, prompt=_PROMPT, max_tokens=1)
    except AuthenticationError as refusal:
        return f"status {refusal.status_code}"
    raise _CheckFailedError("a wrong key was let in")


def _refused_without_key(http: httpx.Client, base_url: str) -> str:
    return _answered(http.get(f"{base_url}/models"), httpx.codes.UNAUTHORIZED)


def _closed(http: httpx.Client, base_url: str, key: str) -> str:
    """Try routes of vLLM that its own `--api-key` leaves open, with a good key."""
    root = base_url.removesuffix("/v1")
    for path in _CLOSED:
        for method in ("GET", "POST"):
            answer = http.request(method, f"{root}{path}", headers={"Authorization": f"Bearer {key}"})
            _answered(answer, httpx.codes.NOT_FOUND)
    return f"404 on {', '.join(_CLOSED)}"


def _answered(answer: httpx.Response, status: int) -> str:
    request = answer.request
    _require(
        answer.status_code == status,
        f"{request.method} {request.url.path} answers {answer.status_code}, {int(status)} expected",
    )
    return f"status {answer.status_code}"


def _require(condition: bool, otherwise: str) -> None:  # noqa: FBT001 -- reads as `assert` does
    if not condition:
        raise _CheckFailedError(otherwise)
