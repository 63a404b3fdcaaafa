"""The sheet ROI: what every option costs, what every comparison saves, and the load of each year."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from pipeline.base.results import Origin
from pipeline.report.charts.chart_style import BLUE
from pipeline.report.language.en.pricing_sheets import PricingSheets
from pipeline.report.render.workbook.charts import CHART_HEIGHT, CHART_WIDTH
from pipeline.report.render.workbook.pricing.break_even import break_even_formula
from pipeline.report.render.workbook.pricing.layout import LOAD, RATE, Layout, Pair
from pipeline.report.render.workbook.pricing.money import AMOUNT, DECIMAL, PERCENT, WHOLE, said
from pipeline.report.render.workbook.pricing.origins import origin_of
from pipeline.report.render.workbook.pricing.payback import payback_formula
from pipeline.report.render.workbook.sheet import Sheet
from pipeline.report.render.workbook.styles import BOLD, ORIGINS, Look
from pipeline.roi.evaluation import Evaluation, OptionCosts, PairCosts
from pipeline.roi.model import ModelOption
from pipeline.roi.options import demand_in

Cached = Fraction | int | str | None
Row = Mapping[str, tuple[str, Cached]]
"""Formulas of a row by column, with what they come to."""
_LOOKS: Mapping[str, Look] = {"machines": WHOLE, "idle": PERCENT, "payback": DECIMAL, "even": WHOLE, "requests": WHOLE}
_TEXTS = ("option", "reference", "origin")
_AMOUNT_WIDTH = 14
_BARS = {"fill": {"color": BLUE}, "gap": 50, "data_labels": {"value": True, "num_format": "#,##0"}}


class CostSheet:
    """The sheet, table after table."""

    def __init__(
        self, book: Any, sheet: Sheet, layout: Layout, say: PricingSheets, origins: Mapping[Origin, str]
    ) -> None:
        """Take the workbook, the sheet, the places, the sentences, and the words for origins."""
        self._book, self._sheet, self._layout, self._say, self._origins = book, sheet, layout, say, origins

    def write(self, found: Evaluation) -> None:
        """Write all tables and what is said of them."""
        sheet, layout, say = self._sheet, self._layout, self._say
        sheet.title(say.roi_title)
        sheet.note(say.amounts_note)
        sheet.note(say.planned(str(layout.model.years)))
        sheet.freeze(1)
        options = {one.name: self._option(one, found.options[one.name]) for one in layout.model.options}
        pairs: dict[tuple[str, ...], Row] = {pair: self._pair(pair, costs) for pair, costs in found.pairs.items()}
        self._table(say.options_title, say.options_columns, {(name,): row for name, row in options.items()})
        if pairs:
            self._table(say.pairs_title, say.pairs_columns, pairs)
        if layout.loaded:
            self._load()
        if RATE in layout.names:
            self._in_currency(options, pairs)
        sheet.row += 1
        for note in (say.options_note, say.pairs_note):
            sheet.note(note)
        self._chart()

    def _chart(self) -> None:
        """Draw what all years of every option cost, from the cells of the first table."""
        sheet, layout, say, last = self._sheet, self._layout, self._say, len(self._layout.options.keys) - 1
        options, title = layout.options.keys, say.totals_title
        if not options:
            return
        names, totals = (layout.options.span(options[0], options[last], name) for name in ("option", "total"))
        drawn = self._book.add_chart({"type": "bar"})
        drawn.add_series({"name": title, "categories": f"={names}", "values": f"={totals}", **_BARS})
        drawn.set_title({"name": title, "name_font": {"size": 12}})
        drawn.set_x_axis({"num_font": {"size": 9}, "num_format": "#,##0", "major_gridlines": {"visible": False}})
        drawn.set_y_axis({"num_font": {"size": 9}, "reverse": True})
        drawn.set_legend({"none": True})
        drawn.set_size({"width": CHART_WIDTH, "height": max(CHART_HEIGHT, 40 * len(options) + 80)})
        sheet.row += 1
        sheet.raw.insert_chart(sheet.row, 0, drawn, {"description": say.totals_alternative, "object_position": 2})

    def _table(self, title: str, columns: Mapping[str, str], rows: Mapping[tuple[str, ...], Row]) -> None:
        sheet = self._sheet
        sheet.table_title(title)
        sheet.header(columns.values(), [name not in _TEXTS for name in columns])
        for names, row in rows.items():
            for column, name in enumerate(names):
                sheet.text(column, name, BOLD if column == 0 else {})
            origin = origin_of(self._layout.model, names)
            for column, name in enumerate(columns):
                if name in row:
                    sheet.formula(column, *row[name], ORIGINS[origin], _LOOKS.get(name, AMOUNT))
                    sheet.width(column, _AMOUNT_WIDTH)
            if "origin" in columns:
                sheet.text(list(columns).index("origin"), self._origins[origin], ORIGINS[origin])
            sheet.row += 1

    def _option(self, option: ModelOption, costs: OptionCosts) -> Row:
        layout, years, name = self._layout, self._layout.years, option.name
        once = f"+{layout.names['engagement.one_time_usd']}" if option.engaged else ""
        whole = [years.span((name, 1), (name, layout.model.years), column) for column in ("cost", "present_value")]
        yearly, machines = years.at((name, 1), "cost"), years.at((name, 1), "machines")
        return {
            "machines": (f"={machines}", costs.machines),
            "idle": (self._idle(option, machines), self._or(costs.idle_share, self._say.not_counted)),
            "monthly": (f"={yearly}/12", costs.monthly),
            "yearly": (f"={yearly}", costs.yearly),
            "total": (f"=SUM({whole[0]}){once}", costs.total),
            "present_value": (f"=SUM({whole[1]})", costs.present_value),
            "per_mtok": (self._per_mtok(yearly), self._or(costs.per_mtok, self._say.not_stated)),
        }

    def _idle(self, option: ModelOption, machines: str) -> str:
        layout = self._layout
        if option.tenure == "paid per token" or not layout.countable(option.name):
            return self._text(self._say.not_counted)
        served = f"({machines}*{layout.of(option, 'goodput_tokens_per_s')})"
        share = f"IF({machines}=0,0,1-{layout.load.at(1, 'average')}/{served})"
        return f"=IF({layout.stated},{share},{said(self._say.not_counted)})"

    def _per_mtok(self, yearly: str) -> str:
        layout = self._layout
        if not layout.loaded:
            return self._text(self._say.not_stated)
        tokens = f"({layout.load.at(1, 'output_mtok')}*12)"
        return f"=IF({layout.stated},{yearly}/{tokens},{said(self._say.not_stated)})"

    def _pair(self, pair: Pair, costs: PairCosts) -> Row:
        layout, say = self._layout, self._say
        even = break_even_formula(layout, pair, say)
        counted = say.not_counted if even is None or not self._tokens() else say.at_no_load
        return {
            "month": (self._saved(pair, "monthly"), costs.saving_per_month),
            "year": (self._saved(pair, "yearly"), costs.saving_per_year),
            "total": (self._saved(pair, "total"), costs.saving_total),
            "net_present_value": (self._saved(pair, "present_value"), costs.net_present_value),
            "payback": (payback_formula(layout, pair, say.no_payback), self._or(costs.payback_months, say.no_payback)),
            "even": (even or self._text(say.not_counted), self._or(costs.break_even_requests_per_day, counted)),
        }

    def _saved(self, pair: Pair, column: str) -> str:
        option, reference = (self._layout.options.at(name, column) for name in pair)
        return f"={reference}-{option}"

    def _tokens(self) -> bool:
        values = self._layout.model.values
        return bool(self._layout.loaded and values[LOAD[0]] and values[LOAD[2]])

    def _load(self) -> None:
        sheet, layout, grid = self._sheet, self._layout, self._layout.load
        sheet.table_title(self._say.load_title)
        sheet.header(grid.columns.values(), [True] * len(grid.columns))
        requests, tokens_in, tokens_out, peak, growth = (layout.names[name] for name in LOAD)
        for year in range(1, layout.model.years + 1):
            a_day, load = grid.at(year, "requests"), demand_in(layout.model.values, year)
            a_month = f"{a_day}*{layout.names['hours_per_month']}/24"
            row: Row = {
                "requests": (f"={requests}*(1+{growth})^({grid.at(year, 'year')}-1)", load.requests_per_day),
                "average": (f"={a_day}*{tokens_out}/86400", load.average_tokens_per_s),
                "peak": (f"={grid.at(year, 'average')}*{peak}", load.peak_tokens_per_s),
                "input_mtok": (f"={a_month}*{tokens_in}/1000000", load.input_mtok_per_month),
                "output_mtok": (f"={a_month}*{tokens_out}/1000000", load.output_mtok_per_month),
            }
            sheet.number(0, year, WHOLE)
            for name, (formula, cached) in row.items():
                sheet.formula(grid.column(name), formula, cached, _LOOKS.get(name, DECIMAL))
            sheet.row += 1

    def _in_currency(self, options: Mapping[str, Row], pairs: Mapping[tuple[str, ...], Row]) -> None:
        say, layout, code = self._say, self._layout, self._layout.model.currency
        rate, value = layout.names[RATE], Fraction(layout.model.per_usd)
        for title, grid, columns, rows in (
            (say.options_title, layout.options, say.options_columns, {(name,): row for name, row in options.items()}),
            (say.pairs_title, layout.pairs, say.pairs_columns, pairs),
        ):
            shown = {name: text for name, text in columns.items() if name in (*_TEXTS[:2], *_AMOUNTS)}
            exchanged: dict[tuple[str, ...], Row] = {}
            for names, row in rows.items():
                key = names if len(names) > 1 else names[0]
                exchanged[names] = {
                    name: (
                        f"=IF(ISNUMBER({grid.at(key, name)}),{grid.at(key, name)}*{rate},{grid.at(key, name)})",
                        cached if cached is None or isinstance(cached, str) else cached * value,
                    )
                    for name, (_, cached) in row.items()
                    if name in shown
                }
            if exchanged:
                self._table(say.in_currency(title, code), shown, exchanged)

    @staticmethod
    def _or(value: Fraction | int | None, otherwise: str) -> Cached:
        return otherwise if value is None else value

    @staticmethod
    def _text(text: str) -> str:
        return f"={said(text)}"


_AMOUNTS = ("monthly", "yearly", "total", "present_value", "per_mtok", "month", "year", "net_present_value")
