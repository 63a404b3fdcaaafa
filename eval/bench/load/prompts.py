"""Prompts of a load: unique from their first words on, and the same for the same seed.

vLLM's own random prompts are runs of consecutive token ids: with a vocabulary of 4 096 two of 80 prompts are likely to
be the same one, and of 10 000 with 128 000 ids some 400 are, which a prefix cache then serves.
"""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.bench.load.spec import LoadSpec
from pipeline.base.errors import SourceError

_COMMON = """\
time year people way day man thing woman life child world school state family student group country problem
hand part place case week company system program question work government number night point home water room
mother area money story fact month lot right study book eye job word business issue side kind head house
service friend father power hour game line end member law car city community name president team minute idea
kid body information back parent face others level office door health person art war history party result
change morning reason research girl guy moment air teacher force education foot boy age policy music market
sense nation plan college interest death experience effect use class control field development role effort
rate heart drug show leader light voice wife police mind price report decision son view relationship town road
arm difference value building action season society tax director position player record paper space ground
form event official matter center couple site project activity star table need court oil situation cost
industry figure street image phone data picture practice piece land product doctor wall patient worker news
test movie north love
"""
"""English words that are one token each, with the space before them, in the vocabularies of today's models."""
_FEWEST = 64
_MOST = 2_048
_WORD_LETTERS = 3
_SPACES = "Ġ▁ "
"""How vocabularies write the space before a word."""


@dataclass(frozen=True)
class Prompt:
    """One request's text and length of answer."""

    text: str
    output_tokens: int
    tokens: int | None
    """Of the text; None where the server's tokenizer is not known."""


@dataclass(frozen=True)
class Words:
    """What prompts are made of."""

    words: tuple[str, ...]
    """Each one token, with the space before it, or about one."""
    around: int = 0
    """Tokens that the tokenizer puts around every text."""
    tokens_in: Callable[[str], int] | None = None
    """Tokens of a text as the server counts them; None where its tokenizer is not known."""
    one_each: bool = False
    """Whether each word was seen to be one token."""

    def tokens_of(self, text: Sequence[str]) -> int | None:
        """Return the tokens of words that are put together; None where they cannot be told."""
        if self.one_each:
            return len(text) + self.around
        return self.tokens_in(" ".join(text)) if self.tokens_in else None


COMMON = Words(tuple(_COMMON.split()))
"""For a server whose tokenizer is not known: about one token a word."""


def words_of(tokenizer_file: Path) -> Words:
    """Return words that are one token each for the tokenizer in a `tokenizer.json`.

    Raises:
        SourceError: it cannot be read.
    """
    from tokenizers import Tokenizer  # noqa: PLC0415 -- only where a tokenizer is named

    try:
        tokenizer = Tokenizer.from_file(str(tokenizer_file))
    except Exception as problem:  # the library raises the bare class
        raise SourceError(
            f"{tokenizer_file} cannot be read as a tokenizer: {problem}. Name a folder with a whole tokenizer.json."
        ) from problem
    return words_from(tokenizer.get_vocab(), lambda text: len(tokenizer.encode(text).ids))


def words_from(vocabulary: Iterable[str], tokens_in: Callable[[str], int]) -> Words:
    """Return words that are one token each.

    Args:
        vocabulary: all tokens.
        tokens_in: tokens of a text as a server counts them, those around it included.
    """
    around = tokens_in("")
    texts = sorted(token for token in vocabulary if isinstance(token, str))  # some have bytes
    whole = tuple(_single_tokens(texts, lambda text: tokens_in(text) - around))
    enough = len(whole) >= _FEWEST
    return Words(whole if enough else COMMON.words, around, tokens_in, one_each=enough)


def _single_tokens(vocabulary: Sequence[str], tokens_in: Callable[[str], int]) -> Iterator[str]:
    """Yield words of lower-case letters that stay one token each however they are put together."""
    candidates = [token.lstrip(_SPACES) for token in vocabulary if token.startswith(tuple(_SPACES))]
    plain = [word for word in candidates if word.isascii() and word.isalpha() and word.islower()]
    for word in [word for word in plain if len(word) >= _WORD_LETTERS][:_MOST]:
        if tokens_in(f"{word} {word} {word}") == 3:  # noqa: PLR2004 -- one each
            yield word


def prompts(spec: LoadSpec, requests: int, words: Words) -> Iterator[Prompt]:
    """Yield `requests` prompts; each begins with words that no other one of the same vocabulary begins with."""
    draw = random.Random(spec.seed)  # noqa: S311 -- not cryptography
    order = list(words.words)
    draw.shuffle(order)
    digits = 2
    while len(order) ** digits < requests:
        digits += 1
    for number in draw.sample(range(len(order) ** digits), requests):
        inputs = draw.randint(spec.input_tokens.low, spec.input_tokens.high)
        outputs = draw.randint(spec.output_tokens.low, spec.output_tokens.high)
        count = max(inputs - words.around, 1)
        text = [*_in_words(number, digits, order), *draw.choices(order, k=count)][:count]
        yield Prompt(" ".join(text), outputs, words.tokens_of(text))


def _in_words(number: int, digits: int, order: Sequence[str]) -> list[str]:
    """Return a number as so many words."""
    base = len(order)
    return [order[number // base**place % base] for place in range(digits)]


def write_prompts(path: Path, made: Iterator[Prompt]) -> None:
    """Write prompts as the JSONL that the client reads."""
    with path.open("w", encoding="utf-8") as stream:
        for prompt in made:
            stream.write(json.dumps({"prompt": prompt.text, "output_tokens": prompt.output_tokens}) + "\n")
