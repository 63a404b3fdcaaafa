"""Where every input and every figure of a pricing model stands in the workbook."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.report.language.en.pricing_sheets import PricingSheets
from pipeline.report.render.workbook.grid import Grid
from pipeline.report.render.workbook.names import cell_names
from pipeline.roi.model import ModelOption, PricingModel

LOAD = tuple(
    f"load.{key}" for key in ("requests_per_day", "input_tokens", "output_tokens", "peak_factor", "growth_per_year")
)
RATE = "currency.per_usd"
PAYBACK_YEARS = 10
"""For which a payback is looked for, as `pipeline.roi.cashflow` does."""
HEADER_ROW = 2
"""Of sheets with one table, counted from 0: its title and its note stand above."""
_FIRST_OF_ROI = 6
_BETWEEN = 3
"""An empty row, the title and the headings of the next table."""
Pair = tuple[str, str]


@dataclass(frozen=True)
class Layout:
    """The model and the places of its cells."""

    model: PricingModel
    names: Mapping[str, str]
    """Of cells, by input; the settings of an option are `NAME.gpus`, `NAME.spares`, `NAME.life_years`."""
    options: Grid
    pairs: Grid
    load: Grid
    years: Grid
    payback: Grid
    steps: Grid
    search: Grid

    @property
    def by_name(self) -> Mapping[str, ModelOption]:
        """Return the options by name."""
        return {one.name: one for one in self.model.options}

    @property
    def loaded(self) -> bool:
        """Return whether a load is stated, tokens included."""
        return all(name in self.names for name in LOAD)

    @property
    def stated(self) -> str:
        """Return the condition that there are tokens to count for; only where a load is stated."""
        return f"{self.names[LOAD[0]]}*{self.names[LOAD[2]]}>0"

    def of(self, option: ModelOption, key: str) -> str:
        """Return the name of the cell of an option's input, or of one of its settings."""
        setting = f"{option.name}.{key}"
        return self.names[setting if setting in self.names else f"{option.variant}.{key}"]

    def countable(self, name: str) -> bool:
        """Return whether an option's machines can be counted for any load."""
        option = self.by_name[name]
        paid = option.tenure == "paid per token"
        return self.loaded and (paid or f"{option.variant}.goodput_tokens_per_s" in self.names)


def settings_of(option: ModelOption) -> tuple[str, ...]:
    """Return which settings of an option formulas read."""
    if option.tenure == "paid per token":
        return ()
    return ("gpus", "spares", "life_years") if option.tenure == "bought" else ("gpus", "spares")


def layout_of(model: PricingModel, say: PricingSheets) -> Layout:
    """Return where everything stands."""
    options, planned = [one.name for one in model.options], range(1, model.years + 1)
    settings = [f"{one.name}.{key}" for one in model.options for key in settings_of(one)]
    rate = [] if model.currency == "USD" else [RATE]
    names = cell_names([*(one.name for one in model.inputs), *rate, *settings])
    loaded = all(name in names for name in LOAD)
    costs = Grid(say.roi_sheet, _FIRST_OF_ROI, options, say.options_columns)
    pairs = Grid(say.roi_sheet, costs.end_row + _BETWEEN, model.pairs, say.pairs_columns)
    after = pairs.end_row if model.pairs else costs.end_row
    load = Grid(say.roi_sheet, after + _BETWEEN, list(planned) if loaded else [], say.load_columns)
    steps = Grid(say.break_even_sheet, HEADER_ROW + 1, options, say.steps_columns)
    return Layout(
        model=model,
        names=names,
        options=costs,
        pairs=pairs,
        load=load,
        years=Grid(
            say.years_sheet, HEADER_ROW + 1, [(name, year) for name in options for year in planned], say.years_columns
        ),
        payback=Grid(
            say.payback_sheet,
            HEADER_ROW + 1,
            [(*pair, place) for pair in model.pairs for place in range(1, PAYBACK_YEARS + 1)],
            say.payback_columns,
        ),
        steps=steps,
        search=Grid(say.break_even_sheet, steps.end_row + 2, model.pairs, say.search_columns),
    )
