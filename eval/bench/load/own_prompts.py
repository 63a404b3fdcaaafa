"""The client's own prompts: a JSONL file of texts or of chats.

The load client sends one message of a user and no history, so a chat of more than that is put into the model's own
template here and sent as text.
"""

import hashlib
import random
from collections.abc import Iterable
from pathlib import Path

from eval.bench.load.endpoint_result import PromptsFile
from eval.bench.load.prompt_lines import PromptLine, content_of, lines_of
from eval.bench.load.prompts import Prompt, Prompts
from eval.bench.load.spec import LoadSpec
from pipeline.base.errors import SourceError
from pipeline.models.chats import ChatRenderer
from pipeline.models.tokenizer import Tokenizer


class FilePrompts(Prompts):
    """Prompts of a file, of which every load has a place of its own; the same load gets the same ones again.

    Attributes:
        name: of the file.
        sha256: of its content.
    """

    def __init__(self, path: Path, content: bytes) -> None:
        self.name, self.sha256 = path.name, hashlib.sha256(content).hexdigest()
        self._places: dict[int, int] = {}
        self._next = 0

    @property
    def count(self) -> int:
        """Return how many different prompts, or conversations, there are."""
        raise NotImplementedError

    @property
    def described(self) -> PromptsFile:
        """Return what a result says of them."""
        return PromptsFile(name=self.name, sha256=self.sha256, count=self.count, repeated_between_loads=self.repeats)

    @property
    def repeats(self) -> bool:
        """Whether something was given to more than one load."""
        return False

    @property
    def reserved(self) -> int:
        """Return how many of them the loads take that have a place."""
        return self._next

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

    def _place(self, spec: LoadSpec) -> int:
        if spec.seed not in self._places:
            self._places[spec.seed] = self._next
            self._next += self._taken(spec, self._next)
        return self._places[spec.seed]

    def _taken(self, spec: LoadSpec, start: int) -> int:
        """Return how many of them a load takes that begins there."""
        raise NotImplementedError


class OwnPrompts(FilePrompts):
    """Prompts of a file, each given out once until all were."""

    def __init__(self, path: Path, *, seed: int, tokenizer: Tokenizer | None) -> None:
        """Read the file, in an order drawn by the seed.

        Args:
            path: of the file.
            seed: of the order, and of answers' lengths.
            tokenizer: the model's, that counts tokens and has the template of chats; None where it is not known.

        Raises:
            SourceError: it cannot be read; names up to ten lines. Or chats need a template that is not there.
        """
        content = content_of(path)
        super().__init__(path, content)
        lines = lines_of(path, content)
        self._chat = all(line.is_single for line in lines)
        self._tokenizer = None if self._chat else tokenizer
        texts = {self._text(line, path, tokenizer): line.output_tokens for line in lines}
        self._prompts = list(texts.items())
        random.Random(seed).shuffle(self._prompts)  # noqa: S311 -- not cryptography
        self._last = 0

    @property
    def chat(self) -> bool:
        """Whether they are users' messages, which the server puts into its template."""
        return self._chat

    @property
    def count(self) -> int:
        """Return how many different prompts there are."""
        return len(self._prompts)

    @property
    def repeats(self) -> bool:
        """Whether a prompt was given to more than one load."""
        return self._last > self.count

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

    def _taken(self, spec: LoadSpec, start: int) -> int:  # noqa: ARG002 -- as many wherever it begins
        return spec.requests or 1

    def _tokens(self, text: str) -> int | None:
        return tokens_of(text, self._tokenizer) if self._tokenizer else None

    def _text(self, line: PromptLine, path: Path, tokenizer: Tokenizer | None) -> str:
        if line.messages is None:
            return line.text or ""
        if self._chat:
            return str(line.messages[0]["content"])
        return chat_text(line.messages, f"{path}, line {line.number}", tokenizer)


def chat_text(messages: object, where: str, tokenizer: Tokenizer | None) -> str:
    """Return a chat in the model's template, its answer begun.

    Raises:
        SourceError: there is no template, or it refuses the messages.
    """
    if tokenizer is None or getattr(tokenizer, "chat_template", None) is None:
        raise SourceError(
            f"{where}: a chat of more than a user's message is put into the model's template here, because the load "
            f"client sends no history. Give the folder of a tokenizer that has a chat template, or single messages of "
            f"users."
        )
    text = ChatRenderer(tokenizer, awaits_answer=True).text(messages, where, "messages")
    # The server puts one in front of every text.
    return text.removeprefix(str(getattr(tokenizer, "bos_token", None) or ""))


def tokens_of(text: str, tokenizer: Tokenizer) -> int:
    """Return the tokens of a text as a server counts them."""
    return len(tokenizer.encode(text, add_special_tokens=True))
