"""The shares that a run attained, found from times that are known to come of them."""

import pytest

from pipeline.plan.attained import Timing, attained
from pipeline.plan.corrections import Shares

BYTES_S, PREFILL_S, OVERHEAD_S = 4e-3, 20e-3, 1e-3
"""Seconds with all of the bandwidth, with all of the operations per second, and of neither."""


def timing(shares: Shares) -> Timing:
    """Return the times of a device that attains these shares, at 1 and at 8 requests."""
    memory, compute = shares
    steps = (max(BYTES_S / memory, count * 1e-4 / compute) + OVERHEAD_S for count in (1, 8))
    return Timing(tuple(steps), PREFILL_S / compute + OVERHEAD_S)


@pytest.mark.parametrize("shares", [(0.7, 0.5), (0.02, 0.004), (1.0, 0.9)])
def test_shares_are_found_again(shares: Shares) -> None:
    """Those that the times were made of, large or small."""
    found = attained(timing, timing(shares))
    assert found is not None
    assert found.bandwidth == pytest.approx(shares[0], rel=0.01)
    assert found.compute == pytest.approx(shares[1], rel=0.01)


def test_a_share_that_does_not_bind_is_not_told() -> None:
    """Without a TTFT, and with steps that wait for memory alone, nothing is known of the operations per second."""
    found = attained(lambda shares: Timing((BYTES_S / shares[0],), None), Timing((BYTES_S / 0.5,), None))
    assert found is not None
    assert found.bandwidth == pytest.approx(0.5, rel=0.01)
    assert found.compute is None


def test_faster_than_any_share_is_all_of_it() -> None:
    """No device attains more than what its maker states."""
    found = attained(timing, Timing((1e-3, 1e-3), 1e-3))
    assert found is not None
    assert found.shares == (pytest.approx(1.0), pytest.approx(1.0))


def test_without_a_plan_nothing_is_found() -> None:
    """Nor without times."""
    assert attained(lambda _shares: None, Timing((1.0,), 1.0)) is None
    assert attained(timing, Timing((), None)) is None
