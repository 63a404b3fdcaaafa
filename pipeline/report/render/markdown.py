"""A report document as Markdown: tables in place of charts."""

import re
import textwrap

from pipeline.report.document import Excerpt, ReportDocument
from pipeline.report.render.templates import environment

_WIDTH = 100
_CODE = re.compile(r"((?<!`)`[^`]+`(?!`))")
"""What stands between two backticks, these included."""


def to_markdown(report: ReportDocument) -> str:
    """Return the same report as Markdown, tables in place of charts."""
    page = environment(escape=False)
    page.filters["plain"] = markdown_text
    page.filters["fenced"] = fenced
    return page.get_template("report.md.j2").render(report=report)


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
        lines = [part for line in lines for part in textwrap.wrap(line, _WIDTH) or [""]]
    text = "\n".join(lines)
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"
