"""The figures of the stage `roi` as metrics of its MLflow run."""

from pipeline.base.results import Metric
from pipeline.recipe.arms import AWQ
from pipeline.roi.figure import Figure
from pipeline.roi.result import ArmCost, RoiResult, Saving, UsefulCost


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
    return tuple(
        Metric(name=name, value=figure.value, origin=figure.origin)
        for name, figure in figures.items()
        if isinstance(figure, Figure) and figure.value is not None
    )
