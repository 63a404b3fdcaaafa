"""The calculator of the page, as far as it needs no browser."""

import base64
import hashlib
import json
import random
import re
from dataclasses import fields as names_of
from fractions import Fraction
from html import unescape
from importlib import resources

import pytest

from pipeline.report.render.calculator import calculator_of, figures_of
from pipeline.report.render.exact_text import Manner
from pipeline.report.render.html import to_html
from pipeline.roi.evaluation import OptionCosts, PairCosts
from pipeline.roi.model import ModelInput, PricingModel
from tests.page.documents import LABELS, priced_report
from tests.page.inputs import drawn_changes, fields_of, with_changes
from tests.page.models import drawn_models

ENGLISH = Manner(LABELS.group, LABELS.point, LABELS.minus)
MODEL = next(one for one in drawn_models(50, 7) if one.currency == "EUR" and one.values["load.requests_per_day"])


def _data(html: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="calculator-data">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found.group(1))


def test_only_the_page_s_own_script_may_run() -> None:
    """The policy names the hash of the one script, and allows no other."""
    html = to_html(priced_report(MODEL))
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    policy = unescape(re.findall(r'Content-Security-Policy" content="([^"]*)"', html)[0])

    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert len(scripts) == 1
    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "'use strict'" in scripts[0] or '"use strict"' in scripts[0]


def test_a_report_without_prices_has_no_script() -> None:
    """Nothing to compute: no field, no script, and no leave to run one."""
    for report in (priced_report(None), priced_report(MODEL.model_copy(update={"options": (), "pairs": ()}))):
        html = to_html(report)
        assert "<script" not in html
        assert "script-src" not in html
        assert "<form" not in html


def test_labels_of_before_have_no_calculator() -> None:
    """A document that knows no words for it is rendered as before."""
    report = priced_report(MODEL)
    old = report.model_copy(update={"labels": report.labels.model_copy(update={"calculator": None})})

    assert "<script" not in to_html(old)


def test_hostile_names_stay_inside_the_data() -> None:
    """Neither a script element nor a comment can be ended or begun from the model."""
    evil = "</script><script>alert(1)</script><!--\"'&\u2028"
    first, *others = MODEL.options
    inputs = tuple(
        ModelInput(
            name=one.name.replace(f"{first.variant}.", f"{evil}."), value=one.value, origin=one.origin, source=evil
        )
        for one in MODEL.inputs
    )
    model = MODEL.model_copy(
        update={"inputs": inputs, "options": (first.model_copy(update={"variant": evil}), *others)}
    )
    html = to_html(priced_report(model))

    assert html.count("</script>") == 2
    assert html.count("<script") == 2
    assert "<!--" not in html
    assert _data(html)["options"][0]["variant"] == evil  # type: ignore[index]


def test_the_page_shows_what_the_document_prices() -> None:
    """Every figure of every option and pair stands in the page without any script."""
    html = to_html(priced_report(MODEL))
    options, pairs = figures_of(MODEL, LABELS)
    shown = [unescape(text) for text in re.findall(r'<span class="stated">([^<]*)</span>', html)]

    assert shown == [text for row in (*options, *pairs) for text in row]
    assert re.search(r'<form class="inputs" hidden', html)


def test_the_data_are_the_model() -> None:
    """The script is given the exact numbers, the options and the pairs, in their order."""
    data = _data(to_html(priced_report(MODEL)))

    assert data["values"] == {one.name: one.value for one in MODEL.inputs}
    assert data["options"] == [one.model_dump() for one in MODEL.options]
    assert data["pairs"] == [list(pair) for pair in MODEL.pairs]
    places = {name for key in ("option_places", "pair_places") for name in data[key]}  # type: ignore[attr-defined]
    assert places == {each.name for kind in (OptionCosts, PairCosts) for each in names_of(kind)} - {"years"}


def test_every_label_is_the_document_s() -> None:
    """Another language's labels replace all of English, in the page and in what the script is given."""
    changed = {
        name: f"«{name}»" if isinstance(value, str) else {key: f"«{key}»" for key in value}
        for name, value in LABELS.model_dump().items()
        if name not in ("group", "point", "minus")
    }
    labels = LABELS.model_copy(update=changed)
    html = to_html(priced_report(MODEL, labels))

    english = [value for name, value in LABELS if isinstance(value, str) and len(value) > 8]
    assert [text for text in english if text in unescape(html)] == []
    assert _data(html)["labels"] == labels.model_dump()


def test_templates_and_scripts_have_no_words_of_their_own() -> None:
    """No text between tags, and no capitalised sentence in a string of a script."""
    folder = resources.files("pipeline.report").joinpath("templates")
    page = folder.joinpath("calculator.html.j2").read_text(encoding="utf-8")
    bare = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", "", re.sub(r"\{\{.*?\}\}", "", page))
    script = re.sub(r"//.*", "", folder.joinpath("calculator.js").read_text(encoding="utf-8"))

    assert bare.split() == []
    assert re.findall(r'["`][A-Z][a-z]+ [a-z]+[^"`]*["`]', script) == []


def test_numbers_are_printed_in_a_language_s_manner() -> None:
    """Half away from zero, thousands apart, and no cent lost however large the amount is."""
    german = Manner(".", ",", "-")

    assert ENGLISH.printed(Fraction("1234567.005"), 2) == "1,234,567.01"
    assert ENGLISH.printed(Fraction("-0.005"), 2) == "\N{MINUS SIGN}0.01"
    assert ENGLISH.printed(Fraction("-0.0049"), 2) == "0.00"
    assert german.printed(Fraction("-1234.5"), 1) == "-1.234,5"
    assert ENGLISH.printed(Fraction(10**20) + Fraction(1, 100), 2) == "100,000,000,000,000,000,000.01"


@pytest.mark.parametrize(("value", "text"), [("1/3", "0.333333"), ("2000", "2,000"), ("3/2", "1.5"), ("0", "0")])
def test_fields_show_the_decimals_that_a_number_has(value: str, text: str) -> None:
    """Six at most; the script goes on with the exact number where a field is left alone."""
    assert ENGLISH.entered(Fraction(value)) == text


def test_a_load_that_nobody_stated_cannot_be_changed() -> None:
    """Without one there is no peak to count machines for, and no cost per token."""
    inputs = tuple(
        one.model_copy(update={"value": "0"}) if one.name == "load.requests_per_day" else one for one in MODEL.inputs
    )
    without = fields_of(MODEL.model_copy(update={"inputs": inputs}), LABELS)

    assert not any(field.name.startswith("load.") for field in without)
    assert any(field.name.startswith("load.") for field in fields_of(MODEL, LABELS))


def test_amounts_are_shown_in_the_currency_and_computed_in_dollars() -> None:
    """A price is shown at the stated rate, and typed back at it."""
    fields = fields_of(MODEL, LABELS)
    price = next(field for field in fields if field.name == "engagement.one_time_usd" or "usd" in field.name)
    rate = Fraction(MODEL.per_usd)

    assert price.scale == rate
    assert price.title.endswith(", EUR")
    assert price.text == ENGLISH.entered(MODEL.values[price.name] * rate)
    assert with_changes(MODEL, fields, {price.name: "92"}).values[price.name] == Fraction(92) / rate


def test_drawn_changes_are_within_the_bounds() -> None:
    """What the check types is what the fields take."""
    fields = fields_of(MODEL, LABELS)
    bounds = {field.name: field.bounds for field in fields}
    for seed in range(200):
        for name, text in drawn_changes(fields, random.Random(seed)).items():  # noqa: S311 -- a test's dice
            assert bounds[name].low <= Fraction(text.replace(",", "")) <= bounds[name].high


def test_equal_reports_are_equal_pages() -> None:
    """Neither the order of keys nor the hash depends on chance."""
    report = priced_report(PricingModel.model_validate_json(MODEL.model_dump_json()))

    assert to_html(report) == to_html(priced_report(MODEL))
    assert calculator_of(report) == calculator_of(priced_report(MODEL))
