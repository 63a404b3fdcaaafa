"""Figures in the manner of a language and a currency; English is what it was."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pipeline.base import format as forms
from pipeline.base.manner import ENGLISH, GERMAN, MANNERS, Manner, printed_in, restated

EURO = replace(GERMAN, currency="EUR", per_usd=0.9)
NARROW = "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("form", "value", "english", "german"),
    [
        (forms.number, 1460.5, "1,460", "1.460"),
        (forms.number, 14.605, "14.6", "14,6"),
        (forms.number, 0, "0", "0"),
        (forms.count, -12345, "\N{MINUS SIGN}12,345", "\N{MINUS SIGN}12.345"),
        (forms.magnitude, 7.62e9, "7.62 billion", "7,62 Mrd."),
        (forms.magnitude, 5.77e6, "5.77 million", "5,77 Mio."),
        (forms.score, 0.71236, "0.7124", "0,7124"),
        (forms.change, -0.0125, "\N{MINUS SIGN}0.0125", "\N{MINUS SIGN}0,0125"),
        (forms.ratio, 1.618, "1.62\N{MULTIPLICATION SIGN}", "1,62\N{MULTIPLICATION SIGN}"),
        (forms.percent, 0.75, "75 %", f"75{NARROW}%"),
        (forms.share, 0.9987, "99.9 %", f"99,9{NARROW}%"),
        (forms.share, 1, "100 %", f"100{NARROW}%"),
        (forms.recovery, 0.98765, "98.77 %", f"98,77{NARROW}%"),
        (forms.certainty, 0.975, "97.5 %", f"97,5{NARROW}%"),
        (forms.drift, 0.0123, "+1.2 %", f"+1,2{NARROW}%"),
        (forms.p_value, 0.0001, "< 0.001", "< 0,001"),
        (forms.tiny, 2.4e-7, "2.4e\N{MINUS SIGN}07", "2,4e\N{MINUS SIGN}07"),
        (forms.size, 5.5 * 2**30, "5.50 GiB", "5,50 GiB"),
        (forms.size_text, 5.5 * 2**30, "5.5 GiB", "5,5 GiB"),
        (forms.seconds, 12.5, "12 s", "12 s"),
        (forms.tick, 12500.5, "12,500.5", "12.500,5"),
        (forms.plain, 0.05, "0.05", "0,05"),
        (forms.as_given, 12000, "12,000", "12.000"),
        (forms.usd, 1460.4, "1,460 USD", "1.460 USD"),
        (forms.usd, 58.4, "58.40 USD", "58,40 USD"),
        (forms.usd_as_given, 0.34, "0.34 USD", "0,34 USD"),
        (forms.usd_as_given, 1234.5678, "1,234.5678 USD", "1.234,5678 USD"),
        (forms.day, "2026-11-29", "2026-11-29", "29.11.2026"),
        (forms.day, "unknown", "unknown", "unknown"),
        (forms.moment, "2026-11-29T12:30:05+00:00", "2026-11-29 12:30:05", "29.11.2026 12:30:05"),
    ],
)
def test_every_form_follows_the_manner(form: Callable[..., str], value: object, english: str, german: str) -> None:
    """Separators, the space before percent, words of large numbers and days are the language's; digits are not."""
    assert form(value) == english
    with printed_in(GERMAN):
        assert form(value) == german
    assert form(value) == english


def test_ranges_name_their_unit_once_in_every_manner() -> None:
    """English has a dash between the ends, German a word; a unit stands once behind both."""
    assert forms.span(1.2, 1.4, 2) == "1.2\N{EN DASH}1.4"
    assert forms.extent(-0.1, 0.2, forms.percent) == "\N{MINUS SIGN}10 \N{EN DASH} 20 %"
    with printed_in(GERMAN):
        assert forms.span(1.2, 1.4, 2) == "1,2 bis 1,4"
        assert forms.extent(-0.1, 0.2, forms.percent) == f"\N{MINUS SIGN}10 bis 20{NARROW}%"
        assert forms.extent(58.4, 117, forms.usd) == "58,40 bis 117 USD"
        assert forms.extent(1.1, 1.3, forms.ratio) == "1,10 bis 1,30\N{MULTIPLICATION SIGN}"


def test_money_is_printed_in_the_currency_at_its_rate() -> None:
    """An amount of USD is converted, and rounded only then; a stated price has at most four places."""
    with printed_in(EURO):
        assert forms.usd(1000) == "900 EUR"
        assert forms.usd(111) == "99,90 EUR"
        assert forms.usd_as_given(0.34) == "0,306 EUR"
        assert forms.usd_as_given(1 / 3) == "0,30 EUR"
        assert forms.currency() == "EUR"
        assert forms.shown_amount(10) == 9
    with printed_in(replace(ENGLISH, currency="CHF", per_usd=0.8)):
        assert forms.usd(2000) == "1,600 CHF"


@pytest.mark.parametrize(
    ("kept", "german"),
    [
        ("1,460.50", "1.460,50"),
        ("0.0312", "0,0312"),
        ("12%", f"12{NARROW}%"),
        ("97.5 %", f"97,5{NARROW}%"),
        ("< 0.1 %", f"< 0,1{NARROW}%"),
        ("\N{MINUS SIGN}0.01 \N{PLUS-MINUS SIGN} 0.02", "\N{MINUS SIGN}0,01 \N{PLUS-MINUS SIGN} 0,02"),
        ("1.20\N{EN DASH}1.40", "1,20 bis 1,40"),
        ("5.5 GiB", "5,5 GiB"),
        ("12,345 tokens", "12.345 tokens"),
        ("2.8.20", "2.8.20"),
        ("Qwen2.5", "Qwen2.5"),
        ("awqctl bench", "awqctl bench"),
        ("", ""),
    ],
)
def test_figures_that_results_keep_are_restated(kept: str, german: str) -> None:
    """What is a number with its unit is printed anew; versions, names and sentences stay."""
    assert restated(kept, GERMAN) == german


def test_a_manner_ends_with_its_context() -> None:
    """Also where what is printed in it fails, so that the next document is not printed in it."""
    with pytest.raises(ValueError, match="stopped"), printed_in(GERMAN):
        raise ValueError("stopped")

    assert forms.count(1000) == "1,000"


def test_every_manner_is_found_by_its_language() -> None:
    """The default is English."""
    assert {"en": Manner(), "de": GERMAN} == MANNERS
