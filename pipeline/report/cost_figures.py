"""Figures of costs as they are printed: with their ranges, their origin and where they stand."""

from collections.abc import Callable

from pipeline.base.format import count, extent, shared_unit
from pipeline.report.document import Cell
from pipeline.report.evidence import Evidence, Keys
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.costs import Costs
from pipeline.roi.figure import Figure


def ranged(one: Figure, form: Callable[[float], str], say: Costs, ends: Callable[[float], str] | None = None) -> str:
    """Return a figure with what it can be: `58.40 USD (0 to 117)`; its range alone where it does not exist itself."""
    ends = ends or form
    if one.low is None:
        return say.not_reached if one.value is None else form(one.value)
    if one.high is None:
        return say.open_range(ends(one.low))
    text = extent(one.low, one.high, ends)
    if one.value is None or one.low == one.high == one.value:
        return text if one.value is None else form(one.value)
    return say.with_range(form(one.value), text.removesuffix(shared_unit(form(one.value), text)))


def figure_keys(one: Figure, evidence: Evidence) -> Keys:
    """Return where a figure and the ends of its range stand, as far as there are any; of none, where that is said."""
    there = [end for end in ("value", "low", "high") if getattr(one, end) is not None]
    return evidence.of(one, *(there or ["value"]))


def figure_cell(one: Figure, form: Callable[[float], str], inputs: Inputs) -> Cell:
    """Return a figure with its range and its origin."""
    text = ranged(one, form, inputs.say.costs)
    return Cell(text=text, value=one.value, origin=one.origin, evidence=figure_keys(one, inputs.evidence))


def requests_a_day(say: Costs) -> Callable[[float], str]:
    """Return how a load is printed."""
    return lambda requests: say.requests_a_day(count(requests))
