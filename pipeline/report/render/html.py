"""A report document as one self-contained HTML page."""

import re

from markupsafe import Markup, escape

from pipeline.report.charts.svg import svg_of
from pipeline.report.document import Chart, ReportDocument
from pipeline.report.render.templates import environment, source


def to_html(report: ReportDocument) -> str:
    """Return one self-contained page: styles and charts inside, no scripts, nothing fetched."""
    page = environment(escape=True)
    page.filters["breakable"] = breakable
    page.filters["code"] = inline_code
    page.filters["svg"] = _drawn
    return page.get_template("report.html.j2").render(report=report, css=Markup(source("report.css")))  # noqa: S704


def inline_code(text: str) -> Markup:
    """Return escaped text in which what stands between backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 -- escaped before


def breakable(text: str) -> Markup:
    """Return escaped text that may be broken after an underscore or a slash; what is between backticks is code."""
    parted = re.sub(r"([_/])(?=\w)", r"\1<wbr>", str(escape(text)))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", parted))  # noqa: S704 -- escaped before


def _drawn(chart: Chart) -> Markup:
    return Markup(svg_of(chart))  # noqa: S704 -- matplotlib escapes its text
