"""The sheet of inputs: each in a cell with a name of its own, which all formulas read."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from xlsxwriter.utility import xl_rowcol_to_cell

from pipeline.base.results import Origin
from pipeline.report.language.en.pricing_sheets import PricingSheets
from pipeline.report.render.workbook.pricing.layout import HEADER_ROW, RATE, Layout, settings_of
from pipeline.report.render.workbook.pricing.money import EXACT, WHOLE
from pipeline.report.render.workbook.sheet import Sheet
from pipeline.report.render.workbook.styles import EDITABLE, ORIGINS, WRAPPED
from pipeline.roi.model import ModelInput

_VALUE, _REPORTED = 2, 7
_ABOVE_ZERO = ("goodput_tokens_per_s", "peak_factor", "hours_per_month", "per_usd")
_ABOVE_MINUS_ONE = ("growth_per_year", "discount_rate")
_SHARES = ("resale_share",)
_SETTINGS = {"gpus": 1, "life_years": 1, "spares": 0}
"""The smallest that each may be; all are whole."""


class InputSheet:
    """The sheet, row after row."""

    def __init__(
        self, book: Any, sheet: Sheet, layout: Layout, say: PricingSheets, origins: Mapping[Origin, str]
    ) -> None:
        """Take the workbook, the sheet, the places, the sentences, and the words for origins."""
        self._book, self._sheet, self._layout, self._say, self._origins = book, sheet, layout, say, origins

    def write(self) -> None:
        """Write every input and every setting of an option."""
        sheet, say, model = self._sheet, self._say, self._layout.model
        sheet.title(say.inputs_title)
        sheet.row = HEADER_ROW
        sheet.header(say.inputs_columns, [column in (_VALUE, _REPORTED) for column in range(len(say.inputs_columns))])
        sheet.freeze(1)
        for one in model.inputs:
            self._row(one, *self._meaning(one.name))
        if RATE in self._layout.names and all(one.name != RATE for one in model.inputs):
            rate = ModelInput(name=RATE, value=model.per_usd, origin="assumed", source=say.stated_here)
            self._row(rate, *self._meaning(RATE))
        settings = {"gpus": say.gpus, "spares": say.spares, "life_years": say.life_years}
        for option in model.options:
            for key in settings_of(option):
                name = f"{option.name}.{key}"
                value = str(getattr(option, key))
                one = ModelInput(name=name, value=value, origin="assumed", source=say.stated_here)
                self._row(one, settings[key], "")
        sheet.row += 1
        sheet.note(say.inputs_note)

    def _meaning(self, name: str) -> tuple[str, str]:
        return self._say.meanings.get(name.rpartition(".")[2], ("", ""))

    def _row(self, one: ModelInput, meaning: str, unit: str) -> None:
        sheet, look, row = self._sheet, ORIGINS[one.origin], self._sheet.row
        value, key = float(Fraction(one.value)), one.name.rpartition(".")[2]
        sheet.text(0, one.name)
        sheet.text(1, meaning, WRAPPED)
        sheet.number(_VALUE, value, EDITABLE, WHOLE if key in _SETTINGS else EXACT)
        sheet.width(_VALUE, 14)
        for column, text in ((3, unit), (5, one.source), (6, one.date or "")):
            sheet.text(column, text, WRAPPED)
        sheet.text(4, self._origins[one.origin], look)
        sheet.number(_REPORTED, value, look, EXACT)
        cell = xl_rowcol_to_cell(row, _VALUE, row_abs=True, col_abs=True)
        self._book.define_name(self._layout.names[one.name], f"='{sheet.name}'!{cell}")
        sheet.raw.data_validation(row, _VALUE, row, _VALUE, self._allowed(key))
        reported = xl_rowcol_to_cell(row, _REPORTED, row_abs=True, col_abs=True)
        changed = {"type": "formula", "criteria": f"={cell}<>{reported}", "format": sheet.styles.bold}
        sheet.raw.conditional_format(row, _VALUE, row, _VALUE, changed)
        sheet.row += 1

    def _allowed(self, key: str) -> dict[str, Any]:
        """Return what a cell takes, and what is said of anything else."""
        say = self._say
        rule: dict[str, Any] = {"validate": "decimal", "criteria": ">=", "value": 0, "error_message": say.at_least_zero}
        if key in _SETTINGS:
            least = _SETTINGS[key]
            said = say.whole_from_one if least else say.whole_from_zero
            rule = {"validate": "integer", "criteria": ">=", "value": least, "error_message": said}
        elif key in _ABOVE_ZERO:
            rule |= {"criteria": ">", "error_message": say.above_zero}
        elif key in _ABOVE_MINUS_ONE:
            rule |= {"criteria": ">", "value": -1, "error_message": say.above_minus_one}
        elif key in _SHARES:
            rule = {
                "validate": "decimal",
                "criteria": "between",
                "minimum": 0,
                "maximum": 1,
                "error_message": say.share,
            }
        return {**rule, "error_title": say.input_refused}
