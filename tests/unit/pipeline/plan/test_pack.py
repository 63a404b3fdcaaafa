"""Several models on one GPU: together, in turns, or not at all."""

import pytest

from pipeline.plan.pack import Tenant, pack

GIB = 2**30
A100 = {"1g.10gb": 7, "2g.20gb": 3, "3g.40gb": 2, "7g.80gb": 1}


def tenants(*sizes: float) -> list[Tenant]:
    """Return tenants of some sizes in GiB, named by their place."""
    return [Tenant(str(place), size * GIB, size * GIB / 2) for place, size in enumerate(sizes)]


def test_together() -> None:
    """Exactly as much as there is fits; one turn, and the time to load all of it."""
    found = pack(tenants(10, 20, 30), 60 * GIB, 10 * GIB, {})
    assert found.together
    assert found.swap_s == (pytest.approx(3.0),)
    assert found.mig is None


def test_turns() -> None:
    """The largest first, each into the first set that has room; what fits beside a set stays loaded."""
    found = pack(tenants(30, 25, 20, 10), 55 * GIB, GIB, {})
    assert not found.together
    assert [[tenant.name for tenant in turn] for turn in found.turns] == [["0", "1"], ["2", "3", "1"]]
    assert found.swap_s == (30.0, 30.0)
    assert found.host_bytes == 30 * GIB


def test_a_small_one_does_not_unload_the_large_ones() -> None:
    """Three of 30, 20 and 8 fill the card; for the fourth only the third leaves, and comes back."""
    found = pack(tenants(30, 20, 8, 4), 60 * GIB, GIB, {})
    assert [[tenant.name for tenant in turn] for turn in found.turns] == [["0", "1", "2"], ["3", "0", "1"]]
    assert found.swap_s == (6.0, 6.0)
    assert found.host_bytes == 6 * GIB


def test_an_alternating_pair_moves_both_ways() -> None:
    """Of two that exclude each other one is unloaded before the other is loaded."""
    found = pack(tenants(40, 30), 60 * GIB, GIB, {})
    assert found.swap_s == (35.0, 35.0)


def test_too_large() -> None:
    """What does not fit alone is named, and the others are packed."""
    found = pack(tenants(70, 10), 60 * GIB, GIB, {})
    assert [tenant.name for tenant in found.too_large] == ["0"]
    assert not found.together


def test_slices_whose_names_add_up_to_more() -> None:
    """An H200 has eight slices of memory: 2 + 4 + 1 + 1, though 35 + 71 + 18 + 18 GB are more than 141."""
    h200 = {"1g.18gb": 7, "2g.35gb": 3, "3g.71gb": 2, "7g.141gb": 1}
    found = pack(tenants(27, 34, 8, 4), 139 * GIB, GIB, h200)
    assert found.mig == {"0": "2g.35gb", "1": "3g.71gb", "2": "1g.18gb", "3": "1g.18gb"}


@pytest.mark.parametrize(
    ("sizes", "profiles"),
    [((8, 15, 30), ["1g.10gb", "2g.20gb", "3g.40gb"]), ((30, 30, 30), None), ((90,), None), ((8,) * 8, None)],
)
def test_slices(sizes: tuple[float, ...], profiles: list[str] | None) -> None:
    """The smallest profile of each, while seven slices and the memory are enough."""
    found = pack(tenants(*sizes), 80 * GIB, GIB, A100)
    assert (found.mig and list(found.mig.values())) == profiles


def test_a_workstation_card_has_four_slices() -> None:
    """RTX PRO 6000: 4 x 1g.24gb."""
    profiles = {"1g.24gb": 4, "2g.48gb": 2, "4g.96gb": 1}
    assert pack(tenants(20, 20, 20, 20), 95 * GIB, GIB, profiles).mig is not None
    assert pack(tenants(20, 20, 20, 20, 20), 95 * GIB, GIB, profiles).mig is None
