"""The chart of what useful tokens cost over the load, from results to series."""

from collections.abc import Sequence
from itertools import zip_longest

from pipeline.base.format import count, currency, shown_amount, usd
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.document import Chart, Series
from pipeline.report.inputs import Inputs
from pipeline.report.option_names import option_name
from pipeline.roi.scenarios.result import OptionCost

_MOST_LINES = 6
"""That can be told apart."""


def curve_chart(curves: Sequence[OptionCost], inputs: Inputs) -> Chart:
    """Return the cost per million useful output tokens of each way over the load; the first ways where there are many.

    Drawn in whole requests a day, as an axis of powers of two has it.
    """
    say, drawn = inputs.say.pricing, _chosen(curves)
    load = inputs.recipe.roi.load.requests_per_day
    at_load = [min(one.curve, key=lambda point: abs(point.requests_per_day - load)) for one in drawn]
    spoken = [
        say.way(option_name(one, inputs), usd(point.usd_per_mtok)) for one, point in zip(drawn, at_load, strict=True)
    ]
    return Chart(
        id="chart-load-curve",
        kind="line",
        title=say.curve_table,
        caption=say.curve_caption + ("" if len(drawn) == len(curves) else say.curve_left_out),
        alternative=say.curve_alternative(count(load), say.listing(spoken)),
        x_title=say.curve_x,
        y_title=say.curve_y(currency()),
        series=tuple(_series(one, inputs) for one in drawn),
    )


def _chosen(curves: Sequence[OptionCost]) -> list[OptionCost]:
    """Return the measured arms as they are rented, then other cards, paid APIs and the rest in turns."""
    kinds: dict[int, list[OptionCost]] = {}
    for one in curves:
        first = one.gpu is None and one.tenure == "rented" and one.variant in (BASELINE, AWQ)
        place = 0 if first else 1 if one.gpu else 2 if one.tenure == "paid per token" else 3
        kinds.setdefault(place, []).append(one)
    turns = zip_longest(*(kinds[place] for place in sorted(kinds) if place))
    others = [one for turn in turns for one in turn if one is not None]
    return [*kinds.get(0, []), *others][:_MOST_LINES]


def _series(one: OptionCost, inputs: Inputs) -> Series:
    points = [point for point in one.curve if point.requests_per_day >= 1]
    return Series(
        name=option_name(one, inputs),
        arm=one.variant if one.tenure != "bought" else one.name,
        x=tuple(round(point.requests_per_day) for point in points),
        y=tuple(shown_amount(point.usd_per_mtok) for point in points),
        unit=inputs.say.pricing.curve_unit(currency()),
        origin="modelled",
        evidence=inputs.evidence.of_all((point, "usd_per_mtok") for point in points),
    )
