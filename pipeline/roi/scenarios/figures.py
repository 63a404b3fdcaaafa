"""What a claim can be judged by, by the names that scenarios use."""

from collections.abc import Callable, Mapping

from pydantic import ConfigDict, validate_call

from pipeline.roi.scenarios import hardware_figures, money_figures, plan_figures
from pipeline.roi.scenarios.outcome import Outcome

Figure = Callable[..., Outcome]
_ALL: tuple[Figure, ...] = (
    money_figures.rent_usd,
    money_figures.saving_usd,
    money_figures.saving_percent,
    money_figures.net_saving_usd,
    money_figures.pays_back,
    money_figures.covers_support,
    money_figures.package_usd,
    money_figures.requests_can_be_served,
    money_figures.usd_per_request,
    money_figures.cheaper_card_percent,
    plan_figures.machines,
    plan_figures.as_planned,
    plan_figures.four_bit_fits,
    hardware_figures.sum_usd,
    hardware_figures.times_usd,
    hardware_figures.tflops_per_1000_usd,
    hardware_figures.bandwidth_gb_s,
    hardware_figures.offered,
    hardware_figures.energy_usd_per_year,
)
FIGURES: Mapping[str, Figure] = {
    figure.__name__: validate_call(config=ConfigDict(arbitrary_types_allowed=True))(figure) for figure in _ALL
}
"""Name -> function; what a claim gives under `of` is checked against its parameters."""
