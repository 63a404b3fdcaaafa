"""The languages that a report can be written in."""

from collections.abc import Mapping

from pipeline.report.language.de.language import GERMAN
from pipeline.report.language.language import ENGLISH, Language

LANGUAGES: Mapping[str, Language] = {"en": ENGLISH, "de": GERMAN}
"""By the code that recipes have in `report.language`."""
