"""A report document as one self-contained HTML page."""

import re
from typing import Any

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup, escape

from pipeline.report.charts.svg import svg_of
from pipeline.report.document import Chart, ReportDocument
from pipeline.report.render.calculator import calculator_of
from pipeline.report.render.script import page_script
from pipeline.report.render.templates import environment, source


def to_html(report: ReportDocument) -> str:
    """Return one self-contained page: styles, charts and, where something was priced, its script inside.

    Nothing is fetched, and no other script can run. Without scripts the report's own figures stand.
    """
    page = environment(escape=True)
    page.filters["breakable"] = breakable
    page.filters["code"] = inline_code
    page.filters["svg"] = _drawn
    page.filters["embedded"] = _embedded
    calculator = calculator_of(report)
    return page.get_template("report.html.j2").render(
        report=report,
        css=Markup(source("report.css")),  # noqa: S704 -- a file of ours
        running_head=running_head(report.cover.client, report.cover.title),
        calculator=calculator,
        script=page_script() if calculator else None,
    )


def running_head(client: str | None, title: str) -> Markup:
    """Return the style of printed pages' heads: whose report it is, on every page but the cover."""
    first, last = (css_string(text) for text in (title, client or ""))
    return Markup(  # noqa: S704 -- escaped before
        f"@page {{ @top-left {{ content: {first}; }} @top-right {{ content: {last}; }} }}\n"
        "@page :first { @top-left { content: none; } @top-right { content: none; } }"
    )


def css_string(text: str) -> str:
    """Return text as a string of CSS that nothing in it can end: neither the string nor the style element."""
    return '"' + re.sub(r"[^\w .,:;()-]", lambda match: f"\\{ord(match.group()):x} ", text, flags=re.ASCII) + '"'


def inline_code(text: str) -> Markup:
    """Return escaped text in which what stands between backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 -- escaped before


def breakable(text: str) -> Markup:
    """Return escaped text that may be broken after an underscore or a slash; what is between backticks is code."""
    parted = re.sub(r"([_/])(?=\w)", r"\1<wbr>", str(escape(text)))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", parted))  # noqa: S704 -- escaped before


def _drawn(chart: Chart) -> Markup:
    return Markup(svg_of(chart))  # noqa: S704 -- matplotlib escapes its text


def _embedded(data: Any) -> Markup:
    """Return JSON that cannot end its script element; keys stay in their order."""
    return htmlsafe_json_dumps(data)
