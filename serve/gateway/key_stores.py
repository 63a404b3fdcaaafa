"""Which file of keys is meant: an endpoint's own, or the one that waits for the first endpoint."""

from collections.abc import Callable
from pathlib import Path

from pipeline.base.errors import EnvironmentLackError
from pipeline.base.homes import config_home
from serve.endpoint import EndpointFolder, chosen_endpoint, endpoint_names
from serve.gateway.files import locked
from serve.gateway.keys import KeyStore


def unclaimed_keys() -> Path:
    """Return the file of keys that no endpoint has yet: of those made before the first one, or by an early awqctl."""
    return config_home() / "keys.json"


def endpoint_keys(folder: EndpointFolder, note: Callable[[str], None]) -> KeyStore:
    """Return the keys of an endpoint; without any of its own it takes those that no endpoint has.

    Args:
        folder: of the endpoint.
        note: told when it has taken them.

    Raises:
        EnvironmentLackError: the folder cannot be written.
        BusyError: another process keeps the file locked.
    """
    waiting, store = unclaimed_keys(), KeyStore(folder.keys)
    if waiting.is_file() and not folder.keys.exists():
        with locked(waiting.with_suffix(".lock")), locked(folder.keys.with_suffix(".lock")):
            if waiting.is_file() and not folder.keys.exists():
                _move(waiting, folder.keys)
                note(f"The keys in {waiting} are those of the endpoint '{folder.name}' now, in {folder.keys}.")
    return store


def chosen_keys(endpoint: str | None, note: Callable[[str], None], *, may_be_new: bool = False) -> KeyStore:
    """Return the keys of the endpoint named, or of the only one; before there is any, those that wait for the first.

    Args:
        endpoint: its name.
        note: told when an endpoint has taken keys that waited for one.
        may_be_new: whether the endpoint named need not have been started yet.

    Raises:
        UsageError: there is none of that name, or none is named and there are several.
    """
    if endpoint is None and not endpoint_names():
        return KeyStore(unclaimed_keys())
    return endpoint_keys(chosen_endpoint(endpoint, may_be_new=may_be_new), note)


def _move(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as problem:
        raise EnvironmentLackError(
            f"{source} cannot be moved to {target}: {problem.strerror}. Check who owns the folders."
        ) from problem
