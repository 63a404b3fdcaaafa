"""The languages that a report can be written in."""

from collections.abc import Mapping

from pipeline.report.language.language import ENGLISH, Language

LANGUAGES: Mapping[str, Language] = {"en": ENGLISH}
"""By the code that a document's labels have."""
