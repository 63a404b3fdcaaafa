"""Prompts of a load: unique from their first words on, and the same for the same seed.

vLLM's own random prompts are runs of consecutive token ids: with a vocabulary of 4 096 two of 80 prompts are likely to
be the same one, and of 10 000 with 128 000 ids some 400 are, which a prefix cache then serves.
"""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from eval.bench.load.spec import LoadSpec
from eval.bench.load.words import Words
from pipeline.base.token_range import TokenRange


@dataclass(frozen=True)
class Prompt:
    """One request's text and length of answer."""

    text: str
    output_tokens: int
    tokens: int | None
    """Of the text; None where the server's tokenizer is not known."""
    after: int | None = None
    """Place in the load of the turn before it in its conversation, which has to be answered first; None of a first."""
    history_tokens: int = 0
    """That it begins with and that were sent before, in its conversation or in all of them."""


class Prompts(Protocol):
    """Where the prompts of loads come from."""

    @property
    def chat(self) -> bool:
        """Whether they are users' messages, which the server puts into its template."""

    def of(self, spec: LoadSpec) -> tuple[Prompt, ...]:
        """Return the prompts of a load, as many as it has requests.

        Raises:
            SourceError: there are not so many.
        """

    def identity(self, spec: LoadSpec) -> object:
        """Return what tells the prompts of a load from others for the same load, as a JSON-ready value."""


@dataclass(frozen=True)
class MadePrompts:
    """Made from words; the same for the same load."""

    words: Words

    @property
    def chat(self) -> bool:
        """They are texts."""
        return False

    def of(self, spec: LoadSpec) -> tuple[Prompt, ...]:
        """Return the prompts of a load."""
        return tuple(prompts(spec, spec.requests or 1, self.words))

    def identity(self, _spec: LoadSpec) -> object:
        """Return nothing: the load tells them."""
        return None


def prompts(spec: LoadSpec, requests: int, words: Words) -> Iterator[Prompt]:
    """Yield `requests` prompts; each begins with words that no other one of the same vocabulary begins with."""
    lengths = spec.input_tokens or TokenRange.fixed(1)
    draw = random.Random(spec.seed)  # noqa: S311 -- not cryptography
    order = list(words.words)
    draw.shuffle(order)
    digits = 2
    while len(order) ** digits < requests:
        digits += 1
    for number in draw.sample(range(len(order) ** digits), requests):
        inputs = draw.randint(lengths.low, lengths.high)
        outputs = draw.randint(spec.output_tokens.low, spec.output_tokens.high)
        count = max(inputs - words.around, 1)
        text = [*_in_words(number, digits, order), *draw.choices(order, k=count)][:count]
        yield Prompt(" ".join(text), outputs, words.tokens_of(text))


def _in_words(number: int, digits: int, order: Sequence[str]) -> list[str]:
    """Return a number as so many words."""
    base = len(order)
    return [order[number // base**place % base] for place in range(digits)]


def write_prompts(path: Path, made: Iterable[Prompt]) -> None:
    """Write prompts as the JSONL that the client reads."""
    with path.open("w", encoding="utf-8") as stream:
        for prompt in made:
            stream.write(json.dumps({"prompt": prompt.text, "output_tokens": prompt.output_tokens}) + "\n")
