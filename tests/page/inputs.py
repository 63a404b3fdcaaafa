"""Inputs as a reader types them, on the page and in Python, and every figure that both come to."""

import json
import random
from collections.abc import Mapping
from fractions import Fraction

from pipeline.report.document import CalculatorLabels
from pipeline.report.render.calculator import OPTION_PLACES, calculator_of, figures_of
from pipeline.report.render.calculator_fields import Field
from pipeline.report.render.exact_text import Manner
from pipeline.roi.evaluation import evaluate
from pipeline.roi.model import ModelOption, PricingModel
from tests.browser import Page
from tests.page.documents import priced_report

READ = """(() => {
  const figures = (kind) => [...document.querySelectorAll(`table[data-kind=${kind}] tbody tr`)].map(
    (row) => [...row.querySelectorAll("td")].map(
      (cell) => (cell.querySelector(".yours") ?? cell.firstElementChild).textContent));
  return [figures("options"), figures("pairs")];
})()"""
_CURVE = """[...document.querySelectorAll(".curve:not([hidden]) table[data-kind=curve] tbody tr")].map(
  (row) => [...row.cells].map((cell) => cell.textContent))"""
_MULTIPLES = tuple(map(Fraction, ("1/8", "1/4", "1/2", "3/4", "1", "3/2", "2", "3", "4", "6", "8")))
"""Of the load, in the table of the chart."""
_TYPE = """((changes) => {
  for (const input of document.querySelectorAll("#calculator input")) {
    input.value = changes[input.name] ?? input.defaultValue;
  }
  document.querySelector("#calculator input").dispatchEvent(new Event("input", { bubbles: true }));
  return [...document.querySelectorAll("#calculator .error")].map((each) => each.textContent).filter(Boolean);
})"""
_LARGEST = {"load.requests_per_day": 3_000_000, "load.input_tokens": 5_000, "load.output_tokens": 3_000}


def fields_of(model: PricingModel, labels: CalculatorLabels) -> list[Field]:
    """Return what a reader can change."""
    calculator = calculator_of(priced_report(model, labels))
    return [field for _, fields in calculator.groups for field in fields] if calculator else []


def drawn_changes(fields: list[Field], dice: random.Random) -> dict[str, str]:
    """Return some inputs as they are typed: with and without decimals, near what a report has and far from it."""
    chosen = dice.sample(fields, dice.randint(1, min(4, len(fields))))
    return {field.name: _typed(field, dice) for field in chosen}


def _typed(field: Field, dice: random.Random) -> str:
    if field.name == "years":
        return str(dice.randint(1, 10))
    low, high = field.bounds.low, field.bounds.high
    high = min(high, Fraction(_LARGEST.get(field.name, 200 if high <= 1000 else 50_000)))
    places = dice.choice((0, 0, 1, 3))
    units = 10**places
    drawn = dice.randint(int(low * units), int(high * units) // dice.choice((1, 10, 100)) + int(low * units) + 1)
    text = f"{float(min(max(Fraction(drawn, units), low), high)):.{places}f}"
    return text if dice.random() < 0.5 else f"{int(text.partition('.')[0]):,}"


def with_changes(model: PricingModel, fields: list[Field], changes: Mapping[str, str]) -> PricingModel:
    """Return the model that the typed inputs stand for."""
    scales = {field.name: field.scale for field in fields}
    typed = {name: Fraction(text.replace(",", "")) / scales[name] for name, text in changes.items()}
    inputs = tuple(
        one.model_copy(update={"value": str(typed[one.name])}) if one.name in typed else one for one in model.inputs
    )
    return model.model_copy(update={"inputs": inputs, "years": int(typed.get("years", model.years))})


async def type_inputs(page: Page, changes: Mapping[str, str]) -> list[str]:
    """Type into some fields, the others being the report's; return what the fields say is wrong."""
    faults: list[str] = await page.run(f"{_TYPE}({json.dumps(changes)})")
    return faults


def curve_of(model: PricingModel, labels: CalculatorLabels) -> list[list[str]]:
    """Return the table of the chart: loads, and what a million output tokens cost with machines counted for them."""
    manner, rate = Manner(labels.group, labels.point, labels.minus), Fraction(model.per_usd)
    load, rows = model.values.get("load.requests_per_day", Fraction(0)), []
    for times in _MULTIPLES:
        inputs = tuple(
            one.model_copy(update={"value": str(load * times)}) if one.name == "load.requests_per_day" else one
            for one in model.inputs
        )
        counted = [one.model_copy(update={"stated": False}) for one in model.options if _countable(one, model)]
        found = evaluate(model.model_copy(update={"inputs": inputs, "options": tuple(counted), "pairs": ()}))
        costs = [each.per_mtok for each in found.options.values()]
        if any(each is not None for each in costs):
            printed = [manner.printed(each * rate, OPTION_PLACES["per_mtok"]) for each in costs if each is not None]
            rows.append([manner.printed(load * times, 0), *printed])
    return rows


def _countable(option: ModelOption, model: PricingModel) -> bool:
    return option.tenure == "paid per token" or f"{option.variant}.goodput_tokens_per_s" in model.values


async def compare(
    page: Page, model: PricingModel, labels: CalculatorLabels, changes: Mapping[str, str]
) -> tuple[int, list[str]]:
    """Type inputs; return how many figures were compared, and which differ from Python's."""
    faults = await type_inputs(page, changes)
    shown = await page.run(READ)
    changed = with_changes(model, fields_of(model, labels), changes)
    expected = figures_of(changed, labels)
    flat = [figure for kind in (*shown, await page.run(_CURVE)) for row in kind for figure in row]
    right = [figure for kind in (*expected, curve_of(changed, labels)) for row in kind for figure in row]
    differ = [f"{mine} instead of {its}" for mine, its in zip(flat, right, strict=True) if mine != its]
    return len(flat), [f"{changes}: {one}" for one in (*faults, *differ)]
