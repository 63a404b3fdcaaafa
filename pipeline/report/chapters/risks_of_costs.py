"""Risks of costs: what is not decided, what was assumed, and how old the prices are."""

import re
from collections.abc import Iterator
from datetime import date, datetime

from eval.bench.result import BenchResult
from pipeline.base.format import day
from pipeline.report.chapters.recommendation import SOME_REPEATS
from pipeline.report.inputs import Inputs
from pipeline.report.risk import Risk, awqctl
from pipeline.roi.result import RoiResult

_IN_RECIPE = "record.json#/recipe/roi/"
_DATE = re.compile(r"\b(20\d\d)-(\d\d)(?:-(\d\d))?\b")
_OLD_DAYS = 90


def cost_risks(inputs: Inputs) -> Iterator[Risk]:
    """Yield the risks of costs."""
    say, roi = inputs.say.risks, awqctl("roi", inputs.recipe.name)
    if inputs.has_dummies:
        return
    if not inputs.has(RoiResult):
        yield Risk("high", say.no_costs, say.run(roi), "record.json#/stages")
        return
    if inputs.saving.decision == "not decided":
        repeats = inputs.load.repeats if inputs.has(BenchResult) else 0
        more = say.more_repeats(str(max(SOME_REPEATS, 2 * repeats)), awqctl("run", inputs.recipe.name))
        yield Risk("high", say.costs_open, more, "roi/roi.json#/comparisons")
    yield from _of_assumptions(inputs)
    yield from _of_the_price(inputs)


def _of_assumptions(inputs: Inputs) -> Iterator[Risk]:
    say, roi = inputs.say.risks, inputs.recipe.roi
    parts = ((say.price, roi.hourly), (say.load, roi.load), (say.engagement, roi.engagement))
    assumed = [what for what, one in parts if one is not None and one.origin == "assumed"]
    if assumed:
        quote = say.quote(awqctl("roi", inputs.recipe.name))
        yield Risk("medium", say.assumed(say.listing(assumed)), quote, f"{_IN_RECIPE}hourly/origin")


def _of_the_price(inputs: Inputs) -> Iterator[Risk]:
    say, hourly = inputs.say.risks, inputs.recipe.roi.hourly
    if hourly.origin == "assumed":
        return
    again, fact = say.date_price(awqctl("roi", inputs.recipe.name)), f"{_IN_RECIPE}hourly/source"
    quoted = quoted_on(hourly.source)
    if quoted is None:
        yield Risk("low", say.undated_price, again, fact)
        return
    measured = max(inputs.record.stages[name].started_at for name in inputs.stages)
    days = (datetime.fromisoformat(measured).date() - quoted).days
    if days > _OLD_DAYS:
        yield Risk("medium", say.stale_price(day(quoted.isoformat()), str(days)), again, fact)


def quoted_on(source: str) -> date | None:
    """Return the latest day that the words of a source name; of a month its first. None where they name none."""
    found = []
    for year, month, of_month in _DATE.findall(source):
        try:
            found.append(date(int(year), int(month), int(of_month or 1)))
        except ValueError:
            continue
    return max(found, default=None)
