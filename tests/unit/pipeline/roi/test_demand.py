"""What has to be served."""

from fractions import Fraction

import pytest

from pipeline.roi.demand import Demand, grown, peak_of
from pipeline.roi.sizing import idle_share, machines_for

DEMAND = Demand(Fraction(86_400), Fraction(300), Fraction(50), Fraction(3), Fraction(730))


def test_tokens_follow_from_requests() -> None:
    """One request a second with 50 tokens: 50 tokens/s on average, three times that at the peak."""
    assert DEMAND.average_tokens_per_s == 50
    assert DEMAND.peak_tokens_per_s == 150
    assert DEMAND.requests_per_month == 86_400 * Fraction(730, 24)
    assert DEMAND.output_mtok_per_month == Fraction(131_400_000, 1_000_000)
    assert DEMAND.input_mtok_per_month == Fraction(788_400_000, 1_000_000)


def test_growth_is_a_step_at_the_beginning_of_each_year() -> None:
    """A fifth more each year: 1, 1.2 and 1.44 times, exactly."""
    loads = [grown(DEMAND, Fraction(1, 5), year).requests_per_day for year in (1, 2, 3)]
    assert loads == [86_400, 103_680, 124_416]


def test_a_curve_has_its_peak_over_its_average() -> None:
    """An even day has 1, one hour of all 24."""
    assert peak_of([Fraction(7)] * 24) == 1
    assert peak_of([Fraction(0)] * 23 + [Fraction(5)]) == 24


@pytest.mark.parametrize(
    ("curve", "said"), [([1] * 23, "24 values"), ([1] * 23 + [-1], "no negative"), ([0] * 24, "above zero")]
)
def test_what_is_no_day_is_refused(curve: list[int], said: str) -> None:
    """Too few hours, negative ones, none with a load."""
    with pytest.raises(ValueError, match=said):
        peak_of([Fraction(value) for value in curve])


def test_machines_are_whole_and_exact() -> None:
    """A peak of n machines' goodput takes n, the smallest bit more n + 1; no load takes none, spares or not."""
    third = Fraction(1, 3)
    assert machines_for(3 * third, third) == 3
    assert machines_for(3 * third + Fraction(1, 10**20), third) == 4
    assert machines_for(Fraction(1), Fraction(10), spares=1) == 2
    assert machines_for(Fraction(0), Fraction(10), spares=1) == 0


@pytest.mark.parametrize(("peak", "goodput", "said"), [(1, 0, "without goodput"), (-1, 1, "not negative")])
def test_impossible_sizes_are_refused(peak: int, goodput: int, said: str) -> None:
    """No goodput, and a negative load."""
    with pytest.raises(ValueError, match=said):
        machines_for(Fraction(peak), Fraction(goodput))


def test_idle_is_what_nobody_uses() -> None:
    """A quarter of two machines used leaves three quarters idle; without machines nothing stands idle."""
    assert idle_share(Fraction(50), 2, Fraction(100)) == Fraction(3, 4)
    assert idle_share(Fraction(0), 0, Fraction(100)) == 0
