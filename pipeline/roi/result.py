"""What the roi stage reports."""

from pipeline.base.results import Origin, Result


class Figure(Result):
    """A number with its unit and where it came from."""

    value: float | None
    """None where the figure does not exist, for example a break-even that is never reached."""
    unit: str
    origin: Origin
    basis: str
    """Formula or source, for a reader."""


class VariantCost(Result):
    """One variant's cost at the recipe's load."""

    variant: str
    capacity_tokens_per_s: Figure
    """Highest measured output throughput of one machine."""
    usd_per_mtok_full_load: Figure
    """Per million output tokens with the machine always busy: the flattering bound."""
    machines: Figure
    """Whole machines needed at the peak load."""
    monthly_usd: Figure
    yearly_usd: Figure
    three_year_usd: Figure
    usd_per_mtok_at_load: Figure
    """Per million output tokens actually served at the recipe's load: the honest one."""
    utilisation: Figure
    """Average load over capacity of the machines, 0..1."""


class RoiResult(Result):
    """Payload of the stage `roi`."""

    baseline: VariantCost
    awq: VariantCost
    machine: str
    hourly_usd: Figure
    load_tokens_per_s: Figure
    """Average output tokens per second the recipe asks for."""
    peak_tokens_per_s: Figure
    saving_per_month_usd: Figure
    saving_three_years_usd: Figure
    """After the engagement price."""
    engagement_usd: Figure | None
    payback_months: Figure
    """Engagement price over monthly saving; None when it never pays back."""
    break_even_requests_per_day: Figure
    """Smallest load at which AWQ needs fewer machines by enough to pay the engagement within 3 years."""
    pays: bool
    verdict: str
    """One plain sentence."""
