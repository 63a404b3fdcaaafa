"""What another process asks of a running endpoint: how it is, to stop, to read its settings again."""

import os
import time
from typing import Any

from pipeline.base.errors import EnvironmentLackError
from serve.endpoint import EndpointFolder
from serve.status import EndpointStatus
from serve.supervisor.control import Note, address_of, ask

_POLL_S = 0.2
_BEYOND_DRAIN_S = 60.0
_RELOAD_TIMEOUT_S = 120.0


def status_of(folder: EndpointFolder) -> EndpointStatus | None:
    """Return how the endpoint is; None where none runs.

    Raises:
        EnvironmentLackError: its supervisor does not answer.
        RemoteError: it cannot say.
    """
    return EndpointStatus.model_validate(ask(folder, "status")) if address_of(folder) else None


def reload(folder: EndpointFolder, note: Note) -> dict[str, Any]:
    """Let the endpoint read its settings again; return what its supervisor says it did.

    Raises:
        EnvironmentLackError: none runs, or it does not answer.
        RemoteError: the settings cannot be taken; those of before hold.
    """
    return ask(folder, "reload", note=note, timeout_s=_RELOAD_TIMEOUT_S)


def stop(folder: EndpointFolder, note: Note, *, drain_timeout_s: float) -> int:
    """Stop the endpoint; return the id of its process once that is gone.

    Args:
        folder: of the endpoint.
        note: told what it says meanwhile.
        drain_timeout_s: how long answers under way may take.

    Raises:
        EnvironmentLackError: none runs, it does not answer, or it does not end.
        RemoteError: it refuses.
    """
    address = address_of(folder)
    ask(folder, "stop", note=note, timeout_s=drain_timeout_s + _BEYOND_DRAIN_S)
    pid = address.pid if address else 0
    deadline = time.monotonic() + drain_timeout_s + _BEYOND_DRAIN_S
    while pid and _alive(pid):
        if time.monotonic() > deadline:
            raise EnvironmentLackError(f"The endpoint '{folder.name}' (process {pid}) does not end. Look at its log.")
        time.sleep(_POLL_S)
    return pid


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
