"""A report document as HTML, Markdown and JSON."""

import re
import textwrap
from importlib import resources

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup, escape

from pipeline.report.charts.svg import svg_of
from pipeline.report.document import Chart, Excerpt, ReportDocument

_MARKDOWN_WIDTH = 100
_CODE = re.compile(r"((?<!`)`[^`]+`(?!`))")
"""What stands between two backticks, these included."""
_TEMPLATES = ("report.html.j2", "report.md.j2", "report.css")


def to_html(report: ReportDocument) -> str:
    """Return one self-contained page: styles and charts inside, no scripts, nothing fetched."""
    environment = _environment(escape=True)
    environment.filters["breakable"] = breakable
    environment.filters["code"] = inline_code
    environment.filters["svg"] = _drawn
    return environment.get_template("report.html.j2").render(report=report, css=Markup(_source("report.css")))  # noqa: S704


def to_markdown(report: ReportDocument) -> str:
    """Return the same report as Markdown, tables in place of charts."""
    environment = _environment(escape=False)
    environment.filters["plain"] = markdown_text
    environment.filters["fenced"] = fenced
    return environment.get_template("report.md.j2").render(report=report)


def to_json(report: ReportDocument) -> str:
    """Return the same report as JSON, every figure unrounded beside its printed text."""
    return report.model_dump_json(indent=2) + "\n"


def inline_code(text: str) -> Markup:
    """Return escaped text in which what stands between backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 -- escaped before


def breakable(text: str) -> Markup:
    """Return escaped text that may be broken after an underscore or a slash."""
    return Markup(re.sub(r"([_/])(?=\w)", r"\1<wbr>", str(escape(text))))  # noqa: S704 -- escaped before


def markdown_text(text: str) -> str:
    """Return text that Markdown shows as it is: nothing becomes a table border, a tag or a heading.

    Between backticks it is code, where a backslash would be shown; only a table border has one there, too.
    """
    parts = _CODE.split(" ".join(text.split()))
    return "".join(part.replace("|", "\\|") if code % 2 else _escaped(part) for code, part in enumerate(parts))


def _escaped(text: str) -> str:
    return "".join(f"\\{character}" if character in "\\|<>[]*_#`" else character for character in text)


def fenced(excerpt: Excerpt) -> str:
    """Return a quotation between fences that nothing inside it can close; prose is wrapped, code is not."""
    lines = excerpt.text.split("\n")
    if not excerpt.code:
        lines = [part for line in lines for part in textwrap.wrap(line, _MARKDOWN_WIDTH) or [""]]
    text = "\n".join(lines)
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def _drawn(chart: Chart) -> Markup:
    return Markup(svg_of(chart))  # noqa: S704 -- matplotlib escapes its text


def _environment(*, escape: bool) -> Environment:
    sources = {name: _source(name) for name in _TEMPLATES}
    return Environment(
        loader=DictLoader(sources),
        autoescape=escape,  # noqa: S701 -- off for Markdown alone, where `markdown_text` escapes
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )


def _source(name: str) -> str:
    return resources.files("pipeline.report").joinpath("templates", name).read_text(encoding="utf-8")
