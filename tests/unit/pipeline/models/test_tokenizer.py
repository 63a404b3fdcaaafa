"""Tokenizers that can be loaded here, and those that cannot."""

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.base.errors import SourceError
from pipeline.models import packaged_model
from pipeline.models.tokenizer import load_tokenizer

FILE = "tokenizer.json"


def sentencepiece(folder: Path) -> None:
    """Write a `tokenizer.model` of sentencepiece: special pieces, all bytes, some letters."""

    def field(number: int, data: bytes) -> bytes:
        return bytes([number << 3 | 2, len(data)]) + data

    special = [("<unk>", 2), ("<s>", 3), ("</s>", 3)]
    pieces = [*special, *((f"<0x{byte:02X}>", 6) for byte in range(256)), *((letter, 1) for letter in "▁etaoin")]
    model = b"".join(field(1, field(1, text.encode()) + b"\x15\0\0\0\0" + bytes([24, kind])) for text, kind in pieces)
    (folder / "tokenizer.model").write_bytes(model + field(2, bytes([24, 2, 0x98, 2, 1])))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "LlamaTokenizer"}))


def ranks(folder: Path) -> None:
    """Write a `tokenizer.model` of tiktoken: every byte and its rank."""
    lines = (f"{base64.b64encode(bytes([byte])).decode()} {byte}\n" for byte in range(256))
    (folder / "tokenizer.model").write_text("".join(lines))


@pytest.mark.parametrize("write", [sentencepiece, ranks])
def test_a_tokenizer_without_tokenizer_json(tmp_path: Path, write: Callable[[Path], None]) -> None:
    """It is made of what there is."""
    write(tmp_path)
    assert len(load_tokenizer(tmp_path).encode("tea at nine", add_special_tokens=False)) > 3


def vocabulary(folder: Path) -> None:
    """Write `vocab.json` without its merges."""
    known = json.loads((packaged_model() / FILE).read_text())["model"]["vocab"]
    (folder / "vocab.json").write_text(json.dumps(known))


def cut_off(folder: Path) -> None:
    """Write the first half of a `tokenizer.json`."""
    text = (packaged_model() / FILE).read_text()
    (folder / FILE).write_text(text[: len(text) // 2])


def of_nothing(folder: Path) -> None:
    """Write a `tokenizer.json` that holds no tokens."""
    document = json.loads((packaged_model() / FILE).read_text())
    document["model"] |= {"vocab": {}, "merges": []}
    (folder / FILE).write_text(json.dumps(document | {"added_tokens": []}))


@pytest.mark.parametrize(
    "write",
    [vocabulary, cut_off, of_nothing, lambda folder: (folder / FILE).write_text("{}")],
    ids=("vocabulary", "cut off", "of nothing", "empty"),
)
def test_a_tokenizer_that_cannot_be_loaded(tmp_path: Path, write: Callable[[Path], None]) -> None:
    """Refused in a sentence that names tokenizer.json, whatever the libraries raise."""
    write(tmp_path)
    with pytest.raises(SourceError, match=r"tokenizer\.json"):
        load_tokenizer(tmp_path)


def test_a_configuration_that_cannot_be_read_is_not_the_tokenizer_s_fault(tmp_path: Path) -> None:
    """Transformers reads config.json on the way to the tokenizer."""
    shutil.copy(packaged_model() / FILE, tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama", "hidden_size": "wide"}))
    with pytest.raises(SourceError, match=r"config\.json cannot be read .*hidden_size"):
        load_tokenizer(tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    """A path that is not there is not looked up on the hub."""
    with pytest.raises(SourceError, match="There is no folder"):
        load_tokenizer(tmp_path / "none")


def test_the_packaged_one(tmp_path: Path) -> None:
    """A copy is loaded from its files alone."""
    shutil.copy(packaged_model() / FILE, tmp_path)
    assert load_tokenizer(tmp_path).encode("def", add_special_tokens=False)
