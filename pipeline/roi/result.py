"""What the roi stage reports."""

from collections.abc import Iterator
from typing import ClassVar, Literal, TypeVar

from pydantic import Field

from pipeline.base.commands import command
from pipeline.base.errors import MissingStageError
from pipeline.base.results import Payload, Result
from pipeline.roi.figure import Decision, Figure
from pipeline.roi.scenarios.result import ScenarioResult

Unpriced = Literal["void", "overload", "dummy weights"]
"""Why an arm has no cost: nothing of it stands; it was measured beyond its engine's capacity alone; its weights were
made up."""
_Priced = TypeVar("_Priced")


class UsefulCost(Result):
    """One arm's cost per token that is of use: of requests that kept the service level."""

    concurrency: int
    """Where goodput is highest among the levels that are shown to keep the service level."""
    goodput_tokens_per_s: Figure
    """Of one machine there."""
    usd_per_mtok_useful: Figure
    """Per million useful output tokens with the machine always busy at that level."""
    machines_useful: Figure
    """Whole machines that the peak load needs at that goodput."""


class ArmCost(Result):
    """One arm's cost at the recipe's load."""

    arm: str
    capacity_tokens_per_s: Figure
    """Highest measured output throughput of one machine."""
    concurrency: int
    """Where it was measured."""
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
    useful: UsefulCost | None = None
    """None where no service level was agreed, or no level is shown to keep it."""


class Saving(Result):
    """What one arm saves against another at the recipe's load."""

    arm: str
    reference: str
    saving_per_month_usd: Figure
    saving_three_years_usd: Figure
    """After the engagement price."""
    payback_months: Figure
    """Engagement price over monthly saving; 0 without one, None when it never pays back."""
    break_even_requests_per_day: Figure
    """Smallest load of the first year at which the arm costs less, the engagement spread over the planned years."""
    decision: Decision
    """`not decided` where the range of the saving holds both answers, or there is none."""


class RoiResult(Payload):
    """What the stage `roi` reports."""

    STAGE: ClassVar = "roi"
    schema_version: Literal[3] = 3
    arms: tuple[ArmCost, ...]
    """Every arm that was benchmarked and has a cost."""
    comparisons: tuple[Saving, ...]
    """Every arm against the baseline."""
    machine: str
    hourly_usd: Figure
    load_tokens_per_s: Figure
    """Average output tokens per second the recipe asks for."""
    peak_tokens_per_s: Figure
    engagement_usd: Figure | None
    not_priced: dict[str, Unpriced] = Field(default_factory=dict)
    """Why further arms that were benchmarked have no cost."""
    scenario: ScenarioResult | None = None
    """The same run priced whole: years, purchases, alternatives, APIs; what the fields above have of money agrees with
    it. None in results of earlier versions, and where the baseline was not priced."""

    def of(self, arm: str) -> ArmCost:
        """Return one arm's cost.

        Raises:
            MissingStageError: it was not benchmarked.
        """
        return _only((cost for cost in self.arms if cost.arm == arm), arm)

    def saving(self, arm: str) -> Saving:
        """Return what an arm saves against the baseline.

        Raises:
            MissingStageError: one of both was not benchmarked.
        """
        return _only((one for one in self.comparisons if one.arm == arm), arm)


def _only(found: Iterator[_Priced], arm: str) -> _Priced:
    for one in found:
        return one
    raise MissingStageError(f"The arm '{arm}' was not priced. Name it in bench.arms, and run `{command('bench')}`.")
