"""Cost arithmetic against hand-computed numbers and the figures of the client deck."""

import math

import pytest

from pipeline.roi import arithmetic


def test_deck_a100_month_and_year() -> None:
    """2.00 USD/h for 730 hours is 1,460 a month and 17,520 a year."""
    monthly = arithmetic.monthly_usd(1, 2.00, 730)

    assert monthly == 1460
    assert arithmetic.yearly_usd(monthly) == 17520


def test_deck_4090_month_and_year() -> None:
    """0.50 USD/h for 730 hours is 365 a month and 4,380 a year."""
    monthly = arithmetic.monthly_usd(1, 0.50, 730)

    assert monthly == 365
    assert arithmetic.yearly_usd(monthly) == 4380


def test_deck_saving() -> None:
    """The deck's saving is 13,140 a year, 75 %, and 39,420 in three years, the engagement left out."""
    before, after = arithmetic.monthly_usd(1, 2.00, 730), arithmetic.monthly_usd(1, 0.50, 730)
    saving = before - after

    assert arithmetic.yearly_usd(saving) == 13140
    assert saving / before == 0.75
    assert arithmetic.three_year_usd(saving) == 39420


@pytest.mark.parametrize(("engagement", "months"), [(25_000, 22.831), (40_000, 36.530), (60_000, 54.795), (0, 0.0)])
def test_deck_payback(engagement: float, months: float) -> None:
    """The production package pays back after 23 to 37 months, the enterprise package not within 36."""
    assert arithmetic.payback_months(engagement, 1095) == pytest.approx(months, abs=1e-3)


@pytest.mark.parametrize("saving", [0.0, -10.0])
def test_no_saving_never_pays_back(saving: float) -> None:
    """Without a saving there is no payback."""
    assert arithmetic.payback_months(25_000, saving) is None


@pytest.mark.parametrize(("machines", "monthly", "yearly"), [(1, 1460, 13140), (2, 2920, 26280), (3, 4380, 39420)])
def test_deck_use_cases(machines: int, monthly: float, yearly: float) -> None:
    """The three use cases of the deck: 1, 2 and 3 cards, before and after."""
    before, after = (arithmetic.monthly_usd(machines, hourly, 730) for hourly in (2.00, 0.50))

    assert before == monthly
    assert arithmetic.yearly_usd(before - after) == yearly


def test_usd_per_mtok() -> None:
    """100 tokens/s are 0.36 Mtok an hour: 5.5556 USD each at 2.00 USD/h."""
    assert arithmetic.usd_per_mtok(2.00, 100) == pytest.approx(2.00 / 0.36)
    assert arithmetic.usd_per_mtok(0.0, 100) == 0


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan])
def test_no_throughput_has_no_price(speed: float) -> None:
    """A machine that makes no tokens is refused, not priced at infinity."""
    with pytest.raises(ValueError, match="throughput"):
        arithmetic.usd_per_mtok(2.00, speed)
    with pytest.raises(ValueError, match="capacity"):
        arithmetic.machines_needed(10, speed)


def test_served_price_is_the_full_load_price_over_utilisation() -> None:
    """A machine that is a quarter busy makes tokens four times as dear."""
    monthly = arithmetic.monthly_usd(1, 2.00, 730)

    served = arithmetic.usd_per_mtok_served(monthly, 25, 730)

    assert served == pytest.approx(4 * arithmetic.usd_per_mtok(2.00, 100))


@pytest.mark.parametrize(
    ("peak", "capacity", "machines"),
    [
        (0, 10, 0),
        (1e-6, 10, 1),
        (10, 10, 1),
        (10.001, 10, 2),
        (1.1, 0.1, 11),  # 1.1 / 0.1 is 11.000000000000002
        (0.3, 0.1, 3),
        (3 * 333.3, 333.3, 3),
        (50_000 / 86_400, 1_000 / 3_600, 3),
    ],
)
def test_machines_are_whole(peak: float, capacity: float, machines: int) -> None:
    """A load equal to n capacities needs n machines, the smallest bit more needs one more."""
    assert arithmetic.machines_needed(peak, capacity) == machines


def test_negative_load_is_refused() -> None:
    """A negative load is a mistake of the caller."""
    with pytest.raises(ValueError, match="negative"):
        arithmetic.machines_needed(-1, 10)


def test_daily_load() -> None:
    """10,000 requests of 216 tokens a day are 25 tokens/s."""
    assert arithmetic.load_tokens_per_s(10_000, 216) == 25


def test_utilisation() -> None:
    """25 tokens/s on two machines of 50 are a quarter; no machines are not used at all."""
    assert arithmetic.utilisation(25, 2, 50) == 0.25
    assert arithmetic.utilisation(0, 0, 50) == 0


def test_break_even_is_where_the_baseline_needs_a_second_machine() -> None:
    """Without an engagement price AWQ pays as soon as it saves one machine."""
    edge = arithmetic.break_even_tokens_per_s(
        baseline_tokens_per_s=100, arm_tokens_per_s=150, machine_monthly_usd=365, engagement_usd=0
    )

    assert edge == 100
    assert arithmetic.break_even_requests_per_day(edge, 864, 1) == 10_001
    assert arithmetic.break_even_requests_per_day(edge, 864, 2) == 5_001


@pytest.mark.parametrize("awq", [100, 99])
def test_no_break_even_without_higher_capacity(awq: float) -> None:
    """AWQ that is not faster saves no machine at any load."""
    edge = arithmetic.break_even_tokens_per_s(
        baseline_tokens_per_s=100, arm_tokens_per_s=awq, machine_monthly_usd=365, engagement_usd=0
    )

    assert edge is None
    assert arithmetic.break_even_requests_per_day(edge, 864, 1) is None


def test_no_break_even_on_a_free_machine() -> None:
    """Where machines cost nothing there is nothing to save."""
    assert (
        arithmetic.break_even_tokens_per_s(
            baseline_tokens_per_s=100, arm_tokens_per_s=200, machine_monthly_usd=0, engagement_usd=0
        )
        is None
    )


@pytest.mark.parametrize("awq", [101.0, 110.0, 150.0, 200.0, 317.3, 1000.0])
@pytest.mark.parametrize("engagement", [0, 13_140, 13_141, 25_000, 100_000])
def test_break_even_against_search(awq: float, engagement: float) -> None:
    """The closed form agrees with trying every load step: the first that pays, none before it."""
    baseline, monthly = 100.0, 365.0

    def pays(peak: float) -> bool:
        saved = arithmetic.machines_needed(peak, baseline) - arithmetic.machines_needed(peak, awq)
        return saved * arithmetic.three_year_usd(monthly) > engagement

    edge = arithmetic.break_even_tokens_per_s(
        baseline_tokens_per_s=baseline,
        arm_tokens_per_s=awq,
        machine_monthly_usd=monthly,
        engagement_usd=engagement,
    )

    assert edge is not None
    assert pays(edge + 0.01)
    steps = round(edge / baseline)
    assert not any(pays(step * baseline + 0.01) for step in range(steps))
    assert not any(pays(step * baseline) for step in range(1, steps + 1))
