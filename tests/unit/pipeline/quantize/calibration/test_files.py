"""Local calibration files: read whole, or refused with file, line and what to change."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.base.errors import AwqctlError, RecipeError, SourceError
from pipeline.quantize.calibration import build_calibration
from pipeline.recipe.calibration import Calibration


class Characters:
    """A tokenizer whose tokens are characters."""

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """Return code points; special tokens must not be asked for."""
        assert not add_special_tokens
        return [ord(character) for character in text]


def first_letters(path: Path, **settings: str) -> list[str]:
    """Return the sorted first letters of the blocks of a file."""
    calibration = Calibration.model_validate({"source": path.name, "block_tokens": 16, **settings})
    made = build_calibration(calibration, path.parent, Characters(), path.parent)
    return sorted(chr(block[0]) for block in made.token_ids)


def write(path: Path, content: str) -> Path:
    """Write a text file."""
    path.write_text(content, encoding="utf-8")
    return path


def parquet(path: Path, **columns: list[object]) -> Path:
    """Write a Parquet file."""
    pq.write_table(pa.table(columns), path)
    return path


def test_text_file_is_split_at_blank_lines(tmp_path: Path) -> None:
    """Paragraphs of a .txt file are texts of their own."""
    assert first_letters(write(tmp_path / "a.txt", "a" * 16 + "\n\n" + "b" * 16)) == ["a", "b"]


def test_jsonl_column_is_read(tmp_path: Path) -> None:
    """Any key may hold the text; blank lines, a byte order mark and Windows line ends do no harm."""
    content = "\ufeff" + "\r\n".join([json.dumps({"body": "a" * 16}), "", json.dumps({"body": "b" * 16})])
    assert first_letters(write(tmp_path / "a.jsonl", content), column="body") == ["a", "b"]


@pytest.mark.parametrize("value", ["9" * 5_000, "[" * 100_000])
def test_json_that_python_gives_up_on(tmp_path: Path, value: str) -> None:
    """A number of thousands of digits and endless nesting are lines that are not JSON."""
    with pytest.raises(SourceError, match=r"line 1: not JSON"):
        first_letters(write(tmp_path / "a.jsonl", f'{{"text": {value}}}\n'))


def test_parquet_column_is_read(tmp_path: Path) -> None:
    """A Parquet file is read column by column; rows without a value are blank."""
    path = parquet(tmp_path / "a.parquet", body=["a" * 16, None, "b" * 16], other=[1, 2, 3])
    assert first_letters(path, column="body") == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"holds no text of its own \(0 rows"),
        ('{"text": "   "}\n{"text": null}\n', r"holds no text of its own \(2 rows, 2 of them blank\)"),
        ('{"body": "x"}\n', r"a\.jsonl, line 1: no text under 'text' \(found: body\)\. Set `column`"),
        ('{"text": "ok"}\nnonsense\n', r"a\.jsonl, line 2: not JSON \(Expecting value at column 1\)"),
        ('{"text": "ok"}\n\n{"text": "ok",}\n', r"a\.jsonl, line 3: not JSON \(.* at column 1[45]\)"),
        ('["text"]\n', r"a\.jsonl, line 1: a list, not an object"),
        ('{"text": {"a": 1}}\n', r"a\.jsonl, line 1: 'text' holds dict, not text"),
        ('{"text": "\\ud800 and more"}\n', r"a\.jsonl, line 1: the text holds half a character"),
    ],
)
def test_useless_jsonl_is_refused(tmp_path: Path, content: str, message: str) -> None:
    """A file that cannot calibrate is refused with the line and what to change."""
    with pytest.raises(SourceError, match=message):
        first_letters(write(tmp_path / "a.jsonl", content))


def test_useless_parquet_is_refused(tmp_path: Path) -> None:
    """A missing column is named with those that are there; other types and broken files are refused."""
    with pytest.raises(SourceError, match=r"a\.parquet: no text under 'text' \(found: body, number\)"):
        first_letters(parquet(tmp_path / "a.parquet", body=["x"], number=[1]))
    with pytest.raises(SourceError, match=r"a\.parquet, row 1: 'number' holds int, not text"):
        first_letters(parquet(tmp_path / "a.parquet", body=["x"], number=[1]), column="number")
    with pytest.raises(SourceError, match=r"b\.parquet is no readable Parquet file"):
        first_letters(write(tmp_path / "b.parquet", "no Parquet at all"))


def test_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """Latin-1 is not guessed at."""
    path = tmp_path / "a.txt"
    path.write_bytes("Grüße".encode("latin-1"))
    with pytest.raises(SourceError, match=r"cannot be read: .*Give UTF-8 text"):
        first_letters(path)


@pytest.mark.parametrize(
    ("name", "settings", "error", "message"),
    [
        ("absent.jsonl", {}, SourceError, r"there is no file absent\.jsonl"),
        ("absent.parquet", {}, SourceError, r"there is no file absent\.parquet"),
        ("a.csv", {}, SourceError, r"a\.csv is of an unknown kind.* \.jsonl, \.txt or \.parquet"),
        ("a.jsonl", {"config": "en", "split": "train"}, RecipeError, r"a\.jsonl has no config or split"),
        ("a.txt", {"column": "text"}, RecipeError, r"a\.txt has no column"),
        ("a.txt", {"messages": "chat"}, RecipeError, r"a\.txt has no messages"),
    ],
)
def test_keys_and_kinds_that_do_not_fit(
    tmp_path: Path, name: str, settings: dict[str, str], error: type[AwqctlError], message: str
) -> None:
    """A path is not mistaken for a data set, and no key is ignored in silence."""
    for existing in ("a.csv", "a.jsonl", "a.txt"):
        write(tmp_path / existing, "x" * 16)
    with pytest.raises(error, match=message):
        first_letters(tmp_path / name, **settings)
