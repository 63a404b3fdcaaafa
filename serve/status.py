"""`EndpointStatus`: what the supervisor says of itself and of everything below it."""

from typing import Literal

from pipeline.base.results import Result
from serve.audit.status import AuditStatus

ReplicaState = Literal["starting", "warming", "serving", "draining", "stopped", "waiting", "given_up"]
"""`waiting`: for its next start after a death; `given_up`: it died too often, somebody has to look."""


class ReplicaStatus(Result):
    """One engine."""

    model: str
    """Name that clients ask for."""
    place: str
    """`model-1/place-2`."""
    release: str
    state: ReplicaState
    since: str
    """In this state: UTC, ISO 8601."""
    pid: int | None = None
    restarts: int = 0
    hung: int = 0
    """Times that it was killed because it stood still; among its restarts."""
    start_seconds: float | None = None
    weight: int = 0
    running: int | None = None
    """Requests in the engine's batch."""
    waiting: int | None = None
    """Requests in the engine's queue."""
    kv_cache_usage: float | None = None
    """From 0 to 1."""
    generation_tokens: int | None = None
    """Since its start."""
    last_failure: str | None = None
    """Root cause of its latest death."""
    log: str | None = None


class DoorStatus(Result):
    """HAProxy."""

    pid: int | None
    restarts: int
    connections: int
    max_connections: int
    queued: int
    """Requests that wait in HAProxy for an engine."""
    dropped_logs: int


class EndpointStatus(Result):
    """All of it."""

    name: str
    pid: int
    base_url: str
    metrics_url: str | None = None
    ca_certificate: str | None = None
    started_at: str
    alive: bool = True
    ready: bool
    """At least one replica of every model takes requests."""
    refusing: str | None = None
    """Why the door answers 503 to everything; None while it does not."""
    models: tuple[str, ...] = ()
    """Names that clients may ask for, adapters included."""
    replicas: tuple[ReplicaStatus, ...]
    door: DoorStatus
    audit: AuditStatus | None = None
    certificate_expires_at: str | None = None
    despite_gates: tuple[str, ...] = ()
    log: str | None = None
