"""The service level of a recipe, and what goodput is counted by."""

import pytest
from pydantic import ValidationError

from eval.bench.load.service import ServiceLimits
from pipeline.recipe.bench import Bench
from pipeline.recipe.service_level import ServiceLevel


def test_a_service_level_has_a_limit() -> None:
    """A share alone says nothing, and all of the requests cannot be shown by any number of them."""
    with pytest.raises(ValidationError, match="at least one"):
        ServiceLevel(share=0.9)
    with pytest.raises(ValidationError, match="less than 1"):
        ServiceLevel(ttft_ms=200, share=1)


def test_goodput_is_counted_by_the_recipe_s_limits() -> None:
    """The section and the limits of a result have the same fields, and a benchmark has none unless it is agreed."""
    level = ServiceLevel(ttft_ms=200, e2e_ms=2_000)

    assert ServiceLimits(**level.model_dump()) == ServiceLimits(ttft_ms=200, e2e_ms=2_000, share=0.95)
    assert Bench().service_level is None
