"""Conversations replayed: each turn of a user is a request with all that was said before, as the file has it.

The load client sends requests in the order of its file, each when one of those under way is answered, and knows of no
turns. So the turns of a conversation lie more requests apart than are ever under way: twice as many conversations and
a few take turns. That every turn was sent after the answer to the one before is checked by the client's details of each
request. What a server has in its prefix cache is then the conversation so far without its own last answer, whose place
the file's answer takes: a little less than users would find there.
"""

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eval.bench.load.endpoint_result import PromptsFile
from eval.bench.load.own_prompts import FilePrompts, chat_text, tokens_of
from eval.bench.load.prompt_lines import PromptLine, content_of, lines_of
from eval.bench.load.prompts import Prompt
from eval.bench.load.spec import LoadSpec
from pipeline.base.errors import SourceError
from pipeline.models.tokenizer import Tokenizer

_USER = "user"
_SPARE = 4
"""Conversations beside twice the concurrency: the client starts requests that come together in any order."""


@dataclass(frozen=True)
class Turn:
    """One question of a conversation, with what was said before."""

    text: str
    tokens: int
    history_tokens: int
    """Of the turn before, which this one begins with, and of a first one what all conversations begin with, such as
    their instructions; 0 where the template rewrites what was said."""
    output_tokens: int | None


Conversation = tuple[Turn, ...]


class Conversations(FilePrompts):
    """Different chats of a file, of which each turn of a user is a request; none is given to two loads."""

    def __init__(self, path: Path, *, seed: int, tokenizer: Tokenizer | None) -> None:
        """Read the file, in an order drawn by the seed.

        Args:
            path: of the file.
            seed: of the order, and of answers' lengths.
            tokenizer: the model's, which has the template of chats.

        Raises:
            SourceError: it cannot be read, has no chats of several turns, or there is no template.
        """
        content = content_of(path)
        super().__init__(path, content)
        lines = lines_of(path, content, answered=True)
        found = [_turns(line, f"{path}, line {line.number}", tokenizer) for line in lines]
        self._conversations = _begun_alike(list(dict.fromkeys(found)), tokenizer)
        if max(map(len, self._conversations)) == 1:
            raise SourceError(f"{path} has no conversation of two turns of a user. Leave multi-turn out.")
        random.Random(seed).shuffle(self._conversations)  # noqa: S311 -- not cryptography

    @property
    def chat(self) -> bool:
        """They are texts, in the model's template."""
        return False

    @property
    def count(self) -> int:
        """Return how many different conversations there are."""
        return len(self._conversations)

    @property
    def described(self) -> PromptsFile:
        """Return what a result says of them."""
        return super().described.model_copy(update={"turns": sum(map(len, self._conversations))})

    def of(self, spec: LoadSpec) -> tuple[Prompt, ...]:
        """Return the turns of a load, in the order in which they are sent.

        Raises:
            SourceError: there are too few conversations.
        """
        start = self._place(spec)
        found = tuple(replayed(self._conversations[start:], spec.requests or 1, _width(spec)))
        if len(found) < (spec.requests or 1):
            raise SourceError(
                f"{self.name} has {self.count} different conversations, and the loads take more: each has its own, and "
                f"{_width(spec)} take turns at {spec.level}. Add conversations, or ask for fewer requests."
            )
        draw = random.Random(spec.seed)  # noqa: S311 -- not cryptography
        low, high = spec.output_tokens.low, spec.output_tokens.high
        return tuple(
            Prompt(
                turn.text,
                turn.output_tokens or draw.randint(low, high),
                turn.tokens,
                after=before,
                history_tokens=turn.history_tokens,
            )
            for turn, before in found
        )

    def _taken(self, spec: LoadSpec, start: int) -> int:
        """Return how many conversations a load begins; more than there are, where there are too few."""
        found = list(replayed(self._conversations[start:], spec.requests or 1, _width(spec)))
        begun = sum(before is None for _, before in found)
        return begun if len(found) == (spec.requests or 1) else self.count + 1


def replayed(conversations: Sequence[Conversation], requests: int, width: int) -> Iterator[tuple[Turn, int | None]]:
    """Yield turns in the order in which they are sent, each with the place of the one before it in its conversation.

    Args:
        conversations: that are begun in this order.
        requests: how many turns; fewer come where the conversations do not suffice.
        width: how many conversations take turns; it is kept to the end, so that no turn follows too soon.
    """
    fresh, waiting = iter(conversations), deque[tuple[deque[Turn], int | None]]()
    for place in range(requests):
        if len(waiting) < width:
            conversation = next(fresh, None)
            if conversation is None:
                return
            turns, before = deque(conversation), None
        else:
            turns, before = waiting.popleft()
        yield turns.popleft(), before
        if turns:
            waiting.append((turns, place))


def _begun_alike(conversations: list[Conversation], tokenizer: Tokenizer | None) -> list[Conversation]:
    """Return conversations whose first turns know what all of them begin with."""
    if len(conversations) == 1 or tokenizer is None:
        return conversations
    texts = [first.text for first, *_ in conversations]
    least, most = min(texts), max(texts)
    same = next((place for place, pair in enumerate(zip(least, most, strict=False)) if pair[0] != pair[1]), len(least))
    alike = least[:same]
    tokens = tokens_of(alike, tokenizer) if alike else 0
    return [(replace(first, history_tokens=tokens), *rest) for first, *rest in conversations]


def _width(spec: LoadSpec) -> int:
    return 2 * (spec.concurrency or 1) + _SPARE


def _turns(line: PromptLine, where: str, tokenizer: Tokenizer | None) -> Conversation:
    """Return the turns of a conversation.

    Raises:
        SourceError: it is no chat with a turn of a user, or there is no template.
    """
    messages = line.messages
    ends = [place for place, one in enumerate(messages or ()) if one["role"] == _USER]
    if messages is None or not ends:
        raise SourceError(f"{where}: a conversation has `messages`, and a turn of a user among them.")
    turns: list[Turn] = []
    for end in ends:
        text = chat_text(messages[: end + 1], where, tokenizer)
        before = turns[-1] if turns else None
        turns.append(
            Turn(
                text,
                tokens_of(text, tokenizer) if tokenizer else 0,
                before.tokens if before and text.startswith(before.text) else 0,
                line.output_tokens,
            )
        )
    return tuple(turns)
