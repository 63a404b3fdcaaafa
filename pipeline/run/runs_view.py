"""Which columns MLflow's table of runs shows: a view in the store, as MLflow's own button "Share" leaves one."""

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

VIEW = "awqctl"
"""The view's key."""
_TAGS = ("awqctl.gates", "awqctl.model")
_METRICS = ("baseline_output_tokens_per_s", "awq_output_tokens_per_s", "saving_per_month_usd")
_RECOVERY = re.compile(r"(?!.*_arm_).*_recovery")
"""Of AWQ; those of further arms end in their names."""
_MOST_TASKS = 4
_RUNS_READ = 20
_KIND = "mlflow.experimentKind"
_PX_PER_CHARACTER = 7
_WIDEST_PX = 240


def columns_of(metrics: Iterable[str]) -> list[str]:
    """Return the columns for runs that logged these metrics, by MLflow's names: gates, accuracy, speed, money."""
    known = set(metrics)
    recoveries = sorted(name for name in known if _RECOVERY.fullmatch(name))[:_MOST_TASKS]
    shown = [*recoveries, *(name for name in _METRICS if name in known)]
    return [*(f"tags.`{name}`" for name in _TAGS), *(f"metrics.`{name}`" for name in shown)]


def write_view(client: "MlflowClient", experiment: str) -> None:
    """Leave the view of an experiment's runs in the store, for the metrics that the latest runs logged."""
    runs = client.search_runs([experiment], max_results=_RUNS_READ)
    columns = columns_of(name for run in runs for name in run.data.metrics)
    state = {
        "selectedColumns": columns,
        "columnOrder": columns,
        "columnWidths": {name: min(_PX_PER_CHARACTER * len(name), _WIDEST_PX) for name in columns},
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
    }
    client.set_experiment_tag(experiment, f"mlflow.sharedViewState.{VIEW}", json.dumps(state))
    client.set_experiment_tag(experiment, _KIND, "custom_model_development")
