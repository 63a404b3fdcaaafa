"""What cannot be priced is told before the run, not after hours of it."""

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.preflight import Effort, Prospect
from pipeline.roi.probes import PROBES
from tests.unit.pipeline.report.conftest import ROI


def problems(recipe: Recipe, context: RunContext) -> list[str]:
    """Return what the stage finds in a recipe."""
    prospect = Prospect(recipe=recipe, context=context, aside=context, effort=Effort.FILES)
    return [str(problem) for probe in PROBES for problem in probe.look(prospect)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"alternatives": [{"name": "a", "gpu": "l44"}], "apis": ["gpt"]}, ["l44", "gpt"]),
        ({"alternatives": [{"name": "a", "gpu": "l4", "quantization": "q4"}]}, ["'q4' is none of none, awq"]),
        ({"engagement": {"package": "gold", "support": "gold"}}, ["paid once is called gold", "paid by the month"]),
    ],
)
def test_names_that_the_catalogue_does_not_know(
    make_recipe: Callable[..., Recipe], context: RunContext, changes: dict[str, Any], said: list[str]
) -> None:
    """Each is told, all at once; a recipe without prices has nothing to look up."""
    found = problems(make_recipe(roi={**ROI, **changes}), context)
    assert len(found) == len(said)
    for text, expected in zip(found, said, strict=True):
        assert expected in text
    assert problems(make_recipe(roi=None), context) == []
