"""How a running endpoint is drawn."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from pipeline.cli.serve_status_table import one_line, picture
from pipeline.hardware.health.sample import GpuSample
from serve.audit.status import AuditStatus
from serve.live.recent import Traffic
from serve.live.watch import Look
from serve.status import DoorStatus, EndpointStatus, ReplicaStatus

NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)


def _replica(number: int, **changes: Any) -> ReplicaStatus:
    fields = {
        "model": "org/a-model-with-a-long-name-AWQ",
        "place": f"model-1/place-{number}",
        "release": "unreleased",
        "state": "serving",
        "since": (NOW - timedelta(seconds=90)).isoformat(),
        "running": 14,
        "waiting": 3,
        "kv_cache_usage": 0.871,
        "generation_tokens": 1_234_567,
    }
    return ReplicaStatus.model_validate({**fields, **changes})


def _look(*replicas: ReplicaStatus, gpus: tuple[GpuSample, ...] = (), **changes: Any) -> Look:
    door = DoorStatus(pid=1, restarts=0, connections=1234, max_connections=12000, queued=5, dropped_logs=0)
    status = EndpointStatus(
        name="demo",
        pid=2,
        base_url="https://127.0.0.1:8443/v1",
        started_at=(NOW - timedelta(hours=2)).isoformat(),
        ready=True,
        replicas=replicas or (_replica(1), _replica(2)),
        door=door,
        audit=AuditStatus(lines=123_456, behind_bytes=0, lost=0),
    ).model_copy(update=changes)
    traffic = Traffic(seconds=60, requests=740, failed=2, limited=31, p50_ms=412.0, p95_ms=1830.0)
    return Look(NOW, status, None, traffic, {one.place: 171.3 for one in status.replicas}, gpus)


def _drawn(look: Look, width: int = 80) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, height=25, highlight=False).print(picture(look, "demo"))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def _text(look: Look) -> str:
    return " ".join(" ".join(_drawn(look)).split())


def test_figures_stand_in_the_picture() -> None:
    """State, age, traffic, tokens, queue of door and engines, connections."""
    text = _text(_look())
    assert "demo ready https://127.0.0.1:8443/v1 up 2:00:00" in text
    for pair in ("requests/s 12", "tokens/s 343", "latency p50 412 ms", "p95 1.8 s", "failed 2", "limited 31"):
        assert pair in text
    assert "queue 5 door + 6 engines" in text
    assert "1,234 of 12,000" in text
    assert "model-1/place-2 serving 1:30 14 3" in text


def test_everything_fits_eighty_columns() -> None:
    """With GPUs and with large figures; the model's name gives way."""
    gpu = GpuSample(
        index=0,
        utilization_percent=97.0,
        memory_used_bytes=71 * 2**30,
        memory_total_bytes=80 * 2**30,
        temperature_c=64.0,
        power_w=310.0,
    )
    lines = _drawn(_look(_replica(12, restarts=104, running=1024, waiting=1024, state="given_up"), gpus=(gpu,)))
    assert max(len(line) for line in lines) <= 80
    assert any("given up" in line and "104" in line for line in lines)
    assert any("97 %" in line and "310 W" in line for line in lines)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ready": False, "refusing": "shutting down"}, "not ready (shutting down)"),
        ({"audit": AuditStatus(lines=1, behind_bytes=0, lost=7, problem="The disk is full.")}, "7 lines lost"),
        ({"despite_gates": ("accuracy (failed)",)}, "served all the same: accuracy"),
        ({"certificate_expires_at": (datetime.now(UTC) + timedelta(days=3)).isoformat()}, "certificate expires in"),
    ],
)
def test_what_somebody_should_know(changes: dict[str, Any], said: str) -> None:
    """It stands below the tables, in words."""
    assert said in _text(_look(**changes))


def test_death_is_told_until_the_replica_serves() -> None:
    """With its root cause."""
    dead = _replica(1, state="waiting", running=None, last_failure="vLLM ended: out of memory.")
    assert "model-1/place-1: vLLM ended: out of memory." in _text(_look(dead))
    assert "out of memory" not in _text(_look(_replica(1, last_failure="vLLM ended: out of memory.")))


def test_what_is_not_known_is_no_zero() -> None:
    """Without an audit and before an engine has told twice there is a dash."""
    look = Look(NOW, _look(_replica(1, waiting=None)).status)
    assert "requests/s —" in _text(look)
    assert "tokens/s —" in _text(look)
    assert "queue 5 door + — engines" in _text(look)


def test_one_line_for_logs() -> None:
    """One that says the same, and one of an endpoint that is gone."""
    line = one_line(_look(), "demo")
    assert "\n" not in line
    assert "demo: ready, replicas 2 of 2, requests/s 12, tokens/s 343, latency p50 412 ms" in line
    assert one_line(Look(NOW, None), "demo").endswith("demo: not running")
    assert one_line(Look(NOW, None, "It does not answer."), "demo").endswith("demo: It does not answer.")
