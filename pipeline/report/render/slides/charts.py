"""Charts of the document as native ones of PowerPoint, which the client edits: figures in a workbook, error ranges.

| kind | as |
|---|---|
| line | a line over the measured concurrencies as categories |
| dot | the same without a line |
| bar | clustered bars |
| step, time, pareto, crossover, forest | XY scatter: their x axes are quantities |

None is a picture.
"""

import math
from collections.abc import Sequence
from typing import Any

from pptx.chart.data import CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_LEGEND_POSITION, XL_MARKER_STYLE
from pptx.enum.chart import XL_TICK_LABEL_POSITION as TICKS
from pptx.enum.dml import MSO_LINE
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.util import Pt

from pipeline.base.format import ratio
from pipeline.report.charts.chart_style import BLUE, GREY, colours_of, numbers_of
from pipeline.report.document import Chart, Labels
from pipeline.report.render.slides.deck import Box, describe, plain
from pipeline.report.render.slides.error_bars import add_error_bars
from pipeline.report.render.slides.points import BY_CATEGORY, Points, points_of

_TEXT, _SMALL = 12, 11
_INK = "#1d2733"
_TYPES = {
    "line": XL_CHART_TYPE.LINE_MARKERS,
    "dot": XL_CHART_TYPE.LINE_MARKERS,
    "bar": XL_CHART_TYPE.BAR_CLUSTERED,
}
_MARKERS = (XL_MARKER_STYLE.SQUARE, XL_MARKER_STYLE.CIRCLE, XL_MARKER_STYLE.DIAMOND, XL_MARKER_STYLE.TRIANGLE)
_DASHES = {"p95": MSO_LINE.DASH, "p99": MSO_LINE.ROUND_DOT, "bounds": MSO_LINE.ROUND_DOT, "margin": MSO_LINE.DASH}
_LOG_BASE = '<c:logBase xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" val="2"/>'
_NO_ENTRY = (
    '<c:legendEntry xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"><c:idx val="{place}"/>'
    '<c:delete val="1"/></c:legendEntry>'
)
_MOST_LABELS = 12
"""Points of a series beyond which they are not labelled."""


def add_chart(slide: Any, chart: Chart, box: Box, labels: Labels) -> Any:
    """Add a chart to a slide, with what is to be seen as its alternative text; return its frame."""
    made = points_of(chart, labels)
    kind = _TYPES.get(chart.kind, XL_CHART_TYPE.XY_SCATTER_LINES)
    data = _categories(made) if chart.kind in BY_CATEGORY else _quantities(made)
    frame = slide.shapes.add_chart(kind, *box.emu, data)
    describe(frame, chart.title, chart.alternative)
    native = frame.chart
    native.font.size = Pt(_TEXT)
    native.has_title = False
    native.has_legend = len(made) > 1
    if native.has_legend:
        native.legend.position, native.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
        native.legend.font.size = Pt(_SMALL)
        _leave_out(native.legend, [place for place, one in enumerate(made) if one.statistic == "bounds"])
    colours = colours_of(dict.fromkeys(one.arm for one in made if one.arm))
    arms = list(dict.fromkeys(one.arm for one in made))
    ends = dict(zip((one.name for one in chart.series if not one.arm), (GREY, BLUE), strict=False))
    for points, series in zip(made, native.plots[0].series, strict=True):
        colour = colours.get(points.arm or "", ends.get(points.name, GREY))
        _style(series, points, colour, _MARKERS[arms.index(points.arm) % len(_MARKERS)], chart)
        _label(series, points, chart)
    _axes(native, chart, made)
    return frame


def _leave_out(legend: Any, places: Sequence[int]) -> None:
    """Leave the ends of ranges out of a legend: the caption says what they are."""
    element = legend._element  # noqa: SLF001 -- python-pptx has no entries of legends
    for place in reversed(places):
        element.find(qn("c:legendPos")).addnext(parse_xml(_NO_ENTRY.format(place=place)))


def _categories(made: Sequence[Points]) -> CategoryChartData:
    """Return data over names: every place of any series, in order of appearance."""
    data = CategoryChartData()
    places = list(dict.fromkeys(place for one in made for place in one.x))
    if all(isinstance(place, int | float) for place in places):
        places.sort(key=float)
    data.categories = [plain(str(place)) for place in places]
    for one in made:
        values = dict(zip(one.x, one.y, strict=True))
        data.add_series(plain(one.name), [values.get(place) for place in places])
    return data


def _quantities(made: Sequence[Points]) -> XyChartData:
    data = XyChartData()
    for one in made:
        series = data.add_series(plain(one.name))
        for x, y in zip(one.x, one.y, strict=True):
            if x is not None and y is not None:
                series.add_data_point(float(x), y)
    return data


def _style(series: Any, points: Points, colour: str, marker: Any, chart: Chart) -> None:
    """Colour a series, and tell it by its marker and dashes too."""
    rgb = RGBColor.from_string(colour.removeprefix("#").upper())
    if chart.kind == "bar":
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = rgb
        series.invert_if_negative = False
    else:
        series.smooth = False
        series.format.line.color.rgb = rgb
        series.format.line.width = Pt(points.bar or (1.25 if points.statistic in _DASHES else 2.25))
        if points.line and points.statistic in _DASHES and not points.bar:
            series.format.line.dash_style = _DASHES[points.statistic]
        if not points.line:
            series.format.line.fill.background()
        series.marker.style = marker if points.markers else XL_MARKER_STYLE.NONE
        if points.statistic == "bounds" and points.markers:
            series.marker.style = XL_MARKER_STYLE.DASH
        if points.markers:
            series.marker.size = 8
            series.marker.format.fill.solid()
            series.marker.format.fill.fore_color.rgb = rgb
            series.marker.format.line.color.rgb = rgb
    if points.low and points.high:
        rows = list(zip(points.y, points.low, points.high, strict=True))
        if chart.kind not in BY_CATEGORY:
            rows = [row for row in rows if row[0] is not None]
        add_error_bars(series, rows, colour=_INK if chart.kind == "bar" else colour)


def _label(series: Any, points: Points, chart: Chart) -> None:
    """Write beside points what the document says of them."""
    texts = points.labels
    if chart.kind == "dot" and points.statistic == "mean":
        texts = tuple("" if value is None else ratio(value) for value in points.y)
    if not any(texts) or len(texts) > _MOST_LABELS or chart.kind == "line":
        return
    position = XL_LABEL_POSITION.OUTSIDE_END if chart.kind == "bar" else XL_LABEL_POSITION.RIGHT
    if chart.kind == "forest":
        position = XL_LABEL_POSITION.ABOVE
    for place, text in enumerate(texts):
        if text:
            label = series.points[place].data_label
            label.has_text_frame = True
            label.text_frame.text = plain(text)
            label.text_frame.paragraphs[0].runs[0].font.size = Pt(_SMALL)
            label.position = position


def _axes(native: Any, chart: Chart, made: Sequence[Points]) -> None:
    """Title the axes and set their scales as the drawings of the other formats have them."""
    across, up = native.category_axis, native.value_axis
    for axis, title in ((across, chart.x_title), (up, chart.y_title)):
        axis.has_major_gridlines = axis is up and chart.kind != "forest"
        axis.tick_labels.font.size = Pt(_SMALL)
        axis.format.line.color.rgb = RGBColor(0x9A, 0xA4, 0xB0)
        if title:
            axis.has_title = True
            axis.axis_title.text_frame.text = plain(title)
            run = axis.axis_title.text_frame.paragraphs[0].runs[0]
            run.font.size, run.font.bold = Pt(_SMALL), False
    if up.has_major_gridlines:
        up.major_gridlines.format.line.color.rgb = RGBColor(0xE3, 0xE7, 0xEC)
    if chart.kind == "bar":
        across.reverse_order = True
        up.tick_label_position = TICKS.HIGH
    _scales(across, up, chart, made)


def _scales(across: Any, up: Any, chart: Chart, made: Sequence[Points]) -> None:
    """Set the ends of the axes: programs that draw error ranges do not make room for them."""
    if chart.kind == "forest":
        up.tick_label_position, up.minimum_scale = TICKS.NONE, 0.0
        across.tick_label_position = TICKS.LOW
        ends = [float(x) for one in made for x in one.x]
        across.minimum_scale, across.maximum_scale = math.floor(min(-0.5, *ends)), math.ceil(max(1.5, *ends))
        up.maximum_scale = max(float(y) for one in made for y in one.y if y is not None) + 0.1
        return
    if min((float(y) for one in made for y in one.y if y is not None), default=0.0) < 0:
        across.tick_label_position = TICKS.LOW
    elif chart.kind != "time":
        up.minimum_scale = 0.0
    if chart.kind in ("dot", "crossover"):
        ratios = chart.series[0]
        up.maximum_scale = math.ceil(2.2 * max([1.0, *numbers_of(ratios.y), *numbers_of(ratios.high)])) / 2
    if chart.kind == "crossover":
        scaling = across._element.find(qn("c:scaling"))  # noqa: SLF001 -- python-pptx has no logarithmic axes
        scaling.insert(0, parse_xml(_LOG_BASE))
        places = [float(x) for x in chart.series[0].x]
        across.minimum_scale, across.maximum_scale = min(places), 1.25 * max(2 * min(places), *places)
    elif chart.kind in ("step", "time", "pareto"):
        across.minimum_scale = 0.0
