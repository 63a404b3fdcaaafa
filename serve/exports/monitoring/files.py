"""All files for Prometheus and Grafana, by their names."""

import json
from pathlib import Path
from typing import Any

import yaml

from pipeline.base.errors import UsageError
from pipeline.base.files import write_atomically
from serve.exports.monitoring.dashboards import dashboards
from serve.exports.monitoring.rules import alert_rules
from serve.monitoring.metrics_server import HOST
from serve.monitoring.promises import Promises

CONFIG, RULES = "prometheus.yml", "awqctl-alerts.yml"
_EVERY = "15s"


def monitoring_files(endpoint: str, promises: Promises, target: str | None = None) -> dict[str, str]:
    """Return the text of each file.

    Args:
        endpoint: its name, a label of what is scraped.
        promises: levels that the alerts hold it to, and the port of its page.
        target: where Prometheus finds the page, `HOST:PORT`; None for this machine.

    Raises:
        UsageError: the page is on a unix socket alone, which Prometheus cannot read.
    """
    if target is None and promises.metrics_port is None:
        raise UsageError(
            f"The page of metrics of '{endpoint}' is on a unix socket alone, which Prometheus cannot read. "
            "Set serve.metrics_port in the recipe and start it again, or name the address with --target HOST:PORT."
        )
    return {
        CONFIG: _yaml(_config(endpoint, target or f"{HOST}:{promises.metrics_port}")),
        RULES: _yaml(alert_rules(promises.levels)),
        **{name: json.dumps(board, indent=2) + "\n" for name, board in dashboards(promises.levels).items()},
    }


def write_monitoring(folder: Path, files: dict[str, str]) -> None:
    """Write the files, in place of those that are there."""
    for name, text in files.items():
        write_atomically(folder / name, text)


def _config(endpoint: str, target: str) -> dict[str, Any]:
    return {
        "global": {"scrape_interval": _EVERY, "evaluation_interval": _EVERY},
        "rule_files": [RULES],
        "scrape_configs": [
            {"job_name": "awqctl", "static_configs": [{"targets": [target], "labels": {"endpoint": endpoint}}]}
        ],
    }


def _yaml(document: dict[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False, width=10_000)
