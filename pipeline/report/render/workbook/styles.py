"""How cells look. Origins differ by slant and lines, and only then by colour."""

from collections.abc import Mapping
from typing import Any

from pipeline.base.results import Origin
from pipeline.report.document import Tone

Look = Mapping[str, Any]
"""Properties of a format, as XlsxWriter names them."""
INK = "#1D2733"
MUTED = "#5A6573"
_BASE: Look = {"font_name": "Calibri", "font_size": 10, "font_color": INK, "valign": "top"}
TITLE: Look = {"bold": True, "font_size": 16}
HEADING: Look = {"bold": True, "font_size": 12}
TABLE_TITLE: Look = {"bold": True, "font_size": 10.5}
NOTE: Look = {"font_color": MUTED, "font_size": 9}
HEADER: Look = {"bold": True, "bg_color": "#E3E7EC", "bottom": 1, "text_wrap": True, "valign": "bottom"}
NUMERIC_HEADER: Look = {**HEADER, "align": "right"}
WRAPPED: Look = {"text_wrap": True}
RIGHT: Look = {"align": "right"}
BOLD: Look = {"bold": True}
LINK: Look = {"font_color": "#0067A3", "underline": 1}
EDITABLE: Look = {"bg_color": "#FFF6D6", "border": 1, "border_color": "#8A6D00", "font_color": "#0000C0"}
ORIGINS: Mapping[Origin, Look] = {
    "measured": {},
    "modelled": {"italic": True, "bg_color": "#E8F1F8"},
    "quoted": {"underline": 1, "bg_color": "#EEF0F2"},
    "assumed": {"italic": True, "bottom": 4, "bottom_color": INK, "bg_color": "#FBF1DF"},
}
"""Upright, slanted, underlined, slanted above a dotted line."""
TONES: Mapping[Tone, Look] = {
    "plain": {},
    "good": {"bold": True, "font_color": "#2F6B1E"},
    "bad": {"bold": True, "font_color": "#B3401F"},
    "caution": {"bold": True, "font_color": "#8A5A00"},
}


class Styles:
    """Formats of one workbook, each made once."""

    def __init__(self, book: Any) -> None:
        """Take the workbook that formats belong to."""
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Any] = {}
        self.bold = book.add_format({"bold": True})

    def of(self, *looks: Look) -> Any:
        """Return the format that has all these properties; later ones win."""
        merged = dict(_BASE)
        for look in looks:
            merged |= look
        key = tuple(sorted(merged.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(merged)
        return self._made[key]


def number_format(form: str) -> Look:
    """Return the look of a number printed by an Excel number format."""
    return {"num_format": form, "align": "right"}
