"""The charts of a report as SVG."""

from pipeline.report.charts.bars import bar_svg
from pipeline.report.charts.dots import dot_svg
from pipeline.report.charts.forest import forest_svg
from pipeline.report.charts.lines import line_svg
from pipeline.report.charts.pareto import pareto_svg
from pipeline.report.charts.steps import step_svg
from pipeline.report.document import Chart

_DRAWN_BY = {
    "line": line_svg,
    "dot": dot_svg,
    "bar": bar_svg,
    "step": step_svg,
    "forest": forest_svg,
    "pareto": pareto_svg,
}


def svg_of(chart: Chart) -> str:
    """Return a chart as an element of an HTML page, drawn from its series alone; equal charts give equal text."""
    return _DRAWN_BY[chart.kind](chart)
