"""What the supervisor says of itself, as metrics for Prometheus."""

import shutil
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import get_args

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from pipeline import __version__
from serve.audit.status import AuditStatus
from serve.status import DoorStatus, EndpointStatus, ReplicaState, ReplicaStatus

_REPLICA = ("model", "replica", "release")


def supervisor_metrics(status: EndpointStatus, answering: Collection[str], disk: Path | None) -> Iterator[Metric]:
    """Yield the metrics of replicas, door, audit, certificate and disk.

    Args:
        status: what the supervisor knows.
        answering: places whose engines showed their metrics.
        disk: a folder on the disk that the audit is written to; None where that is not of interest.
    """
    yield gauge("awqctl_build_info", "Version of awqctl that serves.", 1, version=__version__, endpoint=status.name)
    yield gauge("awqctl_endpoint_started_seconds", "Start of the supervisor, Unix time.", unix(status.started_at))
    yield gauge("awqctl_endpoint_ready", "Whether a replica of every model takes requests.", status.ready)
    yield gauge("awqctl_endpoint_refusing", "Whether the door answers 503 to everything.", status.refusing is not None)
    yield from _replicas(status.replicas, answering)
    yield from _models(status.replicas)
    yield from _door(status.door)
    if status.audit is not None:
        yield from _audit(status.audit)
    if status.certificate_expires_at is not None:
        yield gauge(
            "awqctl_certificate_expires_seconds",
            "End of the certificate at the door, Unix time.",
            unix(status.certificate_expires_at),
        )
    if disk is not None:
        usage = shutil.disk_usage(disk)
        yield gauge("awqctl_disk_free_bytes", "Free on the disk of the audit.", usage.free)
        yield gauge("awqctl_disk_size_bytes", "Size of the disk of the audit.", usage.total)


def serves(replica: ReplicaStatus) -> bool:
    """Return whether it takes requests."""
    return replica.state == "serving" and replica.weight > 0


def gauge(name: str, help_text: str, value: float, **labels: str) -> Metric:
    """Return a gauge of one sample."""
    family = GaugeMetricFamily(name, help_text, labels=tuple(labels))
    family.add_metric(tuple(labels.values()), value)
    return family


def counter(name: str, help_text: str, value: float, **labels: str) -> Metric:
    """Return a counter of one sample."""
    family = CounterMetricFamily(name, help_text, labels=tuple(labels))
    family.add_metric(tuple(labels.values()), value)
    return family


def unix(moment: str) -> float:
    """Return a time in ISO 8601 as seconds since 1970."""
    return datetime.fromisoformat(moment).timestamp()


def _replicas(replicas: Iterable[ReplicaStatus], answering: Collection[str]) -> Iterator[Metric]:
    up = GaugeMetricFamily(
        "awqctl_replica_up", "Whether the engine shows its metrics within a second.", labels=_REPLICA
    )
    state = GaugeMetricFamily("awqctl_replica_state", "1 for the state it is in.", labels=(*_REPLICA, "state"))
    weight = GaugeMetricFamily("awqctl_replica_weight", "Share of the requests, from 0 to 100.", labels=_REPLICA)
    start = GaugeMetricFamily("awqctl_replica_start_seconds", "How long its latest start took.", labels=_REPLICA)
    restarts = CounterMetricFamily("awqctl_replica_restarts", "Starts after a death.", labels=_REPLICA)
    hung = CounterMetricFamily("awqctl_replica_hung", "Times it was killed because it stood still.", labels=_REPLICA)
    for replica in replicas:
        labels = (replica.model, replica.place, replica.release)
        up.add_metric(labels, replica.place in answering)
        for name in get_args(ReplicaState):
            state.add_metric((*labels, name), replica.state == name)
        weight.add_metric(labels, replica.weight)
        restarts.add_metric(labels, replica.restarts)
        hung.add_metric(labels, replica.hung)
        if replica.start_seconds is not None:
            start.add_metric(labels, replica.start_seconds)
    yield from (up, state, weight, start, restarts, hung)


def _models(replicas: Iterable[ReplicaStatus]) -> Iterator[Metric]:
    known = GaugeMetricFamily("awqctl_model_replicas", "Engines that the model has.", labels=("model",))
    ready = GaugeMetricFamily("awqctl_model_replicas_ready", "Engines that take its requests.", labels=("model",))
    of: dict[str, list[bool]] = {}
    for replica in replicas:
        of.setdefault(replica.model, []).append(serves(replica))
    for model, serving in of.items():
        known.add_metric((model,), len(serving))
        ready.add_metric((model,), sum(serving))
    yield from (known, ready)


def _door(door: DoorStatus) -> Iterator[Metric]:
    yield gauge("awqctl_door_up", "Whether HAProxy runs.", door.pid is not None)
    yield gauge("awqctl_door_connections", "Of clients, open now.", door.connections)
    yield gauge("awqctl_door_max_connections", "Of clients, that there may be.", door.max_connections)
    yield gauge("awqctl_door_queued", "Requests that wait in HAProxy for an engine.", door.queued)
    yield counter("awqctl_door_restarts", "Starts of HAProxy after a death.", door.restarts)
    yield counter("awqctl_door_dropped_logs", "Lines that HAProxy could not write.", door.dropped_logs)


def _audit(audit: AuditStatus) -> Iterator[Metric]:
    yield counter("awqctl_audit_lines", "Lines of the audit since the start.", audit.lines)
    yield counter("awqctl_audit_lost", "Lines that are known to be lost.", audit.lost)
    yield gauge("awqctl_audit_behind_bytes", "Of the spool, not yet in the audit.", audit.behind_bytes)
    yield gauge("awqctl_audit_problem", "Whether no line can be kept.", audit.problem is not None)
