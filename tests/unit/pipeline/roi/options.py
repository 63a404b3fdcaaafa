"""Options and inputs that the tests of the arithmetic share."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from pipeline.roi.options import Option
from pipeline.roi.quantity import Quantity

RENTED = Option("awq", "rented", engaged=True)
BASELINE = Option("fp16", "rented")
BOUGHT = Option("awq", "bought", life_years=3)
API = Option("api", "paid per token")
STATED = replace(RENTED, stated=True), replace(BASELINE, stated=True)
VALUES: Mapping[str, Fraction] = {
    name: Fraction(value)
    for name, value in {
        "hours_per_month": "730",
        "discount_rate": "0",
        "load.requests_per_day": "864000",
        "load.input_tokens": "500",
        "load.output_tokens": "100",
        "load.peak_factor": "2",
        "load.growth_per_year": "0",
        "site.usd_per_kwh": "0.2",
        "site.pue": "1.5",
        "site.load": "0.5",
        "site.staff_usd_per_year": "1200",
        "engagement.one_time_usd": "30000",
        "engagement.monthly_usd": "0",
        "awq.goodput_tokens_per_s": "1000",
        "awq.hourly_usd": "0.5",
        "awq.purchase_usd": "3600",
        "awq.resale_share": "0.25",
        "awq.watts": "400",
        "awq.machines": "1",
        "fp16.goodput_tokens_per_s": "500",
        "fp16.hourly_usd": "2",
        "fp16.machines": "1",
        "api.input_usd_per_mtok": "0.05",
        "api.output_usd_per_mtok": "0.4",
    }.items()
}
"""1,000 output tokens/s on average, 2,000 at the peak."""


def quantities(**ranges: tuple[str, str]) -> dict[str, Quantity]:
    """Return the inputs as quantities; keywords, dots as two underscores, give low and high of some."""
    found = {name: Quantity(value, "assumed", "a test") for name, value in VALUES.items()}
    for key, (low, high) in ranges.items():
        name = key.replace("__", ".")
        middle = (Fraction(low) + Fraction(high)) / 2
        found[name] = Quantity(middle, "assumed", "a test", low=Fraction(low), high=Fraction(high), shape="uniform")
    return found
