"""Paired differences against hand-computed values."""

import math

import pytest

from eval.accuracy.paired import flips, mean_delta, weighted_delta


def test_mean_delta_by_hand() -> None:
    """Differences -1, 0, 0, 1, -1: mean -0.2, s^2 = 0.7, standard error sqrt(0.7 / 5)."""
    found = mean_delta([1, 1, 0, 0, 1], [0, 1, 0, 1, 0])
    assert found.delta == pytest.approx(-0.2)
    assert found.stderr == pytest.approx(math.sqrt(0.7 / 5))


def test_equal_weights_agree_with_the_plain_mean() -> None:
    """The ratio estimator with weights of one is the mean."""
    assert weighted_delta([1.0, 2.0, 4.0], [1, 1, 1]) == mean_delta([0, 0, 0], [1.0, 2.0, 4.0])


def test_weighted_delta_by_hand() -> None:
    """d = (2, 4), w = (1, 3): r = 1.5, residuals 0.5 and -0.5, se = sqrt(2 / 1 * 0.5) / 4 = 0.25."""
    found = weighted_delta([2.0, 4.0], [1.0, 3.0])
    assert (found.delta, found.stderr) == (1.5, 0.25)


def test_one_item_has_no_standard_error() -> None:
    """A spread cannot be estimated from one item."""
    assert mean_delta([0.0], [1.0]).stderr is None


@pytest.mark.parametrize(("baseline", "candidate"), [([], []), ([1.0], [1.0, 2.0])])
def test_unpaired_input_is_refused(baseline: list[float], candidate: list[float]) -> None:
    """Lengths that differ cannot be pairs."""
    with pytest.raises(ValueError, match=r"zip|weight"):
        mean_delta(baseline, candidate)


def test_flips_counts_both_directions() -> None:
    """Right to wrong, wrong to right."""
    assert flips([1, 1, 1, 0], [0, 0, 1, 1]) == (2, 1)
