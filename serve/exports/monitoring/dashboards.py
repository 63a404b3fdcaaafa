"""Dashboards for Grafana, to be imported as files: they ask for the data source, and name none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.recipe.serve import ServiceLevels

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_COLUMNS, _WIDTH, _HEIGHT = 24, 8, 8
_SCHEMA = 39


@dataclass(frozen=True)
class _Panel:
    title: str
    queries: tuple[tuple[str, str], ...]
    """Expression and legend."""
    unit: str = "short"
    kind: Literal["timeseries", "stat"] = "timeseries"


def dashboards(levels: ServiceLevels) -> dict[str, dict[str, Any]]:
    """Return the dashboards by the names of their files."""
    return {
        "awqctl-endpoint.json": _dashboard("awqctl-endpoint", "awqctl: endpoint", _endpoint(levels)),
        "awqctl-engines.json": _dashboard("awqctl-engines", "awqctl: engines and GPUs", (*_ENGINES, *_GPUS)),
    }


def _quantiles(metric: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            f"histogram_quantile({share}, sum by (le, model) (rate({metric}_bucket[5m])))",
            f"p{share * 100:g} {{{{model}}}}",
        )
        for share in (0.5, 0.95, 0.99)
    )


def _endpoint(levels: ServiceLevels) -> tuple[_Panel, ...]:
    return (
        _Panel("Ready", (("awqctl_endpoint_ready", "ready"),), kind="stat"),
        _Panel("Replicas ready", (("awqctl_model_replicas_ready", "{{model}}"),), kind="stat"),
        _Panel(
            f"Answered within {levels.p95_s:g} s",
            (
                (
                    (
                        f'sum(rate(awqctl_request_duration_seconds_bucket{{le="{levels.p95_s!r}"}}[10m])) / '
                        "sum(rate(awqctl_request_duration_seconds_count[10m]))"
                    ),
                    "share",
                ),
            ),
            "percentunit",
            "stat",
        ),
        _Panel("Requests", (("sum by (outcome) (rate(awqctl_requests_total[5m]))", "{{outcome}}"),), "reqps"),
        _Panel(
            "Share of errors",
            (
                (
                    (
                        'sum(rate(awqctl_requests_total{outcome="failed"}[5m])) / '
                        'sum(rate(awqctl_requests_total{outcome=~"answered|failed"}[5m]))'
                    ),
                    "errors",
                ),
                (f"vector({levels.max_error_share:g})", "promised"),
            ),
            "percentunit",
        ),
        _Panel("Latency at the door", _quantiles("awqctl_request_duration_seconds"), "s"),
        _Panel("Requests by key", (("sum by (key) (rate(awqctl_key_requests_total[5m]))", "{{key}}"),), "reqps"),
        _Panel("Tokens by key", (("sum by (key, kind) (rate(awqctl_key_tokens_total[5m]))", "{{key}} {{kind}}"),)),
        _Panel(
            "Rejections by key",
            (("sum by (key, status) (rate(awqctl_key_rejections_total[5m]))", "{{key}} {{status}}"),),
            "reqps",
        ),
        _Panel("Door", (("awqctl_door_connections", "connections"), ("awqctl_door_queued", "waiting for an engine"))),
        _Panel(
            "Answers of the door",
            (
                (
                    'sum by (code) (rate(haproxy_frontend_http_responses_total{proxy=~"gateway.*"}[5m]))',
                    "{{code}}",
                ),
            ),
            "reqps",
        ),
        _Panel(
            "Audit",
            (
                ("rate(awqctl_audit_lines_total[5m])", "lines a second"),
                ("awqctl_audit_lost_total", "lost"),
                ("awqctl_audit_behind_bytes / 1048576", "MiB behind"),
            ),
        ),
        _Panel("Disk of the audit, free", (("awqctl_disk_free_bytes", "free"),), "bytes"),
        _Panel("Certificate ends in", (("awqctl_certificate_expires_seconds - time()", "time left"),), "s", "stat"),
        _Panel(
            "Restarts", (("awqctl_door_restarts_total", "HAProxy"), ("awqctl_replica_restarts_total", "{{replica}}"))
        ),
    )


_ENGINES = (
    _Panel("Replicas", (("awqctl_replica_state == 1", "{{replica}} {{state}}"),)),
    _Panel("Share of requests", (("awqctl_replica_weight", "{{replica}} {{release}}"),)),
    _Panel("Engine answers", (("awqctl_replica_up", "{{replica}}"),)),
    _Panel("Output tokens a second", (("rate(vllm:generation_tokens_total[1m])", "{{replica}}"),)),
    _Panel("Input tokens a second", (("rate(vllm:prompt_tokens_total[1m])", "{{replica}}"),)),
    _Panel("In the batch", (("vllm:num_requests_running", "{{replica}}"),)),
    _Panel("In the queue", (("vllm:num_requests_waiting", "{{replica}}"),)),
    _Panel("KV cache", (("vllm:kv_cache_usage_perc", "{{replica}}"),), "percentunit"),
    _Panel("Preemptions", (("rate(vllm:num_preemptions_total[5m])", "{{replica}}"),)),
    _Panel("Time to the first token", _quantiles("vllm:time_to_first_token_seconds"), "s"),
    _Panel("Time per output token", _quantiles("vllm:request_time_per_output_token_seconds"), "s"),
    _Panel("Time in the engine's queue", _quantiles("vllm:request_queue_time_seconds"), "s"),
    _Panel("Refused by engines", (("rate(vllm:admission_rejections_total[5m])", "{{replica}}"),), "reqps"),
    _Panel(
        "Prefix cache, hits",
        (("rate(vllm:prefix_cache_hits_total[5m]) / rate(vllm:prefix_cache_queries_total[5m])", "{{replica}}"),),
        "percentunit",
    ),
    _Panel("Memory of the servers", (("process_resident_memory_bytes", "{{replica}}"),), "bytes"),
)
_GPUS = (
    _Panel("GPU checks", (("awqctl_gpu_check", "{{gpu}} {{check}}"),)),
    _Panel("GPU use", (("awqctl_gpu_utilization_ratio", "{{gpu}}"),), "percentunit"),
    _Panel(
        "GPU memory",
        (("awqctl_gpu_memory_used_bytes", "{{gpu}} used"), ("awqctl_gpu_memory_total_bytes", "{{gpu}} of")),
        "bytes",
    ),
    _Panel("GPU temperature", (("awqctl_gpu_temperature_celsius", "{{gpu}}"),), "celsius"),
    _Panel(
        "GPU power",
        (("awqctl_gpu_power_watts", "{{gpu}}"), ("awqctl_gpu_power_limit_watts", "{{gpu}} limit")),
        "watt",
    ),
    _Panel("GPU clock", (("awqctl_gpu_clock_hertz", "{{gpu}}"),), "hertz"),
)


def _dashboard(uid: str, title: str, panels: Sequence[_Panel]) -> dict[str, Any]:
    return {
        "uid": uid,
        "title": title,
        "tags": ["awqctl"],
        "timezone": "utc",
        "schemaVersion": _SCHEMA,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": "Data source",
                    "type": "datasource",
                    "query": "prometheus",
                    "refresh": 1,
                }
            ]
        },
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def _panel(number: int, panel: _Panel) -> dict[str, Any]:
    across = _COLUMNS // _WIDTH
    return {
        "id": number + 1,
        "type": panel.kind,
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": {"x": number % across * _WIDTH, "y": number // across * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "options": {"legend": {"showLegend": True}} if panel.kind == "timeseries" else {},
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": _SOURCE, "expr": expression, "legendFormat": legend}
            for at, (expression, legend) in enumerate(panel.queries)
        ],
    }
