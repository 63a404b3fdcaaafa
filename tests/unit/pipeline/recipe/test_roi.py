"""The section `roi`: what it takes beside a price and a load, and what it refuses."""

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.base.errors import RecipeError
from pipeline.recipe.load import load_recipe
from pipeline.recipe.roi import Roi

ASSUMED = {"origin": "assumed", "source": "a test"}
LOAD = {"requests_per_day": 1000, "output_tokens_per_request": 100, **ASSUMED}
ROI = {"machine": "one", "hourly": {"usd": 1.0, **ASSUMED}, "load": LOAD}
PURCHASE = {"resale_share": {"value": 0.2, **ASSUMED}}
SITE = {
    "usd_per_kwh": {"usd": 0.2, **ASSUMED},
    "pue": {"value": 1.2, **ASSUMED},
    "load": {"value": 0.5, **ASSUMED},
}


def test_recipes_of_earlier_versions_load_unchanged() -> None:
    """A price, a load and an engagement are all that they have; everything else has a default that changes nothing."""
    roi = Roi.model_validate({**ROI, "engagement": {"usd": 5000, "origin": "quoted", "source": "offer"}})
    assert (roi.years, roi.spares, roi.alternatives, roi.apis, roi.load.growth_per_year) == (3, 0, (), (), 0)
    assert roi.engagement is not None
    assert roi.engagement.usd == 5000
    assert Roi.model_validate(roi.model_dump(mode="json")) == roi


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"load": {**LOAD, "day_curve": [1] * 23}}, "24 values"),
        ({"load": {**LOAD, "day_curve": [1] * 24, "peak_to_average": 2}}, "both `peak_to_average` and `day_curve`"),
        ({"load": {**LOAD, "ranges": {"requests_per_day": [2000, 3000]}}}, "has to hold its value"),
        ({"load": {**LOAD, "ranges": {"input_tokens_per_request": [1, 2]}}}, "has no value"),
        ({"hourly": {"usd": 1, "low": 0.5, **ASSUMED}}, "go together"),
        ({"hourly": {"usd": 1, "low": 2, "high": 3, **ASSUMED}}, "in order"),
        ({"engagement": {"usd": 1, "package": "production", **ASSUMED}}, "both `usd` and `package`"),
        ({"engagement": {"usd": 1}}, "its `origin`"),
        ({"engagement": {}}, "give `usd` or `package`"),
        ({"purchase": PURCHASE}, "needs a `site`"),
        ({"purchase": PURCHASE, "site": SITE}, "give `purchase` its `price` and `watts`"),
        ({"alternatives": [{"name": "a"}]}, "either `arm`"),
        ({"alternatives": [{"name": "a", "arm": "awq"}]}, "needs `hourly` or `purchase`"),
        ({"alternatives": [{"name": "a", "gpu": "l4"}], "apis": ["a"]}, "stands twice"),
        ({"alternatives": [{"name": "load", "gpu": "l4"}]}, "choose another name"),
        ({"alternatives": [{"name": "a", "gpu": "l4", "goodput_tokens_per_s": {"value": 0, **ASSUMED}}]}, "above 0"),
        ({"site": {**SITE, "pue": {"value": 0.9, **ASSUMED}}}, "`pue` has to be at least 1"),
        ({"site": {**SITE, "load": {"value": 0.5, "low": 0.2, "high": 1.1, **ASSUMED}}}, "`load` has to be at most 1"),
        ({"purchase": {"resale_share": {"value": 20, **ASSUMED}}, "site": SITE}, "`resale_share` has to be at most 1"),
        ({"currency": {"code": "EUR", "per_usd": {"value": 0, **ASSUMED}}}, "`per_usd` has to be above 0"),
        ({"hours_per_month": 8760}, "less than or equal to 744"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes: dict[str, Any], message: str) -> None:
    """Each with what is wrong."""
    with pytest.raises(ValidationError, match=message):
        Roi.model_validate({**ROI, **changes})


def test_alternatives_are_of_arms_of_the_recipe() -> None:
    """One of another arm, or one that has an arm's name, is refused."""
    price = "{usd: 1, origin: assumed, source: a}"
    for one, message in (("name: a, arm: theirs", "names theirs"), ("name: awq, arm: awq", "name of an arm")):
        with pytest.raises(RecipeError, match=message):
            load_recipe("demo", [f"roi.alternatives=[{{{one}, hourly: {price}}}]"])
