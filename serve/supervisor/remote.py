"""What another process asks of a running endpoint: how it is, to stop, to read its settings again."""

import time

import psutil

from pipeline.base.errors import EnvironmentLackError, Interrupted
from serve.endpoint import EndpointFolder
from serve.status import EndpointStatus
from serve.supervisor.control import Note, address_of, ask
from serve.supervisor.reload import Reloaded

_POLL_S = 0.2
_BEYOND_DRAIN_S = 60.0
_RELOAD_TIMEOUT_S = 3600.0
"""Engines that are replaced one after the other load in silence."""


def status_of(folder: EndpointFolder) -> EndpointStatus | None:
    """Return how the endpoint is; None where none runs.

    Raises:
        EnvironmentLackError: its supervisor does not answer.
        RemoteError: it cannot say.
    """
    return EndpointStatus.model_validate(ask(folder, "status")) if address_of(folder) else None


def reload(folder: EndpointFolder, note: Note) -> Reloaded:
    """Let the endpoint read its settings again; return what its supervisor did.

    Raises:
        EnvironmentLackError: none runs, or it does not answer.
        RemoteError: the settings cannot be taken; those of before hold.
    """
    return Reloaded.model_validate(ask(folder, "reload", note=note, timeout_s=_RELOAD_TIMEOUT_S))


def stop(folder: EndpointFolder, note: Note) -> int:
    """Stop the endpoint; return the id of its process once that is gone.

    Args:
        folder: of the endpoint.
        note: told what it says meanwhile.

    Raises:
        EnvironmentLackError: none runs, it does not answer, or it does not end.
        Interrupted: somebody stopped waiting; the endpoint stops all the same.
        RemoteError: it refuses.
    """
    stopping = ask(folder, "stop", note=note)
    pid = int(stopping["pid"])
    deadline = time.monotonic() + float(stopping["drain_timeout_s"]) + _BEYOND_DRAIN_S
    try:
        while _alive(pid):
            if time.monotonic() > deadline:
                raise EnvironmentLackError(
                    f"The endpoint '{folder.name}' (process {pid}) does not end. Look at its log."
                )
            time.sleep(_POLL_S)
    except (KeyboardInterrupt, Interrupted):
        raise Interrupted(
            f"The endpoint '{folder.name}' goes on to stop, once the answers under way have ended. The same command "
            "again would cut them."
        ) from None
    return pid


def _alive(pid: int) -> bool:
    """Return whether the process still runs; one that nobody has reaped does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
