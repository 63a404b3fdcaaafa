"""What vLLM logged of shapes on a CPU against what the planner says of them."""

import pytest

from pipeline.plan.cpu import ASSUMED
from tests.planner_truth.cpu import Shape, shapes

SHAPES = list(shapes())


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_tokens_and_concurrency_are_those_of_the_log(shape: Shape) -> None:
    """KV tokens and how many requests fit at once, within 1 %, for every layout of the cache."""
    version, logged = shape.logged()
    capacity = shape.plan().capacity
    assert version == ASSUMED
    assert capacity.tokens == pytest.approx(logged.kv_cache_tokens, rel=0.01)
    assert capacity.concurrency == pytest.approx(logged.max_concurrency, rel=0.01)


def test_every_log_is_compared() -> None:
    """Five shapes at least, and no log without one."""
    assert {shape.log for shape in SHAPES} == set(SHAPES[0].log.parent.glob("*.log"))
    assert len(SHAPES) >= 5
