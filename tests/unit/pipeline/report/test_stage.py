"""The stage `report`: which files it writes, whole or not at all, and from the record alone."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import pytest

from pipeline.base.errors import MissingStageError, RecipeError
from pipeline.cli.common import open_recorded
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RECORD, RunRecord, save_record
from pipeline.report import stage as report_stage
from pipeline.report.document import ReportDocument
from pipeline.report.template import read_template
from pipeline.run.folder import recipe_origin
from tests.helpers import RecordingReporter, invoke
from tests.unit.pipeline.report.render.logos import SVG, picture

pytestmark = pytest.mark.whole

Make = Callable[..., Recipe]
MakeRun = Callable[..., RunRecord]


def asking(make_recipe: Make, **report: object) -> Recipe:
    """Return a recipe whose section `report` asks for this."""
    return make_recipe(report={"title": "A report", **report})


def written(folder: Path) -> ReportDocument:
    """Return the document that a report's folder holds."""
    return ReportDocument.model_validate_json((folder / "report" / "report.json").read_text(encoding="utf-8"))


def test_the_formats_asked_for_are_written_and_those_there_renewed(
    tmp_path: Path, make_recipe: Make, make_run: MakeRun, context: RunContext
) -> None:
    """So that all files of a folder say the same."""
    first = report_stage.run(asking(make_recipe, formats=["pdf", "json"]), context, make_run())
    assert set(first.artifacts) >= {"report_pdf", "report_json"}
    assert "report_html" not in first.artifacts
    stale = (tmp_path / "report" / "report.pdf").read_bytes()
    second = report_stage.run(asking(make_recipe, formats=["html"], client="Another"), context, make_run())
    assert set(second.artifacts) >= {"report_pdf", "report_json", "report_html"}
    assert (tmp_path / "report" / "report.pdf").read_bytes() != stale
    assert written(tmp_path).cover.client == "Another"


def test_a_renderer_that_fails_leaves_the_last_report(
    tmp_path: Path, make_recipe: Make, make_run: MakeRun, context: RunContext
) -> None:
    """Whole or not at all, whatever fails; here the logo is gone."""
    report_stage.run(asking(make_recipe), context, make_run())
    before = {path: path.read_bytes() for path in (tmp_path / "report").rglob("*") if path.is_file()}
    with pytest.raises(RecipeError, match=r"report\.brand\.logo: there is no file"):
        report_stage.run(asking(make_recipe, brand={"logo": "nowhere.png"}), context, make_run())
    assert {path: path.read_bytes() for path in (tmp_path / "report").rglob("*") if path.is_file()} == before


def test_nothing_measured_is_nothing_to_report(make_recipe: Make, make_record: MakeRun, context: RunContext) -> None:
    """The command that makes something is named."""
    recipe = make_recipe()
    with pytest.raises(MissingStageError, match="awqctl run"):
        report_stage.run(recipe, context, make_record(recipe))


def test_the_logo_is_copied_and_serves_when_the_original_is_gone(
    tmp_path: Path, make_recipe: Make, make_run: MakeRun, context: RunContext
) -> None:
    """The report is self-contained, and so is the folder of the run."""
    original = tmp_path / "ours.svg"
    original.write_text(SVG, encoding="utf-8")
    recipe = asking(make_recipe, brand={"name": "Ours", "logo": "ours.svg", "colour": "#ffcc00"})
    reporter = RecordingReporter()
    outcome = report_stage.run(recipe, replace(context, reporter=reporter), make_run())
    assert outcome.artifacts["logo"] == "report/logo.svg"
    assert "contrast of 1.5:1" in reporter.warnings[0]
    original.unlink()
    report_stage.run(recipe, context, make_run())
    brand = written(tmp_path).brand
    assert brand is not None
    assert brand.logo is not None
    assert brand.logo.content == SVG.encode()
    assert brand.colour != "#ffcc00"


@pytest.mark.parametrize(
    ("content", "said"), [(b"GIF89a", "no picture"), (b"\x89PNG\r\n\x1a\n" + b"0" * 300_000, "larger than 256 KiB")]
)
def test_a_file_that_is_no_logo_is_refused(
    tmp_path: Path, make_recipe: Make, make_run: MakeRun, context: RunContext, content: bytes, said: str
) -> None:
    """With the key, the path and what to do."""
    (tmp_path / "logo.png").write_bytes(content)
    with pytest.raises(RecipeError, match=rf"report\.brand\.logo: .*logo\.png .*{said}.* Give "):
        report_stage.run(asking(make_recipe, brand={"logo": "logo.png"}), context, make_run())


def test_a_changed_logo_or_template_is_noticed(
    tmp_path: Path, make_recipe: Make, make_run: MakeRun, context: RunContext
) -> None:
    """Their content is part of what the report depends on; the formats are not."""
    (tmp_path / "logo.png").write_bytes(picture("png"))
    recipe, record = asking(make_recipe, brand={"logo": "logo.png"}), make_run()
    identify = report_stage.STAGE.files["the logo"]
    before = identify(recipe, context, record)
    (tmp_path / "logo.png").write_bytes(picture("jpeg"))
    assert before != identify(recipe, context, record)
    assert identify(asking(make_recipe), context, record) is None
    settings = report_stage.STAGE.settings
    assert settings(asking(make_recipe)) == settings(asking(make_recipe, formats=["pdf"]))
    assert settings(asking(make_recipe)) != settings(asking(make_recipe, client="Another"))
    assert report_stage.STAGE.outputs(asking(make_recipe, formats=["pdf"])) == (
        "report/report.pdf",
        "report/evidence.json",
    )


def test_a_template_must_be_a_presentation(tmp_path: Path) -> None:
    """What is none, is too large or is not there is refused."""
    assert read_template(None, tmp_path) is None
    (tmp_path / "a.pptx").write_bytes(b"no archive")
    with pytest.raises(RecipeError, match="no PowerPoint file"):
        read_template("a.pptx", tmp_path)
    with pytest.raises(RecipeError, match="there is no file"):
        read_template("b.pptx", tmp_path)


def recorded(folder: Path, record: RunRecord, *overrides: str) -> tuple[Recipe, RunContext]:
    """Return the recipe and the context of a folder's record."""
    folder.mkdir(exist_ok=True)
    save_record(record, folder / RECORD)
    with click.Context(click.Command("report")).scope():
        session = open_recorded(folder, overrides, quiet=True)
    return session.recipe, session.context


def test_the_record_is_enough(tmp_path: Path, make_run: MakeRun) -> None:
    """The recipe's file is gone: its text stands in the record, and keys of it can still be overridden."""
    record = make_run().model_copy(update={"recipe_origin": str(tmp_path / "gone" / "mine.yaml")})
    recipe, context = recorded(tmp_path / "out", record, "report.client=Another")
    report_stage.run(recipe, context, record)
    document = written(tmp_path / "out")
    assert document.cover.client == "Another"
    assert context.recipe_file == tmp_path / "gone" / "mine.yaml"


def test_a_recipe_that_ships_keeps_its_name(tmp_path: Path, make_run: MakeRun) -> None:
    """So that the record says afterwards what it said before, also of one that ships no more."""
    for origin, found in (("packaged:demo", "packaged:demo"), ("packaged:gone", None)):
        _, context = recorded(tmp_path / origin, make_run().model_copy(update={"recipe_origin": origin}))
        assert recipe_origin(context.recipe_file) == found


def test_a_folder_can_be_moved(tmp_path: Path, make_run: MakeRun) -> None:
    """What is in the record is written where the folder is now, with or without an origin."""
    record = make_run()
    recorded(tmp_path / "out", record)
    shutil.move(tmp_path / "out", tmp_path / "elsewhere")
    recipe, context = recorded(tmp_path / "elsewhere", record)
    assert (context.recipe_file, context.recipe_dir) == (None, tmp_path / "elsewhere")
    report_stage.run(recipe, context, record)
    assert written(tmp_path / "elsewhere").date == written(tmp_path / "elsewhere").cover.facts[0].text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "docx"), "'docx' is no format of a report. Choose from html, pdf, pptx, xlsx, md, csv, json"),
        (("--format", ","), "no format is named"),
        (("--format", "html", "--out", "x"), "--out goes with a recipe"),
    ],
)
def test_wrong_usage_says_what_is_right(
    tmp_path: Path, make_run: MakeRun, arguments: tuple[str, ...], said: str
) -> None:
    """Before anything is read or written."""
    save_record(make_run(), tmp_path / RECORD)
    answer = invoke("report", tmp_path, *arguments)
    assert answer.exit_code == 2
    assert said in " ".join(answer.output.split())


def test_a_folder_without_a_record_is_no_run(tmp_path: Path) -> None:
    """It is told from a recipe that is not there."""
    answer = invoke("report", tmp_path)
    assert "has no record.json" in str(answer.exception)


def test_keys_of_the_section_are_validated(make_recipe: Make) -> None:
    """Colours are hexadecimal, currencies have three letters, and at least one format is asked for."""
    for wrong in ({"brand": {"colour": "red"}}, {"formats": []}, {"formats": ["docx"]}, {"language": "fr"}):
        with pytest.raises(ValueError, match="report"):
            asking(make_recipe, **wrong)
    currency = {"code": "EUR", "per_usd": 0.92, "source": "ECB", "date": "2026-11-27"}
    assert json.loads(asking(make_recipe, currency=currency).model_dump_json())["report"]["currency"] == currency
