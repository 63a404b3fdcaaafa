"""The lines of a file of prompts: `{"prompt": "..."}` or `{"messages": [...]}`, with `output_tokens` if wanted."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.base.errors import SourceError

_SHOWN_FAULTS = 10
_LONGEST = 10_000_000
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_FORM = (
    'Each line is {"prompt": "..."} or {"messages": [{"role": "user", "content": "..."}]}, all lines of a file alike; '
    "`output_tokens` is a number."
)


@dataclass(frozen=True)
class PromptLine:
    """One line: a text, or a chat."""

    number: int
    text: str | None
    messages: list[dict[str, Any]] | None
    output_tokens: int | None

    @property
    def is_single(self) -> bool:
        """Whether it is one message of a user, which the server can be asked as it is."""
        found = self.messages
        return (
            found is not None
            and len(found) == 1
            and found[0]["role"] == "user"
            and isinstance(found[0]["content"], str)
        )


def content_of(path: Path) -> bytes:
    """Return the content of a file of prompts.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as problem:
        raise SourceError(f"{path} cannot be read: {problem.strerror}. Name a file of prompts.") from problem


def lines_of(path: Path, content: bytes, *, answered: bool = False) -> list[PromptLine]:
    """Return the lines of a file that are not empty.

    Args:
        path: for messages to the user.
        content: of the file.
        answered: whether a chat may end with an answer.

    Raises:
        SourceError: it is no such file; names up to ten lines.
    """
    found: list[PromptLine] = []
    faults: list[str] = []
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.strip():
            try:
                found.append(_line(number, line, answered=answered))
            except ValueError as fault:
                faults.append(f"line {number}: {fault}")
    if not faults and len({line.messages is None for line in found}) > 1:
        faults.append("some lines are prompts and some are chats")
    if not faults and not found:
        faults.append("there is no prompt in it")
    if faults:
        more = [f"and {len(faults) - _SHOWN_FAULTS} more"] if len(faults) > _SHOWN_FAULTS else []
        shown = "\n  ".join([*faults[:_SHOWN_FAULTS], *more])
        raise SourceError(f"{path} is not a file of prompts:\n  {shown}\n{_FORM}")
    return found


def _line(number: int, line: bytes, *, answered: bool) -> PromptLine:
    """Return one line.

    Raises:
        ValueError: it is none; says why.
    """
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as problem:
        raise ValueError("no JSON") from problem
    if not isinstance(given, dict):
        raise ValueError("no object")  # noqa: TRY004 -- a fault of the file
    if _HALF_CHARACTER.search(json.dumps(given, ensure_ascii=False)):
        raise ValueError("half a character (a lone surrogate such as \\ud800), which no server can be sent")
    text, messages, tokens = given.get("prompt"), given.get("messages"), given.get("output_tokens")
    if tokens is not None and (not isinstance(tokens, int) or isinstance(tokens, bool) or not 0 < tokens <= _LONGEST):
        raise ValueError(f"`output_tokens` is no whole number from 1 to {_LONGEST}")
    if (text is None) == (messages is None):
        raise ValueError("either `prompt` or `messages` is needed")
    if messages is None and (not isinstance(text, str) or not text.strip()):
        raise ValueError("`prompt` is no text")
    if messages is not None:
        for wrong in _problems(messages, answered=answered):
            raise ValueError(wrong)
    return PromptLine(number, text, messages, tokens)


def _problems(messages: Any, *, answered: bool) -> Iterator[str]:
    if not isinstance(messages, list) or not messages:
        yield "`messages` is no list of messages"
        return
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            yield "a message has no role"
        elif not isinstance(message.get("content"), str | list):
            yield f"the message of the role {message['role']} has no content"
        elif not message["content"] or (isinstance(message["content"], str) and not message["content"].strip()):
            yield f"the message of the role {message['role']} is empty"
    if not answered and isinstance(messages[-1], dict) and messages[-1].get("role") == "assistant":
        yield "the last message is the assistant's, so there is nothing to answer"
