"""Calibration text becomes blocks of exact length."""

import json
from pathlib import Path

import pytest

from pipeline.errors import SourceError
from pipeline.quantize.calibration import calibration_blocks
from pipeline.recipe.models import Calibration


class Characters:
    """A tokenizer whose tokens are characters."""

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """Return code points; special tokens must not be asked for."""
        assert not add_special_tokens
        return [ord(character) for character in text]


def blocks(source: Path, **settings: object) -> list[list[int]]:
    """Cut a file with small blocks."""
    values = {"blocks": 4, "block_tokens": 16, **settings}
    return calibration_blocks(
        Calibration.model_validate({"source": str(source), **values}), source.parent, Characters()
    )


def jsonl(tmp_path: Path, *texts: str) -> Path:
    """Write one row per text."""
    path = tmp_path / "text.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


def test_long_texts_are_cut_not_dropped(tmp_path: Path) -> None:
    """A text longer than a block fills several blocks, in order."""
    text = "".join(chr(97 + number % 26) for number in range(70))
    assert blocks(jsonl(tmp_path, text)) == [[ord(c) for c in text[i : i + 16]] for i in (0, 16, 32, 48)]


def test_short_texts_are_joined(tmp_path: Path) -> None:
    """Texts shorter than a block are joined; every block has the exact length."""
    made = blocks(jsonl(tmp_path, *["12345"] * 10))
    assert [len(block) for block in made] == [16, 16, 16]


def test_same_seed_same_blocks(tmp_path: Path) -> None:
    """The order of texts depends on the seed alone."""
    path = jsonl(tmp_path, *[letter * 16 for letter in "abcdefgh"])
    assert blocks(path) == blocks(path)
    assert blocks(path) != blocks(path, seed=1)


def test_text_file_is_split_at_blank_lines(tmp_path: Path) -> None:
    """Paragraphs of a .txt file are texts of their own."""
    path = tmp_path / "text.txt"
    path.write_text("a" * 16 + "\n\n" + "b" * 16)
    assert sorted(block[0] for block in blocks(path)) == [ord("a"), ord("b")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no text"),
        ('{"text": "   "}\n', "holds no text"),
        ('{"text": "short"}\n', "less than one block of 16 tokens"),
        ('{"body": "x"}\n', "line 1: no text under 'text'"),
        ('{"text": "ok"}\nnonsense\n', "line 2: not JSON"),
    ],
)
def test_useless_files_are_refused(tmp_path: Path, content: str, message: str) -> None:
    """A file that cannot calibrate is refused with the line and what to change."""
    path = tmp_path / "text.jsonl"
    path.write_text(content)
    with pytest.raises(SourceError, match=message):
        blocks(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A path that is not there is not mistaken for a data set."""
    with pytest.raises(SourceError, match="there is no file"):
        blocks(tmp_path / "absent.jsonl")


def test_packaged_text_has_enough_for_the_default(tmp_path: Path) -> None:
    """The text that ships fills the default number of blocks."""
    settings = Calibration(source="packaged:demo")
    assert len(calibration_blocks(settings, tmp_path, Characters())) == settings.blocks
