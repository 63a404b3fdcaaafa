"""The three renderings of a report: self-contained, equal in content, and safe against hostile text."""

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from eval.accuracy.result import EvalResult, TaskScore
from eval.bench.result import BenchResult
from pipeline.base.format import (
    as_given,
    at_least,
    certainty,
    change,
    extent,
    number,
    p_value,
    ratio,
    recovery,
    share,
    size,
    tiny,
    usd,
    usd_as_given,
)
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord
from pipeline.report import stage as report_stage
from pipeline.report.document import ReportDocument
from pipeline.report.render.html import to_html
from pipeline.report.render.json import to_json
from pipeline.report.render.markdown import markdown_text, to_markdown
from serve.result import ServeResult, SmokeCheck
from tests.unit.pipeline.report.documents import report_of

pytestmark = pytest.mark.whole

HOSTILE = '<script>alert("x")</script> | [a](http://evil.example/) & \' "'


def test_html_fetches_nothing(report: ReportDocument) -> None:
    """No element, style or script of the page can reach the network; its only scripts are the calculator's."""
    html = to_html(report)

    assert "http://" not in html
    assert "https://" not in html
    assert "@import" not in html
    assert html.count("<script") == (2 if report.pricing else 0)
    assert set(re.findall(r'(?:src|href)="([^"#][^"]*)"', html)) == {"data:,"}
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]+)\)", html))


def test_ids_are_unique_and_references_resolve(report: ReportDocument) -> None:
    """Charts inlined in one page share no id, and every internal reference has its target."""
    html = to_html(report)
    ids = re.findall(r'\bid="([^"]+)"', html)

    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", html)) <= set(ids)


def test_every_chart_has_a_spoken_alternative(report: ReportDocument) -> None:
    """Eleven charts, each an image with a label that says what it shows."""
    html = to_html(report)

    assert html.count("<svg") == 11
    assert len(re.findall(r'role="img" aria-label="[^"]{30,}"', html)) == 11


def test_all_renderings_hold_the_same_figures(report: ReportDocument) -> None:
    """Each cell of each table stands in the HTML, the Markdown and the JSON."""
    html, markdown, document = to_html(report), to_markdown(report), json.loads(to_json(report))

    cells = [cell.text for section in report.sections for table in section.tables for row in table.rows for cell in row]
    in_json = {
        cell["text"]
        for section in document["sections"]
        for table in section["tables"]
        for row in table["rows"]
        for cell in row
    }

    assert len(cells) > 200
    assert [text for text in cells if markdown_text(text) not in markdown] == []
    shown = unescape(re.sub("<wbr>|</?code>", "", html))
    assert [text for text in cells if text.replace("`", "") not in shown] == []
    assert set(cells) == in_json


@pytest.mark.usefixtures("no_charts")
def test_markdown_tables_are_rectangular(
    make_run: Callable[..., RunRecord], make_recipe: Callable[..., Recipe]
) -> None:
    """Each row of a Markdown table has as many cells as its heading, hostile text included."""
    recipe = make_recipe(report={"client": HOSTILE, "title": "a|b\nc"})
    blocks = re.findall(r"(?:^\|.*\n)+", to_markdown(report_of(make_run(recipe=recipe))), re.MULTILINE)

    assert len(blocks) > 12
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1, block


def test_json_validates_and_keeps_unrounded_values(report: ReportDocument) -> None:
    """The JSON reads back into the same document, charts with their series, with unrounded figures."""
    document = json.loads(to_json(report))

    assert document["schema_version"] == 3
    assert ReportDocument.model_validate(document) == report
    assert document["key_figures"][1]["value"] == 268.4 / 262.0


def test_equal_input_gives_equal_output(
    report: ReportDocument, make_run: Callable[..., RunRecord], endpoint: ServeResult
) -> None:
    """Nothing in the report depends on the clock or on chance."""
    again = report_of(make_run(endpoint=endpoint))

    assert to_html(again) == to_html(report)
    assert to_json(again) == to_json(report)


def test_hostile_text_is_escaped(
    make_run: Callable[..., RunRecord],
    make_recipe: Callable[..., Recipe],
    make_task: Callable[..., TaskScore],
    make_accuracy: Callable[..., EvalResult],
) -> None:
    """Text from a recipe never becomes markup."""
    recipe = make_recipe(report={"client": HOSTILE, "title": HOSTILE, "prepared_by": HOSTILE})
    recipe = recipe.model_copy(update={"roi_or_none": recipe.roi.model_copy(update={"machine": HOSTILE})})
    bad = make_task("</text><script>alert(1)</script> $x^", 0.9, 0.8, 0.01)
    report = report_of(make_run(recipe=recipe, accuracy=make_accuracy(bad)))
    html, markdown = to_html(report), to_markdown(report)

    assert html.count("<script") == (2 if report.pricing else 0)
    assert "<script>alert" not in html
    assert 'href="http' not in html
    assert "&lt;script&gt;" in html
    assert "<script" not in markdown.replace("\\<", "")
    assert re.search(r"(?<!\\)\]\(http", markdown) is None


def test_tables_name_their_raw_files(report: ReportDocument) -> None:
    """Every table with figures names files; many files of one folder are counted."""
    tables = [table for section in report.sections for table in section.tables]

    assert all(table.sources for table in tables)
    assert any("bench/raw/ (6 files)" in table.sources for table in tables)


def test_single_concurrency_renders(make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]) -> None:
    """A sweep of one point draws every chart but that of what lies between points."""
    bench = make_bench(baseline={8: 200.0}, awq={8: 400.0}, repeats=1)

    assert to_html(report_of(make_run(bench=bench))).count("<svg") == 10


def test_free_machines_and_failed_checks_still_render(
    make_run: Callable[..., RunRecord],
    make_recipe: Callable[..., Recipe],
    make_task: Callable[..., TaskScore],
    make_accuracy: Callable[..., EvalResult],
    endpoint: ServeResult,
) -> None:
    """Zero prices, lower-is-better metrics and failed checks do not break the page."""
    recipe = make_recipe()
    free = recipe.roi.model_copy(
        update={"hourly": recipe.roi.hourly.model_copy(update={"usd": 0.0}), "engagement": None}
    )
    task = make_task("perplexity", 8.1, 8.3, 0.0).model_copy(
        update={
            "higher_is_better": False,
            "delta_stderr": None,
            "flips_to_wrong": None,
            "loss": 0.2,
            "passed": False,
        }
    )
    failed = endpoint.model_copy(
        update={"checks": (SmokeCheck(name="TLS", passed=False, detail="refused", seconds=0.1),)}
    )
    record = make_run(
        recipe=recipe.model_copy(update={"roi_or_none": free}), accuracy=make_accuracy(task), endpoint=failed
    )

    html = to_html(report_of(record))

    assert "1 of 1 endpoint check failed." in html
    assert "not reached" in html


def test_report_stage_writes_its_files_and_the_charts(
    tmp_path: Path, make_run: Callable[..., RunRecord], make_recipe: Callable[..., Recipe], context: RunContext
) -> None:
    """The stage publishes HTML, Markdown, JSON and JUnit XML and names them; each chart is an SVG file in words."""
    recipe, record = make_recipe(), make_run()

    outcome = report_stage.run(recipe, context, record)

    names = {f"report/report.{suffix}" for suffix in ("html", "md", "json")}
    assert set(outcome.artifacts.values()) == {
        *(*names, "report/gates.xml", "report/charts", "report/evidence.json"),
    }
    assert all((tmp_path / path).stat().st_size > 5000 for path in names)
    for chart in (chart for section in report_of(record).sections for chart in section.charts):
        drawn = ET.parse(tmp_path / "report" / "charts" / f"{chart.id}.svg").getroot()  # noqa: S314 -- ours
        title, description = drawn[0], drawn[1]
        assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
        assert (title.text, description.text) == (chart.title, chart.alternative)


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("set `engine.max_model_len` of a_b", "set `engine.max_model_len` of a\\_b"),
        ("`a*b` and `c|d` | e", "`a*b` and `c\\|d` \\| e"),
        ("one ` backtick_", "one \\` backtick\\_"),
        ("a ``fence`` of two", "a \\`\\`fence\\`\\` of two"),
        ("\\ [x](y) <b> #", "\\\\ \\[x\\](y) \\<b\\> \\#"),
    ],
)
def test_markdown_escapes_words_and_leaves_code_as_it_is(text: str, markdown: str) -> None:
    """A backslash between backticks would be shown; a backtick without a partner must not begin code."""
    assert markdown_text(text) == markdown


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (number(1234.56), "1,235"),
        (number(12.345), "12.3"),
        (number(0.012345), "0.0123"),
        (number(-2.5), "\N{MINUS SIGN}2.50"),
        (number(0), "0"),
        (change(0.00001), "0.0000"),
        (change(-0.0051), "\N{MINUS SIGN}0.0051"),
        (change(0.0051), "+0.0051"),
        (ratio(1.616), "1.62\N{MULTIPLICATION SIGN}"),
        (extent(58.4, 116.8, usd), "58.40\N{EN DASH}117 USD"),
        (extent(-58.4, 58.4, usd), "\N{MINUS SIGN}58.40 \N{EN DASH} 58.40 USD"),
        (extent(0, 0.0, usd), "0 USD"),
        (extent(0.954, 1.1, ratio), "0.95\N{EN DASH}1.10\N{MULTIPLICATION SIGN}"),
        (extent(100, 120, "{:.0f} requests a day".format), "100\N{EN DASH}120 requests a day"),
        (usd(17520), "17,520 USD"),
        (usd(5.5556), "5.56 USD"),
        (usd(0.53), "0.530 USD"),
        (usd_as_given(0.5), "0.50 USD"),
        (as_given(933.5), "933.5"),
        (as_given(12000), "12,000"),
        (at_least(0.101), "0.11"),
        (at_least(0.1), "0.10"),
        (usd_as_given(0.0007), "0.0007 USD"),
        (usd_as_given(25000), "25,000.00 USD"),
        (size(52_428_800), "50.0 MiB"),
        (share(1.0), "100 %"),
        (share(0.99999), "99.9 %"),
        (share(0.00001), "< 0.1 %"),
        (share(0.0), "0 %"),
        (share(0.8765), "87.6 %"),
        (recovery(1.0123), "101.23 %"),
        (certainty(0.975), "97.5 %"),
        (certainty(0.95), "95 %"),
        (p_value(0.00049), "< 0.001"),
        (p_value(0.0076), "0.008"),
        (tiny(0.00041), "0.00041"),
        (tiny(1.2e-7), "1.2e\N{MINUS SIGN}07"),
    ],
)
def test_numbers_are_printed_for_readers(printed: str, expected: str) -> None:
    """Three significant digits, thousands separated, true minus signs."""
    assert printed == expected
