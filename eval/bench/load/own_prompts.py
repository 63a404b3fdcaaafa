"""The client's own prompts: a JSONL file of texts or of chats.

A line is `{"prompt": "..."}` or `{"messages": [{"role": ..., "content": ...}]}`, with `output_tokens` where its answer
is to have a length of its own. The load client sends one message of a user and no history, so a chat of more than that
is put into the model's own template here and sent as text.
"""

import hashlib
import json
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.bench.load.endpoint_result import PromptsFile
from eval.bench.load.prompts import Prompt
from eval.bench.load.spec import LoadSpec
from pipeline.base.errors import SourceError
from pipeline.models.chats import ChatRenderer
from pipeline.models.tokenizer import Tokenizer

_SHOWN_FAULTS = 10
_LONGEST = 10_000_000
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_FORM = (
    'Each line is {"prompt": "..."} or {"messages": [{"role": "user", "content": "..."}]}, all lines of a file alike; '
    "`output_tokens` is a number."
)


@dataclass(frozen=True)
class _Line:
    number: int
    text: str | None
    messages: list[dict[str, Any]] | None
    output_tokens: int | None


class OwnPrompts:
    """Prompts of a file, each given out once until all were; the same load gets the same ones again.

    Attributes:
        name: of the file.
        sha256: of its content.
    """

    def __init__(self, path: Path, *, seed: int, tokenizer: Tokenizer | None) -> None:
        """Read the file, in an order drawn by the seed.

        Args:
            path: of the file.
            seed: of the order, and of answers' lengths.
            tokenizer: the model's, that counts tokens and has the template of chats; None where it is not known.

        Raises:
            SourceError: it cannot be read; names up to ten lines. Or chats need a template that is not there.
        """
        content = _content(path)
        lines = _lines(path, content)
        self.name, self.sha256 = path.name, hashlib.sha256(content).hexdigest()
        self._chat = all(_is_single(line.messages) for line in lines)
        self._tokenizer = None if self._chat else tokenizer
        texts = {self._text(line, path, tokenizer): line.output_tokens for line in lines}
        self._prompts = list(texts.items())
        random.Random(seed).shuffle(self._prompts)  # noqa: S311 -- not cryptography
        self._places: dict[int, int] = {}
        self._next = self._last = 0

    @property
    def chat(self) -> bool:
        """Whether they are users' messages, which the server puts into its template."""
        return self._chat

    @property
    def described(self) -> PromptsFile:
        """Return what a result says of them."""
        return PromptsFile(name=self.name, sha256=self.sha256, count=self.count, repeated_between_loads=self.repeats)

    @property
    def count(self) -> int:
        """Return how many different prompts there are."""
        return len(self._prompts)

    def of(self, spec: LoadSpec) -> tuple[Prompt, ...]:
        """Return the prompts of a load; by its seed it is known again.

        Raises:
            SourceError: there are not so many.
        """
        requests = spec.requests or 1
        if requests > self.count:
            raise SourceError(
                f"{self.name} has {self.count} different prompts, and the load takes {requests}. Add prompts, or "
                f"ask for fewer requests."
            )
        start = self._place(spec)
        self._last = max(self._last, start + requests)
        draw = random.Random(spec.seed)  # noqa: S311 -- not cryptography
        chosen = [self._prompts[number % self.count] for number in range(start, start + requests)]
        low, high = spec.output_tokens.low, spec.output_tokens.high
        return tuple(Prompt(text, length or draw.randint(low, high), self._tokens(text)) for text, length in chosen)

    def reserve(self, certain: Iterable[LoadSpec], possible: Iterable[LoadSpec] = ()) -> None:
        """Give loads their places in this order, in whatever order they are offered, and if ever.

        What is made after a kill, or for one arm alone, has the same prompts as it would have had.

        Args:
            certain: that are offered in any case.
            possible: whose places begin where those end, as do those of loads that are not named here: of other
                servers.
        """
        for spec in certain:
            self._place(spec)
        end = self._next
        for spec in possible:
            self._place(spec)
        self._next = end

    def identity(self, spec: LoadSpec) -> object:
        """Return the file, and the load's place in it."""
        return [self.sha256, self._place(spec)]

    @property
    def repeats(self) -> bool:
        """Whether a prompt was given to more than one load."""
        return self._last > self.count

    def _place(self, spec: LoadSpec) -> int:
        if spec.seed not in self._places:
            self._places[spec.seed] = self._next
            self._next += spec.requests or 1
        return self._places[spec.seed]

    def _tokens(self, text: str) -> int | None:
        return len(self._tokenizer.encode(text, add_special_tokens=True)) if self._tokenizer else None

    def _text(self, line: _Line, path: Path, tokenizer: Tokenizer | None) -> str:
        if line.messages is None:
            return line.text or ""
        if self._chat:
            return str(line.messages[0]["content"])
        if tokenizer is None or getattr(tokenizer, "chat_template", None) is None:
            raise SourceError(
                f"{path}, line {line.number}: a chat of more than a user's message is put into the model's template "
                f"here, because the load client sends no history. Give the folder of a tokenizer that has a chat "
                f"template, or single messages of users."
            )
        text = ChatRenderer(tokenizer, awaits_answer=True).text(
            line.messages, f"{path}, line {line.number}", "messages"
        )
        # The server puts one in front of every text.
        return text.removeprefix(str(getattr(tokenizer, "bos_token", None) or ""))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise SourceError(f"{path} cannot be read: {problem.strerror}. Name a file of prompts.") from problem


def _lines(path: Path, content: bytes) -> list[_Line]:
    found: list[_Line] = []
    faults: list[str] = []
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.strip():
            try:
                found.append(_line(number, line))
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


def _line(number: int, line: bytes) -> _Line:
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
        for wrong in _problems(messages):
            raise ValueError(wrong)
    return _Line(number, text, messages, tokens)


def _problems(messages: Any) -> Iterator[str]:
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
    if isinstance(messages[-1], dict) and messages[-1].get("role") == "assistant":
        yield "the last message is the assistant's, so there is nothing to answer"


def _is_single(messages: list[dict[str, Any]] | None) -> bool:
    return (
        messages is not None
        and len(messages) == 1
        and messages[0]["role"] == "user"
        and isinstance(messages[0]["content"], str)
    )
