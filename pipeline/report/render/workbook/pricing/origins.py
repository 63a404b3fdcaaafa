"""Where what the pricing sheets say comes from."""

from collections.abc import Iterable

from pipeline.base.results import Origin
from pipeline.roi.model import PricingModel
from pipeline.roi.quantity import weakest
from pipeline.roi.scenarios.pricing import uses
from pipeline.roi.scenarios.quantities import NOT_STATED


def origin_of(model: PricingModel, names: Iterable[str]) -> Origin:
    """Return the weakest origin of the stated inputs that options depend on."""
    wanted = set(names)
    options = [one.option for one in model.options if one.name in wanted]
    stated = [one for one in model.inputs if one.source != NOT_STATED]
    return weakest(one.origin for one in stated if any(uses(option, one.name) for option in options))
