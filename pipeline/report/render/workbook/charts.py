"""The document's charts as Excel's own, which a reader can edit; every kind that Excel has."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report.charts.chart_style import colours_of
from pipeline.report.document import Chart, Mark, Series
from pipeline.report.render.workbook.points import Placed, Points
from pipeline.report.render.workbook.styles import MUTED

CHART_WIDTH = 560
CHART_HEIGHT = 320
CHART_ROWS = 17
"""That a chart stands over."""
_MARKERS = ("square", "circle", "diamond", "triangle", "x")
_DASHES = ("solid", "dash", "round_dot", "long_dash")
_LOGARITHMIC = ("line", "dot", "crossover")
"""Kinds with concurrency on the x axis, which doubles from level to level."""
_HOLLOW = ("dot", "crossover")
"""Kinds of which a hollow point says that nothing is decided."""
_WITHOUT_LINES = ("dot", "time")
_BETWEEN_TICKS = 2
_HIGHEST_RANGE = 3.0
"""Over the highest figure, that an axis makes room for."""
_STEPS_A_DECADE = 5
_THOUSAND = 1000


def chart_of(book: Any, chart: Chart, points: Points) -> Any | None:
    """Return a chart with its points written; None where Excel has none of its kind."""
    if chart.kind == "forest":
        return None
    points.begin(chart)
    bars = chart.kind == "bar"
    drawn = book.add_chart({"type": "bar"} if bars else {"type": "scatter", "subtype": "straight_with_markers"})
    colours = colours_of(str(one.arm) for one in chart.series if one.arm)
    for place, series in enumerate(chart.series):
        if series.y:
            drawn.add_series(_drawn(chart, series, _placed(chart, series, points), place, colours))
    for mark in chart.marks:
        drawn.add_series(_mark(chart, mark, points))
    _dress(drawn, chart, bars=bars)
    return drawn


def _placed(chart: Chart, series: Series, points: Points) -> Placed:
    if chart.kind == "step":
        return points.add(chart, series, *_stairs(series))
    known = any(end is not None for end in series.low)
    bounds = series if known else _bounds(chart, series)
    if bounds is None:
        return points.add(chart, series, series.x, series.y)
    pairs = zip(series.y, bounds.low, bounds.high, strict=True)
    reach = [_reach(*found) for found in pairs]
    return points.add(chart, series, series.x, series.y, [low for low, _ in reach], [high for _, high in reach])


def _reach(value: float | None, low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """Return how far a range reaches below and above a figure; None where one of the three is not known."""
    return (None, None) if value is None or low is None or high is None else (value - low, high - value)


def _bounds(chart: Chart, series: Series) -> Series | None:
    """Return the series that has the range of another, where the chart has one of the same arm and places."""
    if series.statistic != "mean":
        return None
    same = (one for one in chart.series if one.statistic == "bounds" and (one.arm, one.x) == (series.arm, series.x))
    return next(same, None)


def _stairs(series: Series) -> tuple[Sequence[float], Sequence[float | None]]:
    """Return the corners of a staircase: each figure up to its place."""
    x, y, before = [], [], 0.0
    for end, value in zip(series.x, series.y, strict=True):
        x += [before, float(end)]
        y += [value, value]
        before = float(end)
    return x, y


def _drawn(chart: Chart, series: Series, placed: Placed, place: int, colours: Mapping[str, str]) -> dict[str, Any]:
    colour = colours.get(str(series.arm), MUTED)
    tail = series.statistic in ("p95", "p99")
    found: dict[str, Any] = {"name": placed.name, "categories": placed.x, "values": placed.y}
    if chart.kind == "bar":
        found |= {"fill": {"color": colour}, "data_labels": {"value": True, "num_format": "#,##0.00"}, "gap": 60}
    else:
        line: dict[str, Any] = {"color": colour, "width": 1.25 if tail else 2.25, "dash_type": _DASHES[tail]}
        only_dots = chart.kind in _WITHOUT_LINES and series.statistic != "trend"
        marker = {"type": "none"} if chart.kind == "step" or series.statistic == "trend" else _marker(place, colour)
        found |= {"line": {"none": True} if only_dots else line, "marker": marker}
        if chart.kind in _HOLLOW:
            found["points"] = [
                {"fill": {"color": "white"}, "border": {"color": colour}} if tone == "plain" else None
                for tone in series.tones
            ]
    if placed.below and placed.above:
        reach = {"type": "custom", "plus_values": placed.above, "minus_values": placed.below, "line": {"color": MUTED}}
        found["x_error_bars" if chart.kind == "bar" else "y_error_bars"] = reach
    return found


def _marker(place: int, colour: str) -> dict[str, Any]:
    return {
        "type": _MARKERS[place % len(_MARKERS)], "size": 7, "fill": {"color": colour}, "border": {"color": colour},
    }  # fmt: skip


def _mark(chart: Chart, mark: Mark, points: Points) -> dict[str, Any]:
    """Return a line across the chart, as a series of two points."""
    across = [float(x) for one in chart.series for x in one.x if not isinstance(x, str)]
    up = [value for one in chart.series for value in (*one.y, *one.high) if value is not None]
    ends = (min(across, default=0.0), max(across, default=1.0))
    if mark.axis == "x":
        ends = (0.0, max(up, default=1.0))
    both = ([mark.value, mark.value], list(ends)) if mark.axis == "x" else (list(ends), [mark.value, mark.value])
    line = Series(name=mark.text, x=tuple(both[0]), y=tuple(both[1]), unit="", origin="quoted", evidence=())
    placed = points.add(chart, line, *both)
    return {
        "name": placed.name, "categories": placed.x, "values": placed.y, "marker": {"type": "none"},
        "line": {"color": MUTED, "width": 1.5, "dash_type": "round_dot"},
    }  # fmt: skip


def _dress(drawn: Any, chart: Chart, *, bars: bool) -> None:
    small = {"size": 9, "bold": False}
    drawn.set_title({"name": chart.title, "name_font": {"size": 12}, "overlay": False})
    drawn.set_size({"width": CHART_WIDTH, "height": CHART_HEIGHT})
    drawn.set_legend({"position": "bottom", "font": {"size": 9}})
    across: dict[str, Any] = {"name": chart.x_title, "name_font": small, "num_font": {"size": 9}}
    lines = {"visible": True, "line": {"color": "#E3E7EC"}}
    upright: dict[str, Any] = {**across, "name": chart.y_title, "num_format": "General", "major_gridlines": lines}
    if bars:
        drawn.set_x_axis(upright)
        drawn.set_y_axis({**across, "reverse": True})
        return
    numbers = [float(x) for one in chart.series for x in one.x if not isinstance(x, str)]
    if max(numbers, default=0.0) >= _THOUSAND:
        across["num_format"] = "#,##0"
    if chart.kind in _LOGARITHMIC and numbers and min(numbers) > 0:
        across |= {
            "log_base": _BETWEEN_TICKS,
            "min": min(numbers),
            "max": max(numbers) * _BETWEEN_TICKS,
            "crossing": min(numbers),
        }
    drawn.set_x_axis(across)
    drawn.set_y_axis({**upright, **_reaching(chart)})


def _reaching(chart: Chart) -> dict[str, float]:
    """Return the axis that holds the ranges, too, which Excel does not count; very wide ones run out of it."""
    highs = [high for one in chart.series if one.y for high in one.high if high is not None]
    values = [y for one in chart.series for y in one.y if y is not None]
    if chart.kind == "time" or not highs or not values:
        return {}
    top = min(max(*highs, *values), _HIGHEST_RANGE * max(values))
    step = 10.0 ** math.floor(math.log10(top)) / _STEPS_A_DECADE if top > 0 else 1.0
    return {"min": 0.0, "max": math.ceil(top / step) * step}
