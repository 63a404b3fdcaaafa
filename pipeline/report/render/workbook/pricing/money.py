"""How figures and words of the pricing sheets are written."""

from pipeline.report.render.workbook.styles import number_format

AMOUNT = number_format("#,##0.00;[Red]-#,##0.00;0.00")
WHOLE = number_format("#,##0")
DECIMAL = number_format("#,##0.00")
PERCENT = number_format("0.0%")
EXACT = number_format("General")


def said(text: str) -> str:
    """Return text as a formula has it."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
