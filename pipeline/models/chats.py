"""Chats to text, as the endpoint does it: what a log holds is made plain, and the model's template decides the rest.

vLLM gives a template an empty text for content that is null, joins the parts of a text by line ends unless the template
goes through parts itself, and reads the arguments of tool calls, which are logged as JSON
(`_parse_chat_message_content` and `_postprocess_messages` in vllm/entrypoints/chat_utils.py). Many templates print
`None` otherwise.
"""

import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Protocol, cast

from jinja2 import TemplateError, TemplateSyntaxError

from pipeline.base.errors import SourceError
from pipeline.models.tokenizer import Tokenizer

_TEXTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal", "thinking": "thinking"}
"""Type of a part -> the key of its text."""
_INSTEAD = ("tool_calls", "function_call", "refusal", "reasoning", "reasoning_content", "audio")
"""What a message may hold in place of content."""
_ANSWERS = ("tool", "function")
_REFUSALS = (TemplateError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
_PROBE = "zq7"


class ChatTokenizer(Tokenizer, Protocol):
    """A tokenizer with a chat template."""

    def apply_chat_template(
        self,
        conversation: list[dict[str, Any]],
        *,
        tools: list[dict[str, Any]] | None,
        tokenize: bool,
        add_generation_prompt: bool,
    ) -> str:
        """Return the conversation as the model reads it."""


class ChatRenderer:
    """Renders chats with the template of one tokenizer; with `awaits_answer` an answer is begun at their end."""

    def __init__(self, tokenizer: Tokenizer, *, awaits_answer: bool = False) -> None:
        self._tokenizer = tokenizer
        self._awaits_answer = awaits_answer

    def text(self, messages: object, where: str, column: str, tools: object = None) -> str:
        """Return a chat as the model reads it, special tokens of the chat template included.

        Args:
            messages: what stands in the column.
            where: file and line, for messages to the user.
            column: its name, for the same.
            tools: the functions that the model was offered, as the request had them or as JSON; None without.

        Raises:
            SourceError: these are no messages or tools, the tokenizer has no chat template, or the template refuses
                them; names the turn and the reason.
        """
        problem = next(_problems(messages), None)
        if problem is not None:
            raise SourceError(
                f"{where}: '{column}' holds no chat that can be read: {problem}. A list of messages with a text under "
                f"'role' and under 'content' is expected, or tool calls in place of content; for plain text set "
                f"`column` of this calibration source instead of `messages`."
            )
        if getattr(self._tokenizer, "chat_template", None) is None:
            raise SourceError(
                "The model's tokenizer has no chat template, so calibration messages cannot be rendered. Put "
                "chat_template.jinja beside the tokenizer, or give text in `column` instead of `messages`."
            )
        plain = [self._plain(message) for message in cast("list[dict[str, Any]]", messages)]
        offered = _offered(tools, where)
        try:
            return self._apply(plain, offered)
        except TemplateSyntaxError as wrong:
            raise SourceError(
                f"The model's chat template cannot be read: line {wrong.lineno}, {wrong.message}. Correct "
                f"chat_template.jinja, or the key chat_template of tokenizer_config.json, in a copy of the model."
            ) from wrong
        except _REFUSALS as problem:
            number = self._refused_turn(plain, offered)
            raise SourceError(
                f"{where}: the model's chat template refuses these messages at turn {number} "
                f"({plain[number - 1]['role']}): {problem}. Correct them or leave them out."
            ) from problem

    @cached_property
    def _takes_parts(self) -> bool:
        """Whether the template shows the parts of a content, and not a content that is a text."""
        return not self._shows(_PROBE) and self._shows([{"type": "text", "text": _PROBE}])

    def _shows(self, content: object) -> bool:
        try:
            return _PROBE in self._apply([{"role": "user", "content": content}])
        except _REFUSALS:
            return False

    def _apply(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None = None) -> str:
        return cast("ChatTokenizer", self._tokenizer).apply_chat_template(
            messages, tools=tools, tokenize=False, add_generation_prompt=self._awaits_answer
        )

    def _refused_turn(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None) -> int:
        """Return the number of the turn after the longest beginning that the template takes."""
        for length in range(len(messages) - 1, 0, -1):
            try:
                self._apply(messages[:length], tools)
            except _REFUSALS:
                continue
            return length + 1
        return 1

    def _plain(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return a message as vLLM hands it to a template; Parquet has null for every key that is absent."""
        texts = list(_texts(message.get("content") or message.get("refusal")))
        parts = self._takes_parts and message["role"] not in _ANSWERS
        content: object = [{"type": "text", "text": text} for text in texts] if parts else "\n".join(texts)
        kept = {key: value for key, value in message.items() if value is not None and value != []}
        if "tool_calls" in kept:
            kept["tool_calls"] = [_read_arguments(call) for call in kept["tool_calls"]]
        if "reasoning" in kept:
            kept.setdefault("reasoning_content", kept["reasoning"])
        return kept | {"content": content}


def _read_arguments(call: dict[str, Any]) -> dict[str, Any]:
    function = call["function"]
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            arguments = {}
    return call | {"function": function | {"arguments": arguments if isinstance(arguments, dict) else {}}}


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for part in content:
            text = part if isinstance(part, str) else part.get(_TEXTS[part["type"]])
            if text is not None:
                yield text


def _offered(tools: object, where: str) -> list[dict[str, Any]] | None:
    """Return the functions that a request offered; None without.

    Raises:
        SourceError: these are none.
    """
    found: Any = tools
    if isinstance(tools, str) and tools.strip():
        try:
            found = json.loads(tools)
        except (ValueError, RecursionError):
            found = tools
    if not found:
        return None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise SourceError(
            f"{where}: 'tools' holds {_kind(found)}, not a list of functions. Correct it, or take that column out."
        )
    return cast("list[dict[str, Any]]", _without_null(found))


def _without_null(value: Any) -> Any:
    """Return a value without the keys that are null: Parquet gives all rows the keys of any."""
    if isinstance(value, dict):
        return {key: _without_null(each) for key, each in value.items() if each is not None}
    return [_without_null(each) for each in value] if isinstance(value, list) else value


def _problems(messages: object) -> Iterator[str]:
    """Yield why these are no messages."""
    if not isinstance(messages, list):
        yield f"it is {_kind(messages)}, not a list"
        return
    if not messages:
        yield "it is an empty list"
    for number, message in enumerate(messages, 1):
        if not isinstance(message, dict):
            yield f"turn {number} is {_kind(message)}, not a message"
        elif not isinstance(message.get("role"), str):
            yield f"turn {number} has no text under 'role' (it has {', '.join(map(str, message))})"
        else:
            turn = f"turn {number} ({message['role']})"
            yield from (f"{turn} {what}" for what in (*_content_problems(message), *_call_problems(message)))


def _content_problems(message: dict[str, Any]) -> Iterator[str]:
    content = message.get("content")
    held = message["role"] in _ANSWERS or "content" in message or any(message.get(key) for key in _INSTEAD)
    if content is None and not held:
        yield f"has no content and no tool calls in its place (it has {', '.join(map(str, message))})"
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            continue
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            what = "an object without a type" if isinstance(part, dict) else _kind(part)
            yield f"has {what} among the parts of its content, not a text or an object with a type"
        elif part["type"] not in _TEXTS:
            yield f"has a part of type {part['type']} in its content, and calibration reads text alone"
        elif not isinstance(text := part.get(_TEXTS[part["type"]]), str | None):
            yield f"has {_kind(text)} in a part of its content, not a text"
    if not isinstance(content, str | list | None):
        yield f"has {_kind(content)} as its content, not a text"


def _call_problems(message: dict[str, Any]) -> Iterator[str]:
    calls = message.get("tool_calls")
    if calls is None:
        return
    whole = isinstance(calls, list) and all(
        isinstance(call, dict) and isinstance(call.get("function"), dict) for call in calls
    )
    if not whole:
        yield "has tool_calls that are not a list of objects with a function"
    elif not all(isinstance(call["function"].get("name"), str) for call in calls):
        yield "has a tool call without the name of its function"


def _kind(value: object) -> str:
    names = {str: "a text", dict: "an object", list: "a list", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
