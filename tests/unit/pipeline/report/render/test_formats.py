"""The registry of formats: one name for each, rendered to bytes by what it names."""

from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import pytest

from pipeline.recipe.report import Format
from pipeline.report.document import ReportDocument
from pipeline.report.render.formats import FORMATS, FileFormat, formats_in, in_order

pytestmark = pytest.mark.whole

BEGINNINGS = {"html": b"<!doctype html>", "pdf": b"%PDF-", "pptx": b"PK", "xlsx": b"PK", "json": b"{"}


def test_every_format_of_a_recipe_has_a_renderer() -> None:
    """What a recipe may name is what there is, in one order."""
    assert tuple(FORMATS) == get_args(Format)
    assert [one.file for one in FORMATS.values()] == [f"report.{name}" for name in FORMATS]


@pytest.mark.parametrize("one", FORMATS.values(), ids=FORMATS)
def test_every_format_renders_the_whole_report(one: FileFormat, report: ReportDocument) -> None:
    """To bytes that begin as such files do, the same for the same document."""
    if find_spec(f"pipeline.report.render.{one.renderer.partition(':')[0]}") is None:
        pytest.skip(f"{one.renderer} is not there")
    made = one.render(report)
    assert made.startswith(BEGINNINGS.get(one.name, b""))
    assert len(made) > 1000
    assert made == one.render(report)


def test_formats_of_a_folder_are_those_with_a_file(tmp_path: Path) -> None:
    """Other files there are none."""
    for name in ("report.pdf", "report.html", "model_card.md", "report.txt"):
        (tmp_path / name).touch()
    assert formats_in(tmp_path) == ("html", "pdf")
    assert formats_in(tmp_path / "nowhere") == ()


def test_formats_come_once_and_in_one_order() -> None:
    """However they were named."""
    assert [one.name for one in in_order(("json", "pdf", "json", "html"))] == ["html", "pdf", "json"]
