"""`Promises`: what a running endpoint is held to, kept in its folder, so that it can be judged after its end."""

from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from pipeline.base.commands import command
from pipeline.base.errors import UsageError
from pipeline.base.results import Result
from pipeline.recipe.serve import ServiceLevels
from serve.endpoint import EndpointFolder
from serve.gateway.files import write_private


class ServedCheckpoint(Result):
    """One model, and where the record of the run that made it is looked for."""

    model: str
    release: str
    checkpoint: str
    """Its folder; the record is beside it."""


class Promises(Result):
    """Written at every start."""

    schema_version: Literal[1] = 1
    levels: ServiceLevels
    models: tuple[ServedCheckpoint, ...]
    metrics_port: int | None = None
    """That the page of metrics is on."""
    at: str


def promises_path(folder: EndpointFolder) -> Path:
    """Return the file."""
    return folder.path / "promises.json"


def write_promises(folder: EndpointFolder, promises: Promises) -> None:
    """Keep what the endpoint that starts is held to.

    Raises:
        EnvironmentLackError: the disk is full, or the folder is not writable.
    """
    write_private(promises_path(folder), promises.model_dump_json(indent=2) + "\n")


def read_promises(folder: EndpointFolder) -> Promises:
    """Return what the endpoint was held to when it started last.

    Raises:
        UsageError: it never has.
    """
    try:
        return Promises.model_validate_json(promises_path(folder).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"The endpoint '{folder.name}' has not run yet, so there is nothing to tell. "
            f"Start it with `{command('serve')}`."
        ) from None
    except ValidationError as problem:
        raise UsageError(
            f"{promises_path(folder)} cannot be read: it is of another version, or was changed. "
            "Start the endpoint again; that writes it anew."
        ) from problem
