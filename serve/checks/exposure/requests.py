"""Requests that are made to hold an engine, to end it, or to fill its memory: each has to be refused, quickly."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx

from serve.checks.exposure.result import Item, Target, item

_AREA = "hostile requests"
_LONGEST_S = 10.0
_DEEP = 10_000
_EXPLODING = "(((a{1,1000}){1,1000}){1,1000}){1,1000}"
_REFUSED = range(400, 500)


@dataclass(frozen=True)
class Hostile:
    """One request that no client would send by mistake."""

    name: str
    path: str
    body: bytes
    may_be_answered: bool = False
    """Soon: it is a burden, and no mistake."""


def hostile_requests(model: str) -> tuple[Hostile, ...]:
    """Return them for a model. What may be served is not among them: only what must be refused."""

    def chat(name: str, **changes: Any) -> Hostile:
        asked = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1, **changes}
        return Hostile(name, "/chat/completions", json.dumps(asked).encode())

    def completion(name: str, **changes: Any) -> Hostile:
        asked = {"model": model, "prompt": "Hi", "max_tokens": 1, **changes}
        return Hostile(name, "/completions", json.dumps(asked).encode())

    def raw(name: str, body: bytes) -> Hostile:
        return Hostile(name, "/chat/completions", body)

    begun = json.dumps({"model": model, "messages": [{"role": "user", "content": "?"}]}).encode()
    return (
        chat("a million answers", n=1_000_000),
        completion("a million answers to choose from", best_of=1_000_000, n=1_000_000),
        completion("ten thousand prompts", prompt=["Hi"] * 10_000),
        chat("more tokens than there can be", max_tokens=10**12),
        chat("a negative length", max_tokens=-1),
        chat("every log-probability", logprobs=True, top_logprobs=10**6),
        completion("every log-probability of the prompt", prompt_logprobs=10**6),
        completion("all log-probabilities there are", prompt_logprobs=-1, logprobs=-1),
        chat("a thousand stop strings", stop=[f"stop {number}" for number in range(1000)]),
        chat("a thousand bad words", bad_words=[f"bad {number}" for number in range(1000)]),
        chat("a temperature that is none", temperature=-5),
        chat("a token that does not exist", logit_bias={"999999999": 100}),
        chat("a picture from the network", messages=_picture("http://169.254.169.254/latest/meta-data/")),
        chat("a file of the server", messages=_picture("file:///etc/passwd")),
        chat("a template of its own", chat_template="{% for i in range(10**9) %}x{% endfor %}"),
        chat("no messages", messages=[]),
        chat("another kind of messages", messages={"a": 1}),
        replace(chat("a regex that explodes", structured_outputs={"regex": _EXPLODING}), may_be_answered=True),
        chat("a regex that is none", structured_outputs={"regex": "(((("}),
        chat("a grammar that is none", structured_outputs={"grammar": "root ::= root root | " * 50}),
        chat("a schema that leads to itself", response_format=_schema({"$ref": "#/nowhere"})),
        raw("brackets, ten thousand deep", b"[" * _DEEP + b"]" * _DEEP),
        raw("objects, ten thousand deep", begun[:-1] + b',"x":' + b'{"a":' * _DEEP + b"1" + b"}" * _DEEP + b"}"),
        raw("no JSON", b"{"),
        raw("bytes that are no UTF-8", begun.replace(b"?", b"\xff\xfe\xc3\x28")),
        raw("half of a surrogate", begun.replace(b"?", b"\\ud800")),
        raw("a number beyond all numbers", begun[:-1] + b',"max_tokens":1e999999}'),
        raw("a number of a million digits", begun[:-1] + b',"seed":' + b"9" * 1_000_000 + b"}"),
        raw("nothing at all", b""),
        raw("a list", b"[]"),
        raw("not a thing", b"null"),
    )


def audit_requests(target: Target, client: httpx.Client) -> Iterator[Item]:
    """Yield whether each is refused with 4xx in time, and whether the engine answers after all of them."""
    key = {"Authorization": f"Bearer {target.key}", "Content-Type": "application/json"}
    for hostile in hostile_requests(target.model):
        started = time.monotonic()
        try:
            found = client.post(f"{target.base_url}{hostile.path}", headers=key, content=hostile.body).status_code
            said = str(found)
        except httpx.HTTPError as problem:
            found, said = 0, type(problem).__name__
        seconds = time.monotonic() - started
        served = hostile.may_be_answered and found == httpx.codes.OK
        wrong = None if found in _REFUSED or served else f"{said} instead of a refusal"
        if wrong is None and seconds > _LONGEST_S:
            wrong = f"{said} only after {seconds:.0f} s"
        yield item(_AREA, hostile.name, wrong, said)
    yield _alive(target, client, key)


def _alive(target: Target, client: httpx.Client, key: dict[str, str]) -> Item:
    asked = {"model": target.model, "prompt": "Hi", "max_tokens": 1}
    answer = client.post(f"{target.base_url}/completions", headers=key, json=asked)
    wrong = None if answer.status_code == httpx.codes.OK else f"{answer.status_code} to a plain request"
    return item(_AREA, "the engine lives on", wrong, "a plain request is answered after all of them")


def _picture(url: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": schema}}
