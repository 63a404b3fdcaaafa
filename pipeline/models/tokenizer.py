"""What calibration needs of a tokenizer: text to ids and back."""

import hashlib
from pathlib import Path
from traceback import extract_tb
from typing import Protocol, cast

from pipeline.base.errors import AwqctlError, SourceError
from pipeline.base.results import Result
from pipeline.models.trust import read_config

_FILES = (
    *("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "vocab.txt", "merges.txt", "chat_template.jinja", "chat_template.json"),
)

_PROBE = "The sum of 3 and 4 is 7."
_REASON = 160
_REMEDY = (
    "A whole tokenizer.json is needed beside the weights: make it with `AutoTokenizer.from_pretrained(...)"
    ".save_pretrained(...)` where the model's tokenizer loads, or copy the tokenizer's files again."
)


class TokenizerIdentity(Result):
    """Which tokenizer made the token ids."""

    kind: str
    """Class of the transformers library."""
    files: dict[str, str]
    """SHA-256 of each tokenizer file and chat template of the model's folder, by name."""


class Tokenizer(Protocol):
    """What is needed of a transformers tokenizer."""

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """Return the token ids of `text`."""


class Vocabulary(Tokenizer, Protocol):
    """What is needed to hold a tokenizer against an embedding."""

    def get_vocab(self) -> dict[str, int]:
        """Return the ids of all tokens, added ones included."""


class Decoder(Protocol):
    """What is needed to read token ids again."""

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool, clean_up_tokenization_spaces: bool) -> str:
        """Return the text of `token_ids`."""


def load_tokenizer(folder: Path, *, trust_remote_code: bool = False) -> Tokenizer:
    """Return the tokenizer of a checkpoint; code that comes with it runs only when it is trusted.

    Raises:
        SourceError: it cannot be loaded, or makes no tokens of a plain sentence.
    """
    from transformers import AutoTokenizer  # noqa: PLC0415 -- seconds of import, only here

    if not folder.is_dir():  # transformers would take the path for a hub id
        raise SourceError(f"There is no folder {folder} with a tokenizer. Give the folder of the model.")
    for name in _FILES:
        if name.endswith(".json") and (folder / name).is_file():
            read_config(folder / name)  # its message names the file, unlike the library's
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            str(folder), trust_remote_code=trust_remote_code, local_files_only=True
        )
        ids = tokenizer.encode(_PROBE, add_special_tokens=False)
    except AwqctlError:  # a signal
        raise
    except Exception as problem:  # broad: tokenizers raises the bare class, a model's code anything
        reason = " ".join(str(problem).split())[:_REASON] or type(problem).__name__
        if _is_of_configuration(problem):
            raise SourceError(
                f"{folder / 'config.json'} cannot be read ({reason}). Correct that key in a copy of the model."
            ) from problem
        raise SourceError(f"The tokenizer of {folder} cannot be loaded ({reason}). {_REMEDY}") from problem
    if not set(ids) - {tokenizer.unk_token_id}:
        raise SourceError(f"The tokenizer of {folder} makes no tokens of {_PROBE!r}: it is not whole. {_REMEDY}")
    return cast("Tokenizer", tokenizer)


def _is_of_configuration(problem: Exception) -> bool:
    """Return whether reading config.json failed, which transformers does before it looks at the tokenizer's files."""
    return any(Path(frame.filename).name.startswith("configuration_") for frame in extract_tb(problem.__traceback__))


def token_ids(tokenizer: Vocabulary) -> dict[int, str]:
    """Return the tokens that text can become, by id: all of the vocabulary, and what is put around every text."""
    around = tokenizer.encode(_PROBE, add_special_tokens=True)
    return dict.fromkeys(around, "a token around every text") | {
        number: token for token, number in tokenizer.get_vocab().items()
    }


def tokenizer_identity(tokenizer: Tokenizer, folder: Path) -> TokenizerIdentity:
    """Return what tells one tokenizer from another: its class and the sums of its files in the model's folder."""
    files = [folder / name for name in _FILES if (folder / name).is_file()]
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return TokenizerIdentity(kind=type(tokenizer).__name__, files=sums)
