"""Money in the currency of the report: converted where it is printed, US dollars everywhere else."""

from collections.abc import Callable
from datetime import date

import pytest

from pipeline.recipe.recipe import Recipe
from pipeline.recipe.report import Currency
from pipeline.record.record import RunRecord
from pipeline.report.document import ReportDocument, Section
from pipeline.report.inputs import inputs_of
from pipeline.report.language.languages import LANGUAGES
from pipeline.report.render.html import to_html
from pipeline.report.view import report_of
from tests.unit.pipeline.report.conftest import ROI

pytestmark = pytest.mark.whole

EURO = Currency(code="EUR", per_usd=0.5, source="ECB reference rate", date=date(2026, 11, 27))


@pytest.fixture
def in_currency(make_run: Callable[..., RunRecord]) -> Callable[..., ReportDocument]:
    """Return what makes the report of one run in a language and a currency."""
    record = make_run()

    def make(currency: Currency | None, language: str = "en") -> ReportDocument:
        recipe = Recipe.model_validate(record.recipe)
        asked = recipe.report.model_copy(update={"currency": currency})
        return report_of(inputs_of(recipe.model_copy(update={"report": asked}), record, LANGUAGES[language]))

    return make


def costs_of(document: ReportDocument) -> Section:
    """Return the chapter on costs."""
    return next(section for section in document.sections if section.id == "costs")


def test_the_rate_is_said_once_with_its_source_and_date(in_currency: Callable[..., ReportDocument]) -> None:
    """In the chapter on costs, in the manner of the language; nothing is said of US dollars alone."""
    english, german = (costs_of(in_currency(EURO, language)).paragraphs for language in ("en", "de"))

    assert sum("ECB reference rate" in text for text in english) == 1
    assert "1 USD is 0.5 EUR (ECB reference rate, 2026-11-27)." in " ".join(english)
    assert "1 USD entspricht 0,5 EUR (ECB reference rate, 27.11.2026)." in " ".join(german)
    assert "computed in US dollars" not in " ".join(costs_of(in_currency(None)).paragraphs)


def test_values_stay_us_dollars(in_currency: Callable[..., ReportDocument]) -> None:
    """What is printed is half as much at a rate of one half; what is kept beside it is not."""
    dollars, euros = (
        {row[0].text: row[1] for table in costs_of(document).tables for row in table.rows}
        for document in (in_currency(None), in_currency(EURO))
    )

    assert dollars.keys() == euros.keys()
    for name in ("Monthly cost", "Price of one machine, per hour"):
        assert dollars[name].value == euros[name].value
        printed = [float(each[name].text.split()[0].replace(",", "")) for each in (dollars, euros)]
        assert printed[1] == pytest.approx(printed[0] / 2, rel=0.01)
        assert [each[name].text.split()[1] for each in (dollars, euros)] == ["USD", "EUR"]


def test_charts_are_drawn_in_the_currency(in_currency: Callable[..., ReportDocument]) -> None:
    """Their figures, units and axes are those of the currency, which a chart has no room to convert."""
    for dollar, euro in zip(costs_of(in_currency(None)).charts, costs_of(in_currency(EURO)).charts, strict=True):
        assert euro.y_title.startswith("EUR ")
        for first, second in zip(dollar.series, euro.series, strict=True):
            assert [None if y is None else y / 2 for y in first.y] == pytest.approx(second.y)
            assert second.unit.startswith("EUR")


def test_no_amount_in_us_dollars_is_left_on_the_page(in_currency: Callable[..., ReportDocument]) -> None:
    """But for the rate itself."""
    page = to_html(in_currency(EURO, "de"))

    assert page.count(" USD") == 1
    assert "1 USD entspricht" in page


def test_the_page_and_the_workbook_compute_in_the_currency(in_currency: Callable[..., ReportDocument]) -> None:
    """With the report's rate, exact, and who says so; without a currency in US dollars."""
    dollars, euros = (in_currency(money).pricing for money in (None, EURO))

    assert dollars is not None
    assert euros is not None
    assert (dollars.currency, dollars.per_usd) == ("USD", "1")
    assert (euros.currency, euros.per_usd) == ("EUR", "1/2")
    assert [(one.value, one.source) for one in euros.inputs if one.name == "currency.per_usd"] == [
        ("1/2", "ECB reference rate")
    ]


def test_the_whole_pricing_is_in_the_currency(in_currency: Callable[..., ReportDocument]) -> None:
    """Curve over load, tornado and inputs: figures are converted, and names say in what."""
    dollars, euros = (
        {one.id: one for one in in_currency(money).sections if one.id in ("options", "sensitivity")}
        for money in (None, EURO)
    )

    for name, chapter in dollars.items():
        for dollar, euro in zip(chapter.charts, euros[name].charts, strict=True):
            assert "EUR" in euro.y_title
            assert [one.unit.replace("EUR", "USD") for one in euro.series] == [one.unit for one in dollar.series]
            for first, second in zip(dollar.series, euro.series, strict=True):
                assert [None if y is None else y / 2 for y in first.y] == pytest.approx(second.y)
    inputs = {
        row[0].text: row[1].text
        for table in euros["sensitivity"].tables
        if table.id == "sensitivity-inputs"
        for row in table.rows
        if "EUR" in row[0].text
    }
    assert inputs["Measured machine: rent, EUR/h"] == "0.25"


def test_the_currency_of_the_costs_is_that_of_the_report_unless_it_has_its_own(
    make_recipe: Callable[..., Recipe], make_run: Callable[..., RunRecord]
) -> None:
    """Who prices in a currency need not state it twice."""
    rate = {"value": 0.25, "origin": "quoted", "source": "a bank", "date": "2026-11-20"}
    recipe = make_recipe(roi={**ROI, "currency": {"code": "CHF", "per_usd": rate}})
    record = make_run(recipe=recipe)
    own = recipe.model_copy(update={"report": recipe.report.model_copy(update={"currency": EURO})})
    costs, report = (inputs_of(one, record).currency for one in (recipe, own))

    assert costs is not None
    assert (costs.code, costs.per_usd, costs.source) == ("CHF", 0.25, "a bank")
    assert report is not None
    assert (report.code, report.per_usd) == ("EUR", 0.5)
