"""The whole self-audit."""

import ssl
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx

from pipeline.base.errors import AwqctlError
from pipeline.base.progress import Reporter
from pipeline.engines.vllm import MODULE
from pipeline.runtimes.worker import Worker, worker_script
from serve.checks.exposure.door import audit_answers, audit_tls
from serve.checks.exposure.processes import audit_files, audit_processes
from serve.checks.exposure.requests import audit_requests
from serve.checks.exposure.result import Item, SelfAudit, Target
from serve.checks.exposure.routes import audit_routes
from serve.gateway.routes import ROUTES

_TIMEOUT_S = 60.0


def engine_routes(python: Path, *, log: Path, reporter: Reporter) -> tuple[str, tuple[str, ...]]:
    """Return the version of vLLM, and every route of its application, those of its developer mode included.

    Raises:
        WorkerError: the application cannot be built with the installed vLLM.
    """
    with Worker(python, worker_script("vllm_arguments"), log=log, reporter=reporter) as worker:
        # No model is read: the name only has to be there.
        request = {"module": MODULE, "arguments": ["--model", "none"]}
        answer = worker.call("routes", request, "reading the routes of vLLM")
    return answer["version"], tuple(answer["routes"])


def audit(
    target: Target,
    *,
    endpoint: str,
    python: Path | None,
    private: tuple[Path, ...],
    log: Path,
    reporter: Reporter,
    hostile: bool = True,
) -> SelfAudit:
    """Return what is found at the door and in the processes behind it.

    Args:
        target: the endpoint, which must be ready.
        endpoint: its name.
        python: interpreter of the engine's environment, for its routes; None where there is none to read.
        private: files and folders that are their owner's alone.
        log: of the reading of routes.
        reporter: told about the parts.
        hostile: whether the engine gets requests that it must refuse.
    """
    version, routes, unread = _routes(python, log, reporter)
    verify = ssl.create_default_context(cafile=str(target.ca_certificate)) if target.ca_certificate else True
    with httpx.Client(verify=verify, trust_env=False, timeout=_TIMEOUT_S) as client:
        parts: tuple[tuple[str, Iterator[Item]], ...] = (
            ("routes", audit_routes(target, client, routes)),
            ("TLS", audit_tls(target)),
            ("headers and limits", audit_answers(target, client)),
            *([("hostile requests", audit_requests(target, client))] if hostile else []),
            ("processes", audit_processes(target)),
            ("files", audit_files(private)),
        )
        items: list[Item] = list(unread)
        for name, part in parts:
            reporter.note(name, head="self-audit")
            items += part
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return SelfAudit(endpoint=endpoint, base_url=target.base_url, at=at, engine_version=version, items=tuple(items))


def _routes(python: Path | None, log: Path, reporter: Reporter) -> tuple[str | None, Sequence[str], tuple[Item, ...]]:
    """Return version and routes; without them those that are let through, and an item that says so."""
    try:
        if python is not None:
            return *engine_routes(python, log=log, reporter=reporter), ()
        reason = "the engine's environment is not known"
    except (AwqctlError, OSError) as problem:
        reason = str(problem)
    unread = Item(area="routes", name="the application's own list", verdict="not checked", detail=reason)
    return None, ROUTES, (unread,)
