"""The recipe section `report`."""

import pytest
from pydantic import ValidationError

from pipeline.recipe.report import Report


def test_a_report_is_in_english_and_in_us_dollars_unless_told_otherwise() -> None:
    """Recipes without the keys say what they said."""
    assert (Report().language, Report().currency) == ("en", None)


def test_a_currency_has_a_rate_a_source_and_a_date() -> None:
    """None of them can be left out, and none is made up."""
    given = {"code": "EUR", "per_usd": 0.92, "source": "ECB", "date": "2026-11-27"}
    read = Report.model_validate({"currency": given}).currency

    assert read is not None
    assert str(read.date) == "2026-11-27"
    for key in given:
        with pytest.raises(ValidationError, match=key):
            Report.model_validate({"currency": {name: one for name, one in given.items() if name != key}})


@pytest.mark.parametrize(
    "wrong", [{"code": "euro"}, {"per_usd": 0}, {"per_usd": -1}, {"date": "yesterday"}, {"rate": 0.9}]
)
def test_currencies_that_are_none_are_refused(wrong: dict[str, object]) -> None:
    """Codes have three capitals, rates are positive, days are days, and other keys do not exist."""
    given = {"code": "EUR", "per_usd": 0.92, "source": "ECB", "date": "2026-11-27"}

    with pytest.raises(ValidationError):
        Report.model_validate({"currency": given | wrong})


def test_languages_are_those_that_reports_speak() -> None:
    """Another one is refused rather than said in English."""
    with pytest.raises(ValidationError, match="language"):
        Report.model_validate({"language": "fr"})
