"""A tokenizer for a model that came without one: as many words as its embedding has rows, each one token.

Speed does not depend on what the tokens mean. Every id of the model is a word here, so that every answer can be
written down, and a server spends on text what it would spend with a real vocabulary of that size.
"""

import json
from collections.abc import Iterator
from itertools import count, islice, product
from pathlib import Path
from string import ascii_lowercase
from typing import Any

from pipeline.base.errors import SourceError

_SPACE = "\u2581"
_UNKNOWN = "<unk>"
_TRIED = "sum"
_FEWEST = 64
"""Words that prompts are made of, at least."""


def write_stand_in_tokenizer(folder: Path, vocabulary_size: int) -> None:
    """Write the files of a tokenizer with so many tokens into a model's folder.

    Raises:
        SourceError: that is too few for prompts that differ.
    """
    if vocabulary_size < _FEWEST:
        raise SourceError(
            f"config.json says vocab_size {vocabulary_size}; prompts that differ need {_FEWEST} at least. Correct it, "
            f"or put the model's tokenizer beside it."
        )
    words = islice(_words(), vocabulary_size - 1)
    vocabulary = {_UNKNOWN: 0} | {f"{_SPACE}{word}": number for number, word in enumerate(words, 1)}
    space = {"type": "Metaspace", "replacement": _SPACE, "prepend_scheme": "always", "split": True}
    tokenizer: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": space,
        "post_processor": None,
        "decoder": space,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": _UNKNOWN},
    }
    about = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": _UNKNOWN, "model_max_length": 10**9}
    for name, document in {"tokenizer.json": tokenizer, "tokenizer_config.json": about}.items():
        (folder / name).write_text(json.dumps(document), encoding="utf-8")


def _words() -> Iterator[str]:
    """Yield different words of small letters; the first one stands in the sentence that tokenizers are tried on."""
    yield _TRIED
    for length in count(len(_TRIED)):
        yield from (word for letters in product(ascii_lowercase, repeat=length) if (word := "".join(letters)) != _TRIED)
