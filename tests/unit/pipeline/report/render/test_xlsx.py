"""The workbook: numbers are numbers, costs are formulas of the inputs' cells, and no text becomes a formula."""

import io
import re
import zipfile
from typing import Any

import pytest
from openpyxl import load_workbook

from pipeline.report.document import Cell, Column, Fact, ReportDocument, Section, Table
from pipeline.report.language.language import ENGLISH
from pipeline.report.render.workbook.pricing.layout import layout_of
from pipeline.report.render.workbook.styles import ORIGINS
from pipeline.report.render.xlsx import to_xlsx
from pipeline.roi.evaluation import evaluate
from pipeline.roi.model import PricingModel
from pipeline.roi.scenarios.files import packaged_scenarios
from pipeline.roi.scenarios.scenario import scenario_result
from tests.benchmarks.pricing_models import drawn_model
from tests.benchmarks.workbook import spoiled

pytestmark = pytest.mark.whole

SAY = ENGLISH.pricing_sheets
COMPUTED = (SAY.roi_sheet, SAY.years_sheet, SAY.payback_sheet, SAY.break_even_sheet)
HOSTILE = ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "http://evil.example/", "=HYPERLINK(A1)", "_x0041_", "\x01bell")


@pytest.fixture(scope="module")
def model() -> PricingModel:
    """Return what a packaged scenario is priced with."""
    pricing = scenario_result(packaged_scenarios()["support-chatbot-sized"]).pricing
    assert pricing is not None
    return pricing


@pytest.fixture(scope="module")
def priced(report: ReportDocument, model: PricingModel) -> bytes:
    """Return the workbook of a report that is priced."""
    return to_xlsx(report.model_copy(update={"pricing": model}))


def _book(content: bytes, *, computed: bool = False) -> Any:
    return load_workbook(io.BytesIO(content), data_only=computed)


def test_sheets_are_there_in_order(priced: bytes, report: ReportDocument) -> None:
    """The summary, chapters, what computes, and the figures behind; without a model nothing computes."""
    sheets = _book(priced).sheetnames
    plain = _book(to_xlsx(report.model_copy(update={"pricing": None}))).sheetnames

    assert sheets[:2] == ["Summary", "Accuracy"]
    assert sheets[-7:] == ["Inputs", *COMPUTED, "Chart data", "Evidence"]
    assert plain == [name for name in sheets if name not in ("Inputs", *COMPUTED)]


def test_equal_reports_give_equal_bytes(report: ReportDocument) -> None:
    """Nothing of the hour in which a file was written is in it; its date is the report's."""
    assert to_xlsx(report) == to_xlsx(report)
    assert str(_book(to_xlsx(report)).properties.created)[:10] == report.cover.facts[0].text


def test_figures_of_tables_are_numbers(report: ReportDocument) -> None:
    """Every cell with a value is a number in the workbook, and its origin stands in its row."""
    table = next(table for section in report.sections for table in section.tables if table.id == "latency-ttft")
    rows = list(_book(to_xlsx(report))["Speed"].iter_rows(values_only=True))
    first = next(place for place, row in enumerate(rows) if row[0] == table.title) + 2
    for place, row in enumerate(table.rows):
        wanted = [cell.text if cell.value is None else pytest.approx(cell.value, rel=1e-14) for cell in row]
        assert list(rows[first + place][: len(row)]) == wanted
        assert rows[first + place][len(row)] == table.origin


def test_origins_differ_without_colour() -> None:
    """Slant, underline and lines tell the four apart."""
    shapes = [{key: value for key, value in look.items() if "color" not in key} for look in ORIGINS.values()]
    assert len({str(shape) for shape in shapes}) == len(ORIGINS)


def test_no_text_becomes_a_formula_or_a_link(report: ReportDocument) -> None:
    """What comes from a recipe, a model or a data set is text, in every part of the workbook."""
    cells = tuple((Cell(text=text), Cell(text=text, value=1.0)) for text in HOSTILE)
    table = Table(id="t", title="=t", columns=(Column(title="=a"), Column(title="@b")), rows=cells, note="=n")
    changed = report.model_copy(
        update={
            "cover": report.cover.model_copy(update={"title": "=1+1", "facts": (Fact(label="=l", text="=f"),)}),
            "recommendation": "=r",
            "pricing": None,
            "sections": (Section(id="s", title="=s", paragraphs=HOSTILE, bullets=HOSTILE, tables=(table,)),),
        }
    )
    with zipfile.ZipFile(io.BytesIO(to_xlsx(changed))) as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
        links = "".join(parts.read(name).decode() for name in parts.namelist() if "_rels/sheet" in name)
    texts = [value for row in _book(to_xlsx(changed)).worksheets[1].iter_rows(values_only=True) for value in row]

    assert not [sheet for sheet in sheets if "<f>" in sheet]
    assert "evil.example" not in links
    assert "=1+1" in texts


def test_every_cost_is_a_formula_and_every_input_a_cell(priced: bytes, model: PricingModel) -> None:
    """No number stands on the sheets of costs but years; each input has a name of its own that formulas use."""
    book = _book(priced)
    names = layout_of(model, SAY).names
    formulas = "".join(
        cell.value if isinstance(cell.value, str) else cell.value.text
        for name in COMPUTED
        for row in book[name].iter_rows()
        for cell in row
        if cell.data_type == "f"
    )
    numbers = {
        cell.value for name in COMPUTED for row in book[name].iter_rows() for cell in row if cell.data_type == "n"
    }

    assert numbers <= {None, *range(1, 11)}
    for one in model.inputs:
        sheet, cell = next(iter(book.defined_names[names[one.name]].destinations))
        assert book[sheet][cell].value == pytest.approx(float(model.values[one.name]))
    used = set(re.findall(r"\bin_\w+", formulas))
    assert {names["load.requests_per_day"], names["awq-4090.hourly_usd"], names["discount_rate"]} <= used
    assert used <= set(names.values())


@pytest.mark.parametrize("seed", range(12))
def test_what_formulas_come_to_is_kept_beside_them(seed: int, report: ReportDocument) -> None:
    """Viewers that do not compute show the exact figures; those without a figure say so in words."""
    drawn = drawn_model(seed)
    book = _book(to_xlsx(report.model_copy(update={"pricing": drawn})), computed=True)
    layout, exact = layout_of(drawn, SAY), evaluate(drawn)
    for name, costs in exact.options.items():
        row = [cell.value for cell in book[SAY.roi_sheet][layout.options.row(name) + 1]]
        assert row[layout.options.column("total")] == pytest.approx(float(costs.total))
        assert row[layout.options.column("present_value")] == pytest.approx(float(costs.present_value))
    for pair, costs in exact.pairs.items():
        row = [cell.value for cell in book[SAY.roi_sheet][layout.pairs.row(pair) + 1]]
        assert row[layout.pairs.column("net_present_value")] == pytest.approx(float(costs.net_present_value))
        months, even = row[layout.pairs.column("payback")], row[layout.pairs.column("even")]
        paid_back = costs.payback_months
        assert months == (SAY.no_payback if paid_back is None else pytest.approx(float(paid_back)))
        words = (SAY.at_no_load, SAY.not_counted)
        assert even in words if costs.break_even_requests_per_day is None else even == costs.break_even_requests_per_day


def test_the_check_by_another_program_starts_from_wrong_results(priced: bytes) -> None:
    """`make check-workbook` leaves no stored result of any formula right."""
    book, stored = _book(priced), _book(spoiled(priced), computed=True)
    found = {
        stored[name][cell.coordinate].value
        for name in COMPUTED
        for row in book[name].iter_rows()
        for cell in row
        if cell.data_type == "f"
    }

    assert found == {-777.25}


def test_sheets_are_ready_for_a_printer(priced: bytes) -> None:
    """Landscape, one page wide, numbered pages, rows that repeat and panes that stay; no cells are merged."""
    for sheet in _book(priced).worksheets:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert "&P" in sheet.oddFooter.right.text
        assert not sheet.merged_cells.ranges
        if sheet.title not in ("Summary", "Chart data"):
            assert sheet.freeze_panes
            assert sheet.print_title_rows


def test_charts_are_excels_own(priced: bytes, report: ReportDocument) -> None:
    """All kinds but the forest plot, with points in cells and a text in place of the picture; one follows costs."""
    kinds = [chart for section in report.sections for chart in section.charts if chart.kind != "forest"]
    with zipfile.ZipFile(io.BytesIO(priced)) as parts:
        charts = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/charts/chart")]
        drawings = "".join(parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/drawings/d"))

    assert len(charts) == len(kinds) + 1
    assert sum("'Chart data'!" in chart for chart in charts) == len(kinds)
    assert sum("'ROI'!" in chart for chart in charts) == 1
    assert drawings.count("descr=") == len(kinds) + 1
