"""What costs can be: whole machines over ranges of capacities, against trying many capacities."""

import itertools

import pytest

from pipeline.roi.arithmetic import break_even_tokens_per_s, machines_needed, utilisation
from pipeline.roi.ranges import Capacities, break_even_range, machines_range, machines_saved, utilisation_range

STEPS = 200


def between(low: float, high: float) -> list[float]:
    """Return figures from one end to the other."""
    return [low + (high - low) * step / STEPS for step in range(STEPS + 1)]


def test_machines_over_a_range() -> None:
    """A peak of 800 needs two machines of 400 and more, three of less."""
    assert machines_range(800, (390, 410)) == (2, 3)
    assert machines_range(0, (390, 410)) == (0, 0)


@pytest.mark.parametrize("peak", [1.0, 95.0, 100.0, 222.0, 800.0, 5000.0])
@pytest.mark.parametrize(
    "possible",
    [
        Capacities((90, 110), (95, 130), (0.97, 1.3)),
        Capacities((90, 110), (180, 220), (1.8, 2.2)),
        Capacities((90, 110), (60, 70), (0.6, 0.7)),
        Capacities((99, 101), (99, 101), (0.999, 1.001)),
    ],
    ids=["not decided", "faster", "slower", "alike"],
)
def test_machines_saved_against_search(peak: float, possible: Capacities) -> None:
    """The ends hold every pair of capacities whose ratio is possible, and are reached within one machine."""
    low, high = machines_saved(peak, possible)
    saved = [
        machines_needed(peak, baseline) - machines_needed(peak, arm)
        for baseline, arm in itertools.product(between(*possible.baseline), between(*possible.arm))
        if possible.ratio[0] <= arm / baseline <= possible.ratio[1]
    ]

    assert low <= min(saved) <= low + 1
    assert high - 1 <= max(saved) <= high


def test_a_huge_load_is_bounded_without_trying_every_count() -> None:
    """Ten million machines: what a few pairs of capacities come to lies within the bounds, and fills them."""
    possible, peak = Capacities((90, 110), (95, 130), (0.97, 1.3)), 1e9
    low, high = machines_saved(peak, possible)
    saved = [
        peak / baseline - peak / arm
        for baseline, arm in itertools.product(between(*possible.baseline), between(*possible.arm))
        if possible.ratio[0] <= arm / baseline <= possible.ratio[1]
    ]
    assert low <= min(saved) <= low + 0.02 * abs(low)
    assert high * 0.98 <= max(saved) <= high
    used = utilisation_range(peak / 3, peak, (90.0, 110.0))
    assert used == pytest.approx((1 / 3, 1 / 3), rel=1e-5)


def test_arms_that_may_be_equally_fast_may_save_nothing() -> None:
    """Costs never decide what speed does not: no saving is possible whatever the load."""
    possible = Capacities((90, 110), (95, 130), (0.97, 1.3))

    for peak in (50.0, 100.0, 777.0, 12345.0):
        low, high = machines_saved(peak, possible)
        assert low <= 0 <= high


def test_an_arm_shown_to_be_faster_needs_no_more_machines() -> None:
    """Its own interval and the baseline's overlap, their ratio is above one."""
    possible = Capacities((90, 110), (100, 130), (1.01, 1.3))

    for peak in (50.0, 100.0, 777.0, 12345.0):
        assert machines_saved(peak, possible)[0] >= 0


@pytest.mark.parametrize("peak", [50.0, 222.0, 800.0])
def test_utilisation_against_search(peak: float) -> None:
    """It jumps where one machine more is needed, so that its ends are not those of the capacity."""
    capacity = (90.0, 130.0)
    low, high = utilisation_range(peak / 3, peak, capacity)
    used = [utilisation(peak / 3, machines_needed(peak, one), one) for one in between(*capacity)]

    assert low <= min(used) <= low * 1.02
    assert high * 0.98 <= max(used) <= high


def test_break_even_is_open_where_it_may_never_be_reached() -> None:
    """Both ends where the arm is shown to be faster, one where it may be, none where it cannot be."""
    prices = {"machine_monthly_usd": 365.0, "engagement_usd": 20_000.0}

    def ends(ratio: tuple[float, float]) -> tuple[float | None, float | None]:
        return break_even_range(Capacities((90, 110), (1, 1000), ratio), **prices)

    faster = ends((1.2, 1.5))
    assert faster == tuple(
        break_even_tokens_per_s(baseline_tokens_per_s=one, arm_tokens_per_s=one * ratio, **prices)
        for one, ratio in ((90, 1.5), (110, 1.2))
    )
    assert faster[0] < faster[1]  # type: ignore[operator]
    assert ends((0.9, 1.5)) == (faster[0], None)
    assert ends((0.5, 0.9)) == (None, None)
