"""Calibration text through the real `datasets`, streaming: folders of files, and what goes wrong with them."""

import json
import random
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.base.errors import SourceError
from pipeline.models import packaged_model
from pipeline.quantize.calibration import CalibrationSet, build_calibration
from pipeline.recipe.calibration import Calibration


class Words:
    """A tokenizer that gives each word its length, and a chat template of one line."""

    chat_template = "{{ messages }}"

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """Return the lengths of the words; special tokens must not be asked for."""
        assert not add_special_tokens
        return [len(word) for word in text.split()]

    def apply_chat_template(
        self, conversation: list[dict[str, Any]], *, tools: object, tokenize: bool, add_generation_prompt: bool
    ) -> str:
        """Return role and content of each message."""
        assert not tokenize
        assert not add_generation_prompt
        assert not tools
        return "\n".join(f"{message['role']} {message['content']}" for message in conversation)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the lock files of `datasets` out of the user's cache."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder for data files beside the recipe."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def text(number: int) -> str:
    """Return a text of its own, 16 words."""
    return f"number {number:06} " * 8


def build(data: Path, **settings: Any) -> CalibrationSet:
    """Build four small blocks from the folder."""
    values = {"source": data.name, "blocks": 4, "block_tokens": 16, **settings}
    return build_calibration(Calibration.model_validate(values), data.parent, Words(), packaged_model())


def jsonl(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows as JSONL."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_folder_of_jsonl_files(data: Path) -> None:
    """All files of the folder are one data set; the same seed draws the same texts, another one others."""
    for file in range(3):
        jsonl(data / f"{file}.jsonl", [{"body": f"{'x' * row} y " * 8} for row in range(file * 10, file * 10 + 10)])
    made = build(data, column="body")
    assert made.facts.blocks == 4
    assert made.token_ids == build(data, column="body").token_ids
    assert made.token_ids != build(data, column="body", seed=1).token_ids
    assert (made.facts.sources[0].split, made.facts.sources[0].texts_read) == ("train", 4)


def test_splits_come_from_the_file_names(data: Path) -> None:
    """`datasets` finds them; the split of the recipe chooses."""
    jsonl(data / "train.jsonl", [{"text": "a b " * 32}])
    jsonl(data / "test.jsonl", [{"text": "aaa bbb " * 32}])
    assert [build(data, split=split).token_ids[0][0] for split in ("train", "test")] == [1, 3]


def test_chats_of_a_folder_of_parquet_files(data: Path) -> None:
    """A column of messages is rendered."""
    chat = [{"role": "user", "content": "one two " * 40}]
    pq.write_table(pa.table({"chat": [chat], "image": [b"no text"]}), data / "a.parquet")
    made = build(data, messages="chat")
    assert made.token_ids[0][:3] == (4, 3, 3)
    assert made.facts.sources[0].is_chat


def test_streaming_stops_when_the_blocks_are_full(data: Path) -> None:
    """Row groups beyond what is needed are not read: here they are destroyed, and nobody notices."""
    path = data / "a.parquet"
    pq.write_table(pa.table({"text": [text(number) for number in range(20_000)]}), path, row_group_size=1000)
    groups = pq.ParquetFile(path).metadata
    start = groups.row_group(4).column(0).dictionary_page_offset
    end = start + sum(groups.row_group(at).column(0).total_compressed_size for at in range(4, 20))
    raw = bytearray(path.read_bytes())
    raw[start:end] = random.Random(0).randbytes(end - start)  # noqa: S311 -- rubbish, not a secret
    path.write_bytes(raw)
    assert build(data).facts.sources[0].texts_read == 4
    with pytest.raises(SourceError, match=r"Calibration folder .*data, split train: "):
        build(data, blocks=19_000)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"split": "test"}, r"Bad split: test\. Available splits: \['train'\]"),
        ({"config": "en"}, r"configuration en, split train: .*Available: \['default'\]"),
        ({"column": "body"}, r"no text under 'body' \(found: text, number\)\. Set `column`"),
        ({"column": "number"}, r"'number' holds int, not text"),
        ({"messages": "text"}, r"'text' holds no chat"),
    ],
)
def test_settings_that_do_not_fit_the_folder(data: Path, settings: dict[str, str], message: str) -> None:
    """The words of `datasets`, as a wrong source, with what there is."""
    jsonl(data / "a.jsonl", [{"text": text(number), "number": number} for number in range(9)])
    with pytest.raises(SourceError, match=message):
        build(data, **settings)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "data, split train: .*contain any data files.* Give a folder"),
        ({"a.jsonl": "nonsense\n"}, "data, split train: .*JSON parse error"),
        ({"dataset_dict.json": "{}"}, "data was written by save_to_disk"),
        (
            {"a.jsonl": "{}", "b.jsonl": "{}", "c.txt": "x"},
            r"data holds \.jsonl and \.txt files, of which only one kind",
        ),
    ],
)
def test_folders_that_are_no_data_set(data: Path, files: dict[str, str], message: str) -> None:
    """Empty, broken, or of a layout that `datasets` would take for rows or read in part."""
    for name, content in files.items():
        (data / name).write_text(content)
    with pytest.raises(SourceError, match=message):
        build(data)


def test_a_file_format_is_no_data_set(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`datasets` would read every JSON file of the working directory."""
    jsonl(data / "a.jsonl", [{"text": text(0)}])
    monkeypatch.chdir(data)
    with pytest.raises(SourceError, match="json is a file format, not a data set"):
        build(data, source="json")


def test_a_folder_goes_before_a_data_set_of_the_same_name(data: Path) -> None:
    """As for models: what lies beside the recipe is meant."""
    folder = data / "org" / "name"
    folder.mkdir(parents=True)
    jsonl(folder / "a.jsonl", [{"text": "x " * 64}])
    settings = Calibration(source="org/name", blocks=4, block_tokens=16)
    made = build_calibration(settings, data, Words(), packaged_model())
    assert made.token_ids == ((1,) * 16,) * 4
