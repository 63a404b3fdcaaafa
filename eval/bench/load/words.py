"""Words that prompts are made of: one token each for the model, where its tokenizer is known."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pipeline.models.tokenizer import Vocabulary, load_tokenizer

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


def words_of(folder: Path, *, trust_remote_code: bool = False) -> Words:
    """Return words that are one token each for the tokenizer in a folder: a model's, or a `tokenizer.json` alone.

    Raises:
        SourceError: it cannot be loaded.
    """
    tokenizer = cast("Vocabulary", load_tokenizer(folder, trust_remote_code=trust_remote_code))
    return words_from(tokenizer.get_vocab(), lambda text: len(tokenizer.encode(text, add_special_tokens=True)))


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
