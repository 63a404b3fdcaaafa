"""What the supervisor says of itself to Prometheus."""

from pathlib import Path

from pipeline.engines.prometheus import Metrics, parse_metrics
from serve.audit.status import AuditStatus
from serve.monitoring.page import exposition
from serve.monitoring.supervisor_metrics import supervisor_metrics
from tests.operation import NOON, endpoint_status, replica_status


def _metrics(*, answering: tuple[str, ...] = (), disk: Path | None = None, **changes: object) -> Metrics:
    return parse_metrics(exposition(supervisor_metrics(endpoint_status(**changes), answering, disk)).decode())


def test_an_engine_that_did_not_answer_is_down() -> None:
    """It keeps its state and counts; only `up` is 0."""
    replicas = (replica_status(1, restarts=2, hung=1), replica_status(2))
    found = _metrics(answering=("model-1/place-2",), replicas=replicas)
    assert found.by_label("awqctl_replica_up", "replica") == {"model-1/place-1": 0, "model-1/place-2": 1}
    assert found.value("awqctl_replica_restarts_total", replica="model-1/place-1") == 2
    assert found.value("awqctl_replica_hung_total") == 1
    assert found.value("awqctl_replica_state", replica="model-1/place-1", state="serving") == 1
    assert found.value("awqctl_replica_state", replica="model-1/place-1", state="waiting") == 0


def test_a_replica_without_weight_is_not_ready() -> None:
    """It stands beside the others, and no request reaches it."""
    found = _metrics(replicas=(replica_status(1), replica_status(2, weight=0), replica_status(3, state="draining")))
    assert (found.value("awqctl_model_replicas"), found.value("awqctl_model_replicas_ready")) == (3, 1)


def test_audit_certificate_and_disk(tmp_path: Path) -> None:
    """A loss, a problem and an expiry are figures."""
    audit = AuditStatus(lines=10, behind_bytes=7, lost=3, problem="The disk is full.")
    found = _metrics(audit=audit, disk=tmp_path, certificate_expires_at="2026-11-29T12:00:00Z")
    assert (found.value("awqctl_audit_lost_total"), found.value("awqctl_audit_problem")) == (3, 1)
    assert found.value("awqctl_certificate_expires_seconds") == NOON.timestamp()
    assert 0 < (found.value("awqctl_disk_free_bytes") or 0) <= (found.value("awqctl_disk_size_bytes") or 0)


def test_what_is_not_there_is_left_out() -> None:
    """Without TLS there is no expiry, without an audit no audit."""
    found = _metrics(audit=None, certificate_expires_at=None)
    assert not [one for one in found.samples if "audit" in one.name or "certificate" in one.name]
