"""Bounds, draws and the inputs that matter."""

from fractions import Fraction

from pipeline.roi.options import total_of
from pipeline.roi.sensitivity import tornado
from pipeline.roi.uncertainty import bounds, corners, draws, interval
from tests.unit.pipeline.roi.options import BASELINE, RENTED, quantities


def test_goodput_and_resale_work_the_other_way_round() -> None:
    """The cheap corner has low prices and high goodput."""
    cheap, dear = corners(quantities(awq__hourly_usd=("0.4", "0.6"), awq__goodput_tokens_per_s=("900", "1100")))
    assert (cheap["awq.hourly_usd"], cheap["awq.goodput_tokens_per_s"]) == (Fraction("0.4"), 1100)
    assert (dear["awq.hourly_usd"], dear["awq.goodput_tokens_per_s"]) == (Fraction("0.6"), 900)


def test_draws_are_seeded_and_each_input_has_its_own() -> None:
    """The same seed gives the same draws, another one others; a further range changes none of them."""
    one = draws(quantities(awq__hourly_usd=("0.4", "0.6")), 50, seed=1)
    two = draws(quantities(awq__hourly_usd=("0.4", "0.6"), fp16__hourly_usd=("1", "3")), 50, seed=1)
    other = draws(quantities(awq__hourly_usd=("0.4", "0.6")), 50, seed=2)
    prices = [[values["awq.hourly_usd"] for values in made] for made in (one, two, other)]
    assert prices[0] == prices[1] != prices[2]
    assert all(Fraction("0.4") <= price <= Fraction("0.6") for price in prices[0])


def test_the_interval_is_the_middle_of_the_results() -> None:
    """Of 1,000 results, 25 are left out at either end."""
    assert interval([Fraction(value) for value in reversed(range(1000))]) == (25, 974)
    assert interval([Fraction(3)] * 10) == (3, 3)


def test_simulated_costs_lie_within_the_bounds() -> None:
    """For ranges of everything that a rented machine depends on."""
    inputs = quantities(
        awq__hourly_usd=("0.4", "0.6"),
        awq__goodput_tokens_per_s=("700", "1300"),
        load__requests_per_day=("500000", "1200000"),
        engagement__one_time_usd=("25000", "40000"),
    )
    low, high = bounds(inputs, lambda values: total_of(RENTED, values, 3))
    found = [total_of(RENTED, values, 3) for values in draws(inputs, 300, seed=0)]
    assert low <= min(found) < max(found) <= high


def test_the_tornado_has_the_widest_first() -> None:
    """The engagement's stated range moves the saving by 15,000; prices are tried 20 % up and down, hours not."""
    inputs = quantities(engagement__one_time_usd=("25000", "40000"))

    def saving(values: object) -> Fraction:
        return total_of(BASELINE, values, 3) - total_of(RENTED, values, 3)  # type: ignore[arg-type]

    found = tornado(inputs, saving)
    assert [swing.width for swing in found] == sorted((swing.width for swing in found), reverse=True)
    assert len(found) == 5
    every = {swing.name: swing for swing in tornado(inputs, saving, most=100)}
    engagement = every["engagement.one_time_usd"]
    assert (engagement.width, engagement.stated) == (15_000, True)
    assert {swing.name for swing in found} >= {"fp16.hourly_usd", "load.requests_per_day"}
    assert "hours_per_month" not in every


def test_shares_are_not_tried_beyond_all() -> None:
    """20 % above nine tenths is all; 20 % below a PUE of 1.1 is 1."""
    inputs = quantities(site__load=("0.9", "0.9"), site__pue=("1.1", "1.1"))
    found = {swing.name: swing for swing in tornado(inputs, lambda values: values["site.load"] + values["site.pue"])}
    assert (found["site.load"].high, found["site.pue"].low) == (1, 1)
