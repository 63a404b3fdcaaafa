"""The record as a file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.base.errors import UsageError
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord, load_record, save_record

TITLE = "5 € für Łódź"


def test_the_record_is_utf8(
    tmp_path: Path, make_recipe: Callable[..., Recipe], make_record: Callable[..., RunRecord]
) -> None:
    """What is written is read again as it was."""
    record = make_record(make_recipe(report={"title": TITLE}))
    save_record(record, tmp_path / "record.json")
    assert (TITLE in (tmp_path / "record.json").read_bytes().decode(), load_record(tmp_path / "record.json")) == (
        True,
        record,
    )


@pytest.mark.parametrize(("encoding", "title"), [("latin-1", "Größe"), ("cp1252", "5 €"), ("koi8-r", "отчёт")])
def test_a_record_in_another_encoding_is_read(
    tmp_path: Path,
    make_recipe: Callable[..., Recipe],
    make_record: Callable[..., RunRecord],
    encoding: str,
    title: str,
) -> None:
    """An early version wrote in the machine's encoding; the figures hold even where its name is not known here."""
    record = make_record(make_recipe(report={"title": title}))
    (tmp_path / "record.json").write_bytes(record.model_dump_json(indent=2).encode(encoding))
    found = load_record(tmp_path / "record.json")
    assert found is not None
    assert found.environment == record.environment
    assert encoding == "koi8-r" or found.recipe["report"]["title"] == title


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"{\xff", b"[" * 100_000, b'{"schema_version": ' + b"9" * 5_000 + b"}"]
)
def test_what_is_no_record_is_refused(tmp_path: Path, content: bytes) -> None:
    """Half a file, another one, and what Python itself gives up on."""
    (tmp_path / "record.json").write_bytes(content)
    with pytest.raises(UsageError, match="is not a record this version reads"):
        load_record(tmp_path / "record.json")
