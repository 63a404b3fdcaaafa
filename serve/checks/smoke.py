"""The smoke test: what a client relies on, tried with the real `openai` client on the running endpoint."""

import ssl
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from pipeline.base.phrase import phrase, phrase_of, quoted
from pipeline.base.results import Phrase
from pipeline.base.sentences.smoke import SmokeSentences
from pipeline.base.sentences.stored import ENGLISH
from serve.result import SmokeCheck

if TYPE_CHECKING:
    from openai import OpenAI

_TIMEOUT_S = 300.0
_MAX_TOKENS = 8
_MIN_CHUNKS = 2
_CLOSED = ("/metrics", "/tokenize", "/docs", "/v1/embeddings")
_PROMPT = "The capital of France is"
Check = Callable[[], Phrase]
_SAY = SmokeSentences


class _CheckFailedError(Exception):
    """The endpoint answered, but not as it must."""

    def __init__(self, said: Phrase) -> None:
        super().__init__(ENGLISH.text(said))
        self.said = said


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
        said, passed = check(), True
    except _CheckFailedError as problem:
        said, passed = phrase_of(_SAY.check_failed, (problem.said,)), False
    except (OpenAIError, httpx.HTTPError) as problem:
        said, passed = quoted(f"{type(problem).__name__}: {problem}"), False
    seconds = time.monotonic() - started
    return SmokeCheck(name=name, passed=passed, detail=ENGLISH.text(said), detail_said=said, seconds=seconds)


def _models(client: "OpenAI", model: str) -> Phrase:
    names = [entry.id for entry in client.models.list()]
    _require(names == [model], phrase(_SAY.lists_others, names=str(names), model=model))
    return phrase(_SAY.lists, model=model)


def _chat(client: "OpenAI", model: str) -> Phrase:
    answer = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": _PROMPT}], max_tokens=_MAX_TOKENS, temperature=0
    )
    _require(bool(answer.choices), phrase(_SAY.no_choice))
    return _generated(answer.choices[0].finish_reason, answer.usage.completion_tokens if answer.usage else 0)


def _completion(client: "OpenAI", model: str) -> Phrase:
    answer = client.completions.create(model=model, prompt=_PROMPT, max_tokens=_MAX_TOKENS, temperature=0)
    _require(bool(answer.choices), phrase(_SAY.no_choice))
    return _generated(answer.choices[0].finish_reason, answer.usage.completion_tokens if answer.usage else 0)


def _generated(reason: str | None, tokens: int) -> Phrase:
    said = phrase(_SAY.generated, tokens=str(tokens), reason=str(reason))
    _require(tokens > 0 and reason in ("stop", "length"), said)
    return said


def _streaming(client: "OpenAI", model: str) -> Phrase:
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
    _require(len(choices) >= _MIN_CHUNKS, phrase(_SAY.not_streamed, chunks=str(len(choices))))
    _require(bool(reasons), phrase(_SAY.stream_without_end))
    return phrase(_SAY.streamed, chunks=str(len(choices)), reason=reasons[-1])


def _refused(client: "OpenAI", model: str) -> Phrase:
    from openai import AuthenticationError  # noqa: PLC0415 -- loaded by now

    try:
        client.completions.create(model=model, prompt=_PROMPT, max_tokens=1)
    except AuthenticationError as refusal:
        return phrase(_SAY.status, status=str(refusal.status_code))
    raise _CheckFailedError(phrase(_SAY.let_in))


def _refused_without_key(http: httpx.Client, base_url: str) -> Phrase:
    return _answered(http.get(f"{base_url}/models"), httpx.codes.UNAUTHORIZED)


def _closed(http: httpx.Client, base_url: str, key: str) -> Phrase:
    """Try routes of vLLM that its own `--api-key` leaves open, with a good key."""
    root = base_url.removesuffix("/v1")
    for path in _CLOSED:
        for method in ("GET", "POST"):
            answer = http.request(method, f"{root}{path}", headers={"Authorization": f"Bearer {key}"})
            _answered(answer, httpx.codes.NOT_FOUND)
    return phrase(_SAY.closed, routes=", ".join(_CLOSED))


def _answered(answer: httpx.Response, status: int) -> Phrase:
    request, found = answer.request, str(answer.status_code)
    _require(
        answer.status_code == status,
        phrase(
            _SAY.answers_otherwise,
            method=request.method,
            path=request.url.path,
            found=found,
            expected=str(int(status)),
        ),
    )
    return phrase(_SAY.status, status=found)


def _require(condition: bool, otherwise: Phrase) -> None:  # noqa: FBT001 -- reads as `assert` does
    if not condition:
        raise _CheckFailedError(otherwise)
