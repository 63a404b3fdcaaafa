"""Which place a request goes to while the places of a backend have different weights: pure arithmetic.

HAProxy's least connections heed weights among busy engines alone: of two idle ones each gets every other request,
whatever their weights. So those with the highest weight share by least connections, and every other place is drawn by
lot, exactly as often as its weight says; a drawn place that is gone leaves its request to the others.
"""

from collections.abc import Mapping

from serve.gateway.backends import Place

LOTS = 1000


def leaders(weights: Mapping[Place, int]) -> frozenset[Place]:
    """Return the places that share by least connections: those with the highest weight, if that is any."""
    highest = max(weights.values(), default=0)
    return frozenset(place for place, weight in weights.items() if weight == highest > 0)


def lots(weights: Mapping[Place, int]) -> tuple[Place, ...]:
    """Return who has the lots from 0 on; those beyond the last one are the leaders'."""
    total, leading = sum(weights.values()), leaders(weights)
    drawn = [(place, weight) for place, weight in weights.items() if place not in leading]
    return tuple(place for place, weight in drawn for _ in range(round(weight / total * LOTS) if total else 0))
