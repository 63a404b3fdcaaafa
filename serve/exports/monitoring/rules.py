"""Alert rules for Prometheus, with the limits that the endpoint promised.

Errors burn a budget: an alert comes where a short and a long window both say that it burns too fast (the multi-window
rules of Google's SRE workbook, chapter 5). Two per cent of a month's budget in an hour wakes somebody, five per cent
in six hours is for the day.
"""

from dataclasses import dataclass
from typing import Any, Literal

from pipeline.base.format import certainty, plain
from pipeline.recipe.serve import ServiceLevels
from serve.monitoring.service_levels import SLOW_SHARE

_WINDOWS = ("5m", "30m", "1h", "6h")
_FAST, _SLOW = 14.4, 6.0
"""Multiples of the share that just uses the budget up in 30 days."""
_COUNTED = 'outcome=~"answered|failed"'
_DAYS = 14
_BEHIND_MIB = 64


@dataclass(frozen=True)
class _Alert:
    name: str
    expression: str
    severity: Literal["critical", "warning"]
    summary: str
    action: str
    after: str = "0m"


def alert_rules(levels: ServiceLevels) -> dict[str, Any]:
    """Return the file of rules: records of the share of errors, and the alerts."""
    groups = {
        "awqctl-levels": [*_records(), *map(_rule, _level_alerts(levels))],
        "awqctl-endpoint": [*map(_rule, (*_ENDPOINT, *_AUDIT))],
        "awqctl-engines": [*map(_rule, _ENGINES)],
        "awqctl-gpus": [*map(_rule, _GPUS)],
    }
    return {"groups": [{"name": name, "rules": rules} for name, rules in groups.items()]}


def _records() -> list[dict[str, str]]:
    return [
        {
            "record": f"awqctl:error_ratio:rate{window}",
            "expr": (
                f'sum by (instance) (rate(awqctl_requests_total{{outcome="failed"}}[{window}])) / '
                f"sum by (instance) (rate(awqctl_requests_total{{{_COUNTED}}}[{window}]))"
            ),
        }
        for window in _WINDOWS
    ]


def _rule(alert: _Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": alert.after,
        "labels": {"severity": alert.severity},
        "annotations": {"summary": alert.summary, "description": alert.action},
    }


def _burns(levels: ServiceLevels, short: str, long: str, factor: float) -> str:
    limit = f"{factor * levels.max_error_share:g}"
    return f"awqctl:error_ratio:rate{short} > {limit} and awqctl:error_ratio:rate{long} > {limit}"


def _level_alerts(levels: ServiceLevels) -> tuple[_Alert, ...]:
    within = f'awqctl_request_duration_seconds_bucket{{le="{levels.p95_s!r}"}}'
    return (
        _Alert(
            "AwqctlErrorsFast",
            _burns(levels, "5m", "1h", _FAST),
            "critical",
            "Errors use up the month's budget in two days.",
            "Look at `awqctl serve status` for a replica that fails; roll back the latest release if it began with it.",
            "2m",
        ),
        _Alert(
            "AwqctlErrorsSlow",
            _burns(levels, "30m", "6h", _SLOW),
            "warning",
            "Errors use up the month's budget in five days.",
            "See `awqctl serve slo --window 6h`, and the audit's lines with a status from 500 on.",
            "15m",
        ),
        _Alert(
            "AwqctlSlow",
            f"sum by (instance) (rate({within}[10m])) / "
            f"sum by (instance) (rate(awqctl_request_duration_seconds_count[10m])) < {1 - SLOW_SHARE:g}",
            "warning",
            f"More than 5 % of the answers take longer than {plain(levels.p95_s)} s.",
            "Look at the queue and the KV cache: another replica, or lower limits of keys, take load away.",
            "10m",
        ),
        _Alert(
            "AwqctlUnavailable",
            f"avg_over_time(awqctl_endpoint_ready[1h]) < {levels.min_availability:g}",
            "warning",
            f"Over the last hour the endpoint was ready less than {certainty(levels.min_availability)} of the time.",
            "See `awqctl serve slo` and the log of the supervisor.",
        ),
    )


_ENDPOINT = (
    _Alert(
        "AwqctlDown",
        'up{job="awqctl"} == 0',
        "critical",
        "The supervisor does not show its metrics.",
        "See `awqctl serve status`; start it again with `awqctl serve RECIPE`.",
        "30s",
    ),
    _Alert(
        "AwqctlNoReadyReplica",
        "awqctl_model_replicas_ready == 0",
        "critical",
        "No replica of {{ $labels.model }} takes requests.",
        "See `awqctl serve status` for the root cause of the latest death.",
        "30s",
    ),
    _Alert(
        "AwqctlRefusing",
        "awqctl_endpoint_refusing == 1",
        "critical",
        "The door answers 503 to everything.",
        "See `awqctl serve status` for the reason.",
        "1m",
    ),
    _Alert(
        "AwqctlDoorRestarted",
        "increase(awqctl_door_restarts_total[15m]) > 0",
        "warning",
        "HAProxy died and was started again.",
        "See its log; answers that were under way were cut.",
    ),
    _Alert(
        "AwqctlConnections",
        "awqctl_door_connections / awqctl_door_max_connections > 0.9",
        "warning",
        "The door holds more than 90 % of the connections that it may.",
        "Raise LimitNOFILE, or set serve.max_connections_per_source.",
        "5m",
    ),
    _Alert(
        "AwqctlDoorQueue",
        "awqctl_door_queued > 0",
        "warning",
        "Requests have been waiting at the door for five minutes.",
        "The engines have all that they can take: add a replica, or lower the limits of keys.",
        "5m",
    ),
    _Alert(
        "AwqctlUnknownKeys",
        'sum by (instance) (rate(awqctl_key_rejections_total{status="401"}[5m])) > 1',
        "warning",
        "More than one request a second comes without a valid key.",
        "Somebody guesses keys, or a client has a revoked one: the audit has the addresses.",
        "5m",
    ),
    _Alert(
        "AwqctlCertificate",
        f"awqctl_certificate_expires_seconds - time() < {_DAYS} * 86400",
        "warning",
        f"The certificate at the door ends in less than {_DAYS} days.",
        "Replace the file and call `awqctl serve reload`; a self-signed one is renewed by itself.",
    ),
    _Alert(
        "AwqctlDisk",
        "awqctl_disk_free_bytes / awqctl_disk_size_bytes < 0.1",
        "critical",
        "Less than 10 % of the audit's disk is free.",
        "Make room, or lower serve.audit.keep_days. On a full disk a strict audit stops all answers.",
        "5m",
    ),
)
_AUDIT = (
    _Alert(
        "AwqctlAuditLoss",
        "increase(awqctl_audit_lost_total[10m]) > 0 or increase(awqctl_door_dropped_logs_total[10m]) > 0",
        "critical",
        "Lines of the audit were lost.",
        "See `awqctl audit verify`, the disk, and the supervisor's log.",
    ),
    _Alert(
        "AwqctlAuditStopped",
        "awqctl_audit_problem == 1",
        "critical",
        "No line of the audit can be written.",
        "See `awqctl serve status` for the reason; the lines wait in the spool as long as the disk has room.",
        "1m",
    ),
    _Alert(
        "AwqctlAuditBehind",
        f"awqctl_audit_behind_bytes > {_BEHIND_MIB} * 1024 * 1024",
        "warning",
        f"The audit is {_BEHIND_MIB} MiB behind.",
        "Its disk, or its process, is too slow.",
        "5m",
    ),
)
_ENGINES = (
    _Alert(
        "AwqctlEngineSilent",
        'awqctl_replica_up == 0 and on (model, replica, release) awqctl_replica_state{state="serving"} == 1',
        "critical",
        "{{ $labels.replica }} takes requests and does not show its metrics.",
        "The supervisor kills it if it hangs; see its log.",
        "1m",
    ),
    _Alert(
        "AwqctlEngineHung",
        "vllm:num_requests_running > 0 and on (model, replica, release) "
        "rate(vllm:iteration_tokens_total_count[1m]) == 0",
        "critical",
        "{{ $labels.replica }} has requests and makes no token.",
        "The supervisor kills and replaces it within two minutes; look for the cause in its log.",
        "1m",
    ),
    _Alert(
        "AwqctlEngineKilled",
        "increase(awqctl_replica_hung_total[15m]) > 0",
        "warning",
        "{{ $labels.replica }} stood still and was replaced.",
        "Its log says what it did last; report it to vLLM if it comes again.",
    ),
    _Alert(
        "AwqctlReplicaRestarts",
        "increase(awqctl_replica_restarts_total[1h]) > 2",
        "warning",
        "{{ $labels.replica }} died more than twice within an hour.",
        "See `awqctl serve status` for the root cause.",
    ),
    _Alert(
        "AwqctlReplicaGivenUp",
        'awqctl_replica_state{state="given_up"} == 1',
        "critical",
        "{{ $labels.replica }} died too often and is not started again.",
        "Mend the root cause that `awqctl serve status` names, then start the endpoint again.",
    ),
    _Alert(
        "AwqctlKvCache",
        "vllm:kv_cache_usage_perc > 0.95",
        "warning",
        "The KV cache of {{ $labels.replica }} has been full for five minutes.",
        "Requests wait or are preempted: lower engine.max_model_len or engine.max_num_seqs, or add a replica.",
        "5m",
    ),
    _Alert(
        "AwqctlPreemptions",
        "rate(vllm:num_preemptions_total[5m]) > 0.1",
        "warning",
        "{{ $labels.replica }} throws requests out of its batch and begins them anew.",
        "The KV cache is too small for engine.max_num_seqs.",
        "5m",
    ),
    _Alert(
        "AwqctlRejections",
        "sum by (model) (rate(vllm:admission_rejections_total[5m])) > 0",
        "warning",
        "The engines of {{ $labels.model }} refuse requests.",
        "Their queues are full: add a replica, or raise serve.max_queued_requests if clients may wait longer.",
        "5m",
    ),
    _Alert(
        "AwqctlEngineQueue",
        "min_over_time(vllm:num_requests_waiting[5m]) > 0",
        "warning",
        "Requests have been waiting in {{ $labels.replica }} for five minutes.",
        "The load is more than it was sized for: see `awqctl plan` for what another replica takes.",
    ),
)
_GPUS = (
    _Alert(
        "AwqctlGpuNotWell",
        "awqctl_gpu_check == 2",
        "critical",
        "GPU {{ $labels.gpu }}, {{ $labels.check }}: not well.",
        "See `awqctl doctor --gpu` for what was found and what to do.",
        "1m",
    ),
    _Alert(
        "AwqctlGpuWarning",
        "awqctl_gpu_check == 1",
        "warning",
        "GPU {{ $labels.gpu }}, {{ $labels.check }}: to be looked at.",
        "See `awqctl doctor --gpu`.",
        "15m",
    ),
    _Alert(
        "AwqctlGpuXid",
        "increase(awqctl_gpu_xid_errors_total[15m]) > 0",
        "critical",
        "GPU {{ $labels.gpu }} announced the critical error {{ $labels.xid }}.",
        "See NVIDIA's catalogue of XID errors and `awqctl doctor --gpu`.",
    ),
    _Alert(
        "AwqctlGpuMemoryErrors",
        "increase(awqctl_gpu_ecc_uncorrected_total[1h]) > 0",
        "critical",
        "GPU {{ $labels.gpu }} could not correct a memory error.",
        "Take its replica out and reset the GPU.",
    ),
    _Alert(
        "AwqctlGpuHot",
        "awqctl_gpu_temperature_margin_celsius < 5",
        "warning",
        "GPU {{ $labels.gpu }} is within 5 degrees of being slowed down.",
        "Look at fans, dust and the temperature of the room.",
        "5m",
    ),
)
