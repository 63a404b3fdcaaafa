"""What a supervisor says of everything below it."""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from pipeline.base.errors import EngineError
from serve.audit.status import AuditStatus
from serve.gateway.gateway import Gateway
from serve.status import DoorStatus, EndpointStatus
from serve.supervisor.door_watch import DoorWatch
from serve.supervisor.replica import Replica
from serve.supervisor.spec import ServingSpec


def endpoint_status(
    spec: ServingSpec,
    gateway: Gateway,
    watch: DoorWatch,
    replicas: Sequence[Replica],
    *,
    started_at: str,
    ca_certificate: Path | None,
    audit: AuditStatus | None,
    metrics_url: str | None,
    certificate_expires_at: datetime | None,
) -> EndpointStatus:
    """Return how the endpoint is.

    Args:
        spec: what is served.
        gateway: the door.
        watch: who starts it again.
        replicas: the engines that there are.
        started_at: UTC, ISO 8601.
        ca_certificate: what clients must trust; None over plain HTTP.
        audit: what it says of itself; None without one.
        metrics_url: of the page for Prometheus; None where it is on a socket alone.
        certificate_expires_at: UTC; None over plain HTTP.
    """
    door = _door(gateway, watch)
    up = {replica.model.name for replica in replicas if replica.takes_requests}
    return EndpointStatus(
        name=spec.endpoint,
        pid=os.getpid(),
        base_url=f"{gateway.base_url}/v1",
        ca_certificate=str(ca_certificate) if ca_certificate else None,
        metrics_url=metrics_url,
        started_at=started_at,
        ready=door.pid is not None and not gateway.refusing and up == {model.name for model in spec.models},
        refusing=gateway.refusing,
        models=tuple(name for backend in gateway.backends for name in backend.models),
        replicas=tuple(replica.status() for replica in replicas),
        door=door,
        audit=audit,
        certificate_expires_at=certificate_expires_at.isoformat() if certificate_expires_at else None,
        despite_gates=spec.despite_gates,
        log=str(gateway.log),
    )


def absence(model: str, replicas: Sequence[Replica]) -> str | None:
    """Return what clients are told of a model whose engines have failed; None while it is up, or starts as meant.

    Why they failed is told to whoever runs the endpoint, not to clients.
    """
    states = {replica.state for replica in replicas}
    if "serving" in states or not states & {"waiting", "given_up"}:
        return None
    if "waiting" in states:
        return f"The model {model} failed and is started again. Try again later."
    return f"The model {model} has failed too often and is not started any more. Ask whoever runs this endpoint."


def _door(gateway: Gateway, watch: DoorWatch) -> DoorStatus:
    """Return how HAProxy is; without a process while it is started again."""
    try:
        figures = gateway.figures()
    except EngineError:
        return DoorStatus(
            pid=None,
            restarts=watch.restarts,
            connections=0,
            max_connections=gateway.connections.clients,
            queued=0,
            dropped_logs=0,
        )
    return DoorStatus(restarts=watch.restarts, **figures.model_dump())
