"""The self-audit of a running endpoint: its supervisor is asked for what has to be known, and for a key of minutes."""

from pathlib import Path

from pipeline.base.errors import EnvironmentLackError
from pipeline.base.progress import Reporter
from pipeline.base.results import Result
from serve.checks.exposure.audit import audit
from serve.checks.exposure.result import SelfAudit, Target
from serve.endpoint import EndpointFolder, chosen_endpoint
from serve.status import EndpointStatus
from serve.supervisor.control import ask

KEY_SECONDS = 900


class ProbeFacts(Result):
    """What the supervisor tells the self-audit."""

    key: str
    """For `KEY_SECONDS`; it may ask for every model and stands in no file."""
    host: str
    port: int
    engine_python: str | None
    max_body_bytes: int
    probes_at_door: bool
    private: tuple[str, ...]
    """Sockets and folders that are the owner's alone."""


def audit_running(name: str | None, reporter: Reporter) -> SelfAudit:
    """Return what is found at the endpoint of that name, or at the only one there is.

    Raises:
        UsageError: it is not clear which endpoint is meant.
        EnvironmentLackError: it does not run, or is not ready.
    """
    folder = chosen_endpoint(name, may_be_new=True)
    status = EndpointStatus.model_validate(ask(folder, "status"))
    if not status.ready:
        raise EnvironmentLackError(f"The endpoint '{folder.name}' is not ready yet. Try again when it is.")
    return audit_endpoint(folder, status, ProbeFacts.model_validate(ask(folder, "probe_facts")), reporter)


def audit_endpoint(
    folder: EndpointFolder, status: EndpointStatus, facts: ProbeFacts, reporter: Reporter, *, hostile: bool = True
) -> SelfAudit:
    """Return what is found at an endpoint of which everything is known.

    Args:
        folder: of the endpoint.
        status: how it is.
        facts: what only its supervisor knows.
        reporter: told about the parts.
        hostile: whether the engine gets requests that it must refuse.
    """
    target = Target(
        base_url=status.base_url,
        host=facts.host,
        port=facts.port,
        ca_certificate=Path(status.ca_certificate) if status.ca_certificate else None,
        key=facts.key,
        model=status.replicas[0].model,
        pid=status.pid,
        max_body_bytes=facts.max_body_bytes,
        probes_at_door=facts.probes_at_door,
    )
    return audit(
        target,
        endpoint=folder.name,
        python=Path(facts.engine_python) if facts.engine_python else None,
        private=(folder.path, folder.keys, folder.spool, folder.audit, *map(Path, facts.private)),
        log=folder.path / "self-audit-vllm.log",
        reporter=reporter,
        hostile=hostile,
    )
