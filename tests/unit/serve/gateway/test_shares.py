"""How requests are shared among places of different weights."""

import pytest

from serve.gateway.backends import Place
from serve.gateway.shares import LOTS, leaders, lots

FIRST, SECOND, THIRD = (Place("model-1", number) for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("weights", "leading", "drawn"),
    [
        ({}, set(), {}),
        ({FIRST: 0}, set(), {}),
        ({FIRST: 100, SECOND: 100}, {FIRST, SECOND}, {}),
        ({FIRST: 100, SECOND: 25}, {FIRST}, {SECOND: 200}),
        ({FIRST: 100, SECOND: 100, THIRD: 20}, {FIRST, SECOND}, {THIRD: 91}),
        ({FIRST: 60, SECOND: 0, THIRD: 20}, {FIRST}, {THIRD: 250}),
    ],
)
def test_lots_follow_the_weights(weights: dict[Place, int], leading: set[Place], drawn: dict[Place, int]) -> None:
    """Whoever has less than the highest weight gets that share of all lots, the highest share the rest."""
    found = lots(weights)
    assert leaders(weights) == leading
    assert {place: found.count(place) for place in found} == drawn
    assert len(found) < LOTS
