"""The script of the page: one for all reports, allowed by its hash, so that no other text of a page can ever run."""

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

from pipeline.report.render.templates import source

ARITHMETIC = ("fraction.js", "pricing.js")
"""Without the page: numbers in, numbers out."""
_PAGE = "calculator.js"


@dataclass(frozen=True)
class Script:
    """What stands inside a script element, and what lets it run."""

    text: Markup
    source: Markup
    """For `script-src` of the Content-Security-Policy."""


@lru_cache(maxsize=1)
def page_script() -> Script:
    """Return the script, in strict mode and leaving no name behind."""
    body = "\n".join(map(source, (*ARITHMETIC, _PAGE)))
    text = f'(() => {{\n"use strict";\n{body}}})();\n'
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Script(Markup(text), Markup(f"'sha256-{digest}'"))  # noqa: S704 -- files of ours
