"""What tests of the endpoint in operation share: lines of the audit, and a status, of a made-up endpoint."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from serve.audit.chain import GENESIS
from serve.audit.lines import AuditLine
from serve.audit.status import AuditStatus
from serve.status import DoorStatus, EndpointStatus, ReplicaStatus

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def moment(seconds: float = 0.0, start: datetime = NOON) -> str:
    """Return a time so many seconds after noon."""
    return (start + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def audit_line(n: int = 0, **changes: Any) -> AuditLine:
    """Return an answered request of the key `alice`."""
    usual: dict[str, Any] = {
        "n": n,
        "at": moment(n),
        "id": f"r{n}",
        "key": "alice",
        "key_id": "k1",
        "source": "127.0.0.1",
        "method": "POST",
        "path": "/v1/chat/completions",
        "model": "tiny",
        "release": "1",
        "status": 200,
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "tokens_exact": True,
        "first_token_ms": 40.0,
        "total_ms": 300,
        "bytes": 900,
        "place": "model-1/place-1",
        "previous": GENESIS,
    }
    return AuditLine(**{**usual, **changes})


def write_audit(folder: Path, lines: Iterable[AuditLine], name: str = "audit-0.jsonl") -> Path:
    """Append lines to a file of the audit, not chained; return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    with path.open("a", encoding="utf-8") as stream:
        stream.writelines(f"{line.model_dump_json()}\n" for line in lines)
    return path


def replica_status(place: int = 1, **changes: Any) -> ReplicaStatus:
    """Return an engine that takes requests."""
    usual: dict[str, Any] = {
        "model": "tiny",
        "place": f"model-1/place-{place}",
        "release": "1",
        "state": "serving",
        "since": moment(),
        "weight": 100,
        "running": 3,
        "waiting": 1,
        "kv_cache_usage": 0.25,
        "generation_tokens": 1000,
    }
    return ReplicaStatus(**{**usual, **changes})


def endpoint_status(**changes: Any) -> EndpointStatus:
    """Return an endpoint of one model with one engine."""
    usual: dict[str, Any] = {
        "name": "tiny",
        "pid": 1,
        "base_url": "https://127.0.0.1:8443/v1",
        "started_at": moment(),
        "ready": True,
        "replicas": (replica_status(),),
        "door": DoorStatus(pid=2, restarts=0, connections=4, max_connections=1000, queued=0, dropped_logs=0),
        "audit": AuditStatus(lines=100, behind_bytes=0, lost=0),
        "certificate_expires_at": moment(86400 * 90),
    }
    return EndpointStatus(**{**usual, **changes})
