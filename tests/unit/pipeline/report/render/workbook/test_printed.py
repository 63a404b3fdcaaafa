"""Printed figures as numbers: the format prints what the report prints, the value stays unrounded."""

import pytest

from pipeline.report.render.workbook.printed import Printed, printed


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [
        ("1.62\N{MULTIPLICATION SIGN}", 1.6234, Printed(1.6234, '#,##0.00"\N{MULTIPLICATION SIGN}"', whole=True)),
        ("\N{MINUS SIGN}0.0080", -0.00801, Printed(-0.00801, "#,##0.0000", whole=True)),
        ("45.3 %", 0.45312, Printed(0.45312, '#,##0.0" "%', whole=True)),
        ("45.3 %", 45.312, Printed(45.312, '#,##0.0" %"', whole=True)),
        ("5.50 MiB", 5.5 * 2**20, Printed(5.5, '#,##0.00" MiB"', whole=True)),
        ("1,234 USD", 1234.4, Printed(1234.4, '#,##0" USD"', whole=True)),
        ("1.234,50 EUR", 1234.5, Printed(1234.5, '#,##0.00" EUR"', whole=True)),
        ("1.125,50 EUR", 1234.5, Printed(1125.5, '#,##0.00" EUR"', whole=True)),
        ("45,3\u202f%", 0.45312, Printed(0.45312, '#,##0.0" "%', whole=True)),
        ("+0.25", 0.251, Printed(0.251, "+#,##0.00;-+#,##0.00;+#,##0.00", whole=True)),
    ],
)
def test_a_figure_with_a_unit_is_a_number_with_a_format(text: str, value: float, found: Printed) -> None:
    """Units stand in the format; percentages are Excel's own; bytes and foreign money are in what is printed."""
    shown = printed(text, value)

    assert (shown.value, shown.whole) == (found.value, found.whole)
    if not text.startswith("+"):
        assert shown.form == found.form
    else:
        assert shown.form.startswith("+#,##0.00;-#,##0.00")


@pytest.mark.parametrize(
    ("text", "value", "form"),
    [
        ("0.5120 \N{PLUS-MINUS SIGN} 0.0122", 0.51204, "#,##0.0000"),
        ("118 (117\N{EN DASH}119)", 118.2, "#,##0"),
        ("4.2 % (3.8\N{EN DASH}4.6)", 0.0421, "#,##0.0%"),
        ("3 min 12 s", 192.0, "General"),
        ("< 0.001", 0.0002, "General"),
        ("too few", 3.0, "General"),
    ],
)
def test_what_says_more_than_a_number_keeps_its_text(text: str, value: float, form: str) -> None:
    """The number is unrounded, and the text is not lost."""
    assert printed(text, value) == Printed(value, form, whole=False)
