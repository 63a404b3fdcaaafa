"""The exported workbook, recalculated by LibreOffice: its formulas come to the exact figures, and follow a price."""

from fractions import Fraction
from pathlib import Path

import pytest
from openpyxl import load_workbook

from pipeline.report.language.language import ENGLISH
from pipeline.report.render.workbook.pricing.layout import layout_of
from pipeline.report.render.xlsx import to_xlsx
from pipeline.roi.model import PricingModel
from pipeline.roi.scenarios.files import packaged_scenarios
from pipeline.roi.scenarios.scenario import scenario_result
from tests.benchmarks.workbook import check, compared, document_of, recalculated, soffice

pytestmark = pytest.mark.skipif(soffice() is None, reason="LibreOffice's soffice is not on PATH")


def test_drawn_models_agree_to_the_cent() -> None:
    """Ten models whose stored results were made wrong: every figure is recalculated, and right."""
    found = check(range(10))

    assert len(found) > 1000
    assert [one for one in found if not one.agrees] == []


def test_a_changed_price_changes_the_saving(tmp_path: Path) -> None:
    """A rent typed into its cell gives what the exact arithmetic gives for that rent."""
    model = scenario_result(packaged_scenarios()["support-chatbot-sized"]).pricing
    assert model is not None
    name, price = "fp16-a100.hourly_usd", Fraction("3.75")
    before, after = tmp_path / "changed.xlsx", tmp_path / "recalculated"
    after.mkdir()
    before.write_bytes(to_xlsx(document_of(model)))
    book = load_workbook(before)
    sheet, cell = next(iter(book.defined_names[layout_of(model, ENGLISH.pricing_sheets).names[name]].destinations))
    book[sheet][cell].value = float(price)
    book.save(before)
    recalculated([before], after)
    changed = PricingModel.model_validate(
        {
            **model.model_dump(),
            "inputs": [
                {**one.model_dump(), "value": str(price)} if one.name == name else one.model_dump()
                for one in model.inputs
            ],
        }
    )
    found = list(compared(after, before.stem, changed))

    assert [one for one in found if not one.agrees] == []
    assert [one for one in compared(after, before.stem, model) if not one.agrees] != []
