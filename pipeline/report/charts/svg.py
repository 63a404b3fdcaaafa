"""The charts of a report as SVG."""

from functools import lru_cache

from markupsafe import escape

from pipeline.base.manner import MANNERS, printed_in
from pipeline.report.charts.bars import bar_svg
from pipeline.report.charts.crossover import crossover_svg
from pipeline.report.charts.dots import dot_svg
from pipeline.report.charts.forest import forest_svg
from pipeline.report.charts.lines import line_svg
from pipeline.report.charts.pareto import pareto_svg
from pipeline.report.charts.steps import step_svg
from pipeline.report.charts.times import time_svg
from pipeline.report.document import Chart

_DRAWN_BY = {
    "line": line_svg,
    "dot": dot_svg,
    "bar": bar_svg,
    "step": step_svg,
    "forest": forest_svg,
    "crossover": crossover_svg,
    "pareto": pareto_svg,
    "time": time_svg,
}
_STYLE = "font-family: Arial, Helvetica, sans-serif; background: white"


@lru_cache(maxsize=128)
def svg_of(chart: Chart) -> str:
    """Return a chart as an element of an HTML page, drawn from its series alone; equal charts give equal text."""
    with printed_in(MANNERS[chart.language]):
        return _DRAWN_BY[chart.kind](chart)


def svg_file(chart: Chart) -> str:
    """Return the same as a file of its own, with its title and what is to be seen."""
    head, _, body = svg_of(chart).partition(">")
    head = head.replace(' aria-hidden="true" focusable="false"', "")
    alone = f'{head} xmlns="http://www.w3.org/2000/svg" role="img" style="{_STYLE}">'
    return f"{alone}<title>{escape(chart.title)}</title><desc>{escape(chart.alternative)}</desc>{body}\n"
