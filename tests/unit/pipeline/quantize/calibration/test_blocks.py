"""Calibration text becomes blocks of exact length, mixed by weight, each text once."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.errors import MissingStageError, SourceError
from pipeline.quantize.calibration import (
    CalibrationSet,
    build_calibration,
    calibration_identity,
    calibration_texts,
    read_calibration,
)
from pipeline.recipe.calibration import Calibration


class Characters:
    """A tokenizer whose tokens are characters."""

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """Return code points; special tokens must not be asked for."""
        assert not add_special_tokens
        return [ord(character) for character in text]

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool, clean_up_tokenization_spaces: bool) -> str:
        """Return the characters; special tokens must be left out, spaces as they are."""
        assert (skip_special_tokens, clean_up_tokenization_spaces) == (True, False)
        return "".join(map(chr, token_ids))


def build(folder: Path, **settings: Any) -> CalibrationSet:
    """Build from files in `folder` with small blocks."""
    values = {"blocks": 4, "block_tokens": 16, **settings}
    return build_calibration(Calibration.model_validate(values), folder, Characters(), folder)


def texts(calibration: CalibrationSet) -> list[str]:
    """Return the blocks as text."""
    return ["".join(map(chr, block)) for block in calibration.token_ids]


def write(folder: Path, name: str, *rows: str) -> str:
    """Write one JSONL row per text; return the file's name."""
    (folder / name).write_text("".join(json.dumps({"text": text}) + "\n" for text in rows))
    return name


def test_long_texts_are_cut_not_dropped(tmp_path: Path) -> None:
    """A text longer than a block fills several blocks, in order."""
    text = "".join(chr(97 + number % 26) for number in range(70))
    made = build(tmp_path, source=write(tmp_path, "a.jsonl", text))
    assert texts(made) == [text[start : start + 16] for start in (0, 16, 32, 48)]


def test_short_texts_are_joined(tmp_path: Path) -> None:
    """Texts shorter than a block are joined, nothing between them; a rest that fills no block is left out."""
    made = build(tmp_path, source=write(tmp_path, "a.jsonl", *[f"{number:05}" for number in range(10)]))
    assert [len(block) for block in texts(made)] == [16, 16, 16]
    joined = "".join(texts(made))
    assert len({joined[start : start + 5] for start in range(0, 45, 5)}) == 9


def test_same_seed_same_blocks(tmp_path: Path) -> None:
    """The order of texts depends on the seed alone."""
    source = write(tmp_path, "a.jsonl", *[letter * 16 for letter in "abcdefgh"])
    assert build(tmp_path, source=source) == build(tmp_path, source=source)
    assert build(tmp_path, source=source).token_ids != build(tmp_path, source=source, seed=1).token_ids


def test_sources_are_mixed_by_weight(tmp_path: Path) -> None:
    """Each source gives its share of the blocks, and each block comes from one source."""
    first = write(tmp_path, "a.jsonl", *[f"a{number:015}" for number in range(20)])
    second = write(tmp_path, "b.jsonl", *[f"b{number:015}" for number in range(20)])
    made = build(tmp_path, sources=[{"source": first, "weight": 3}, {"source": second}], blocks=8)
    assert [text[0] for text in texts(made)] == list("aaaaaabb")
    assert made.block_sources == (0, 0, 0, 0, 0, 0, 1, 1)
    assert [(source.blocks, source.share) for source in made.facts.sources] == [(6, 0.75), (2, 0.25)]
    assert made.facts.title == "a.jsonl (75 %), b.jsonl (25 %)"


def test_a_source_that_runs_out_is_reported_and_not_replaced(tmp_path: Path) -> None:
    """The other source keeps its own share; the warning says what is missing."""
    short = write(tmp_path, "short.jsonl", "s" * 16, "t" * 20)
    long = write(tmp_path, "long.jsonl", *[f"a{number:015}" for number in range(20)])
    made = build(tmp_path, sources=[{"source": short}, {"source": long}], blocks=10)
    assert [(source.blocks_wanted, source.blocks) for source in made.facts.sources] == [(5, 2), (5, 5)]
    assert (made.facts.blocks_wanted, made.facts.blocks) == (10, 7)
    assert [source.share for source in made.facts.sources] == [2 / 7, 5 / 7]
    (warning,) = made.facts.warnings()
    assert "short.jsonl fills 2 blocks of 16 tokens, 5 were asked for" in warning


def test_nothing_is_reported_where_nothing_is_missing(tmp_path: Path) -> None:
    """Full blocks need no warning."""
    assert build(tmp_path, source=write(tmp_path, "a.jsonl", "x" * 64)).facts.warnings() == []


def test_duplicates_are_left_out_and_counted(tmp_path: Path) -> None:
    """Texts that differ in white space alone are the same; the first one read is used as it stands."""
    rows = ["one two three 456", " one  two\nthree 456\t", "One two three 456", "one two three 456", "  "]
    made = build(tmp_path, source=write(tmp_path, "a.jsonl", *rows))
    (facts,) = made.facts.sources
    counts = (facts.texts_read, facts.texts_used, facts.texts_duplicate, facts.texts_blank)
    assert counts == (5, 2, 2, 1)
    assert (made.facts.blocks, "".join(texts(made)).lower().count("one")) == (2, 2)


def test_a_text_of_one_source_is_no_text_of_the_next(tmp_path: Path) -> None:
    """Sources that share texts do not weigh them twice."""
    first = write(tmp_path, "a.jsonl", "a" * 16, "b" * 16)
    second = write(tmp_path, "b.jsonl", "b" * 16, "c" * 16, "a" * 16)
    made = build(tmp_path, sources=[{"source": first}, {"source": second}])
    assert sorted(texts(made)) == ["a" * 16, "b" * 16, "c" * 16]
    assert [source.texts_duplicate for source in made.facts.sources] == [0, 2]


def test_a_source_of_duplicates_alone_is_refused(tmp_path: Path) -> None:
    """It would take no part in the mixture although it has a weight."""
    first, second = write(tmp_path, "a.jsonl", "a" * 16), write(tmp_path, "b.jsonl", "a" * 16)
    message = r"b\.jsonl holds no text of its own \(1 rows, 0 of them blank, 1 of them given before\)"
    with pytest.raises(SourceError, match=message):
        build(tmp_path, sources=[{"source": first}, {"source": second}])


def test_too_little_text_is_refused(tmp_path: Path) -> None:
    """Less than one block calibrates nothing."""
    with pytest.raises(SourceError, match="less than one block of 16 tokens"):
        build(tmp_path, source=write(tmp_path, "a.jsonl", "short"))


def test_what_was_used_is_stored_and_read_back(tmp_path: Path) -> None:
    """The artifact holds the very token ids and tells source, counts, seed and tokenizer."""
    (tmp_path / "tokenizer.json").write_text("{}")
    source = write(tmp_path, "a.jsonl", "x" * 40)
    made = build(tmp_path, source=source, seed=7)
    path = tmp_path / "calibration.json"
    path.write_text(made.model_dump_json())
    stored = json.loads(path.read_text())
    assert read_calibration(path) == made
    assert stored["token_ids"] == [[120] * 16] * 2
    ids = json.dumps(stored["token_ids"], separators=(",", ":")).encode()
    assert stored["facts"]["token_ids_sha256"] == hashlib.sha256(ids).hexdigest()
    assert stored["facts"]["seed"] == 7
    assert stored["facts"]["tokenizer"] == {
        "kind": "Characters",
        "files": {"tokenizer.json": hashlib.sha256(b"{}").hexdigest()},
    }
    digest = hashlib.sha256((tmp_path / source).read_bytes()).hexdigest()
    assert stored["facts"]["sources"][0]["identity"] == f"a.jsonl:{digest}"


@pytest.mark.parametrize("content", [None, '{"token_ids": [[1]]}'])
def test_unreadable_stored_calibration_asks_for_a_new_one(tmp_path: Path, content: str | None) -> None:
    """Neither a lost file nor one of an earlier version passes for calibration data."""
    path = tmp_path / "calibration.json"
    if content:
        path.write_text(content)
    with pytest.raises(MissingStageError, match="awqctl quantize RECIPE --force"):
        read_calibration(path)


def test_stored_blocks_become_text_without_cuts(tmp_path: Path) -> None:
    """The blocks of a source are joined again, so that words at block ends stay whole."""
    first = write(tmp_path, "a.jsonl", "".join(chr(97 + number % 26) for number in range(40)))
    second = write(tmp_path, "b.jsonl", "z" * 32)
    made = build(tmp_path, sources=[{"source": first}, {"source": second}])
    assert calibration_texts(made, Characters()) == ["abcdefghijklmnopqrstuvwxyzabcdef", "z" * 32]


def test_identity_follows_every_source(tmp_path: Path) -> None:
    """A changed file, or a changed file of a folder, is another calibration; a data set is known by its name."""
    write(tmp_path, "a.jsonl", "a")
    (tmp_path / "folder").mkdir()
    write(tmp_path / "folder", "b.jsonl", "b")
    calibration = Calibration.model_validate(
        {"sources": [{"source": "a.jsonl"}, {"source": "folder"}, {"source": "org/name"}]}
    )
    before = calibration_identity(calibration, tmp_path)
    assert before.endswith(" org/name")
    write(tmp_path / "folder", "b.jsonl", "c")
    after = calibration_identity(calibration, tmp_path)
    assert after != before
    write(tmp_path, "a.jsonl", "d")
    assert calibration_identity(calibration, tmp_path) != after


def test_packaged_text_has_enough_for_the_default(tmp_path: Path) -> None:
    """The text that ships fills the default number of blocks."""
    settings = Calibration(source="packaged:demo")
    assert build_calibration(settings, tmp_path, Characters(), tmp_path).facts.blocks == settings.blocks
