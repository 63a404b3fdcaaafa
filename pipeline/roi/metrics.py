"""The figures of the stage `roi` as metrics of its MLflow run."""

from pipeline.base.results import Metric
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.roi.figure import Figure
from pipeline.roi.result import ArmCost, RoiResult, Saving, UsefulCost
from pipeline.roi.scenarios.result import ScenarioResult

_OF_OPTIONS = (
    "machines",
    "monthly_usd",
    "yearly_usd",
    "total_usd",
    "present_value_usd",
    "usd_per_mtok_useful",
    "idle_share",
)
_OF_COMPARISONS = ("saving_total_usd", "net_present_value_usd", "payback_months", "break_even_requests_per_day")
_NEW = ("saving_total_usd", "net_present_value_usd")
"""Of AWQ against the baseline: the costs per arm have the others."""


def metrics_of(result: RoiResult) -> tuple[Metric, ...]:
    """Return every figure that exists as a metric: an arm's own are prefixed with its name.

    What AWQ saves has no prefix, what another arm saves has its name.
    """
    figures: dict[str, object] = {
        f"{cost.arm}_{name}": getattr(cost, name) for cost in result.arms for name in ArmCost.model_fields
    }
    figures |= {
        f"{cost.arm}_{name}": getattr(cost.useful, name)
        for cost in result.arms
        if cost.useful
        for name in UsefulCost.model_fields
    }
    for one in result.comparisons:
        prefix = "" if one.arm == AWQ else f"{one.arm}_"
        figures |= {f"{prefix}{name}": getattr(one, name) for name in Saving.model_fields}
    figures |= {name: getattr(result, name) for name in RoiResult.model_fields}
    figures = (_whole(result.scenario) if result.scenario else {}) | figures
    return tuple(
        Metric(name=name, value=figure.value, origin=figure.origin)
        for name, figure in figures.items()
        if isinstance(figure, Figure) and figure.value is not None
    )


def _whole(scenario: ScenarioResult) -> dict[str, object]:
    """Return the figures of every way to serve the load and of every comparison, by names such as `awq_total_usd`.

    A bought machine's are `awq_bought_total_usd`; a comparison's have both names, `awq_vs_l4_saving_total_usd`, but for
    what AWQ saves against the baseline.
    """
    names = {one.name: one.variant + ("_bought" if one.tenure == "bought" else "") for one in scenario.options}
    figures: dict[str, object] = {
        f"{names[one.name]}_{field}": getattr(one, field) for one in scenario.options for field in _OF_OPTIONS
    }
    for pair in scenario.comparisons:
        both = names[pair.option], names[pair.reference]
        prefix = "" if both == (AWQ, BASELINE) else f"{both[0]}_vs_{both[1]}_"
        figures |= {f"{prefix}{field}": getattr(pair, field) for field in _OF_COMPARISONS if prefix or field in _NEW}
    return figures
