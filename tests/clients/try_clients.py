"""What clients do, each by its own library, in an environment of theirs: `try_clients.py BASE_URL CA MODEL`.

The key stands in AWQCTL_API_KEY. Prints one JSON line for each thing tried; nothing of awqctl is imported.
"""

import json
import os
import ssl
import sys
import traceback
from collections.abc import Callable

import httpx
import litellm
import openai
from langchain_openai import ChatOpenAI

BASE_URL, CA, MODEL = sys.argv[1:4]
KEY = os.environ["AWQCTL_API_KEY"]
TRUSTED = ssl.create_default_context(cafile=CA)
HELLO = [{"role": "user", "content": "def"}]
CHOICES = ["yes", "no"]
SCHEMA = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"], "additionalProperties": False}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}

client = openai.OpenAI(
    base_url=BASE_URL,
    api_key=KEY,
    max_retries=0,
    http_client=openai.DefaultHttpxClient(verify=TRUSTED, trust_env=False),
)
aside = openai.AsyncOpenAI(
    base_url=BASE_URL, api_key=KEY, http_client=openai.DefaultAsyncHttpxClient(verify=TRUSTED, trust_env=False)
)


def models() -> str:
    """List them."""
    return ",".join(model.id for model in client.models.list())


def chat() -> str:
    """Ask, and get usage."""
    answer = client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=8, temperature=0)
    return f"{answer.usage.completion_tokens} tokens"


def completion() -> str:
    """Ask by the older route."""
    return f"{client.completions.create(model=MODEL, prompt='def', max_tokens=8).usage.completion_tokens} tokens"


def streaming() -> str:
    """Stream; no usage comes that was not asked for."""
    chunks = list(client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=8, stream=True))
    assert all(chunk.choices for chunk in chunks), "a chunk without a choice, though no usage was asked for"
    assert chunks[-1].choices[0].finish_reason
    return f"{len(chunks)} chunks"


def streaming_with_usage() -> str:
    """Stream; usage comes last when it is asked for."""
    asked = {"model": MODEL, "messages": HELLO, "max_tokens": 8, "stream": True}
    chunks = list(client.chat.completions.create(**asked, stream_options={"include_usage": True}))
    assert not chunks[-1].choices
    return f"{chunks[-1].usage.completion_tokens} tokens"


def responses() -> str:
    """Ask by the newer route."""
    return client.responses.create(model=MODEL, input="def", max_output_tokens=8).status


def structured_choice() -> str:
    """Get one of two answers."""
    answer = client.chat.completions.create(
        model=MODEL, messages=HELLO, max_tokens=8, extra_body={"structured_outputs": {"choice": CHOICES}}
    )
    said = answer.choices[0].message.content
    assert said in CHOICES, said
    return said


def structured_json() -> str:
    """Get what a schema describes."""
    answer = client.chat.completions.create(
        model=MODEL,
        messages=HELLO,
        max_tokens=32,
        temperature=0,
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA, "strict": True}},
    )
    said = answer.choices[0].message.content
    if answer.choices[0].finish_reason == "stop":
        assert isinstance(json.loads(said)["a"], bool), said
    return said.strip()[:40]


def tools() -> str:
    """A model without a tool parser is told so, as an error that clients know."""
    try:
        client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=8, tools=[TOOL], tool_choice="auto")
    except openai.BadRequestError as refused:
        return f"refused: {refused.message[:60]}"
    return "taken"


def embeddings() -> str:
    """Refused clearly."""
    try:
        client.embeddings.create(model=MODEL, input="x")
    except openai.NotFoundError as refused:
        return refused.message[:80]
    raise AssertionError("embeddings were not refused")


def wrong_model() -> str:
    """Another model is never answered for."""
    try:
        client.chat.completions.create(model="other", messages=HELLO, max_tokens=1)
    except openai.NotFoundError as refused:
        return refused.message[:80]
    raise AssertionError("a model that is not there was answered for")


async def _many() -> int:
    import asyncio  # noqa: PLC0415 -- of this one

    asked = [aside.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=4) for _ in range(16)]
    return sum(bool(answer.choices) for answer in await asyncio.gather(*asked))


def asynchronous() -> str:
    """Sixteen at once."""
    import asyncio  # noqa: PLC0415 -- of this one

    found = asyncio.run(_many())
    assert found == 16, found
    return "16 answers"


def langchain() -> str:
    """Ask and stream by LangChain."""
    chain = ChatOpenAI(
        model=MODEL,
        base_url=BASE_URL,
        api_key=KEY,
        max_tokens=8,
        http_client=httpx.Client(verify=TRUSTED, trust_env=False),
    )
    asked = chain.invoke("def")
    streamed = list(chain.stream("def"))
    return f"{asked.usage_metadata['output_tokens']} tokens, {len(streamed)} chunks"


def lite_llm() -> str:
    """Ask and stream by LiteLLM."""
    litellm.client_session = httpx.Client(verify=TRUSTED, trust_env=False)
    asked = {"model": f"openai/{MODEL}", "api_base": BASE_URL, "api_key": KEY, "messages": HELLO, "max_tokens": 8}
    answer = litellm.completion(**asked)
    streamed = list(litellm.completion(**asked, stream=True))
    return f"{answer.usage.completion_tokens} tokens, {len(streamed)} chunks"


TRIED: tuple[tuple[str, Callable[[], str]], ...] = (
    ("OpenAI SDK: models", models),
    ("OpenAI SDK: chat", chat),
    ("OpenAI SDK: completion", completion),
    ("OpenAI SDK: streaming", streaming),
    ("OpenAI SDK: streaming with usage", streaming_with_usage),
    ("OpenAI SDK: responses", responses),
    ("OpenAI SDK: structured output, choice", structured_choice),
    ("OpenAI SDK: structured output, JSON schema", structured_json),
    ("OpenAI SDK: tools", tools),
    ("OpenAI SDK: embeddings refused", embeddings),
    ("OpenAI SDK: another model refused", wrong_model),
    ("OpenAI SDK: asynchronous", asynchronous),
    ("LangChain", langchain),
    ("LiteLLM", lite_llm),
)


def main() -> None:
    """Try all of them."""
    for name, tried in TRIED:
        try:
            line = {"name": name, "passed": True, "detail": tried()}
        except Exception as problem:  # noqa: BLE001 -- whatever a library raises is a finding
            traceback.print_exc()
            line = {"name": name, "passed": False, "detail": f"{type(problem).__name__}: {problem}"[:300]}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


main()
