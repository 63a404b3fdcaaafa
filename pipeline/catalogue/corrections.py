"""The file of what runs taught: `corrections.yaml` beside the user's keys, or one that is named."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.base.errors import EnvironmentLackError, UsageError
from pipeline.base.files import write_atomically
from pipeline.base.homes import config_home
from pipeline.base.validation import explain
from pipeline.base.yaml_text import write_yaml, yaml_file_text
from pipeline.catalogue.files import read
from pipeline.plan.corrections import Corrections

FILE = "corrections.yaml"
_HEAD = (
    "# What runs taught `awqctl plan`. Written by `awqctl plan fit RUN...`, which adds to it; take an entry out to\n"
    "# forget it.\n"
)
_MOST = 5
_SCHEMA = 1


def corrections_file(given: Path | None = None) -> Path:
    """Return the file that is meant: the one given, or the user's, which need not be there."""
    return given or config_home() / FILE


def read_corrections(given: Path | None = None, *, missing_ok: bool = False) -> Corrections:
    """Return what was learned; nothing where the user has no file, or where a given one may be missing.

    Raises:
        UsageError: the file that was given is not there, or one is not what `awqctl plan fit` writes.
    """
    try:
        path = corrections_file(given)
    except EnvironmentLackError:  # without a home there is no file of one's own
        return Corrections()
    try:
        return _read(path, missing_ok=given is None or missing_ok)
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror}. Name another with --corrections.") from None


def _read(path: Path, *, missing_ok: bool) -> Corrections:
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is no file. Name one, which `awqctl plan fit RUN... --corrections FILE` writes.")
    if not path.is_file():
        if missing_ok:
            return Corrections()
        raise UsageError(f"There is no file {path}. `awqctl plan fit RUN... --corrections {path}` writes it.")
    if not yaml_file_text(path).strip():
        return Corrections()
    document = read(path)
    _refuse_newer(path, document)
    try:
        return Corrections.model_validate_json(json.dumps(document), strict=True)  # in which lists may be tuples
    except ValidationError as problem:
        lines = [explain(error, Corrections, "the file") for error in problem.errors()[:_MOST]]
        raise UsageError(
            f"{path} is not what `awqctl plan fit` writes:\n  "
            + "\n  ".join(lines)
            + "\nCorrect it, or take it away and fit again."
        ) from None


def _refuse_newer(path: Path, document: dict[str, Any]) -> None:
    schema = document.get("schema_version")
    if isinstance(schema, int) and schema > _SCHEMA:
        raise UsageError(
            f"{path} was written by a newer awqctl (schema_version {schema}; this one reads {_SCHEMA}). Update awqctl, "
            f"or name another file with --corrections."
        )


def update_corrections(
    given: Path | None, learn: Callable[[Corrections], Corrections], waits: Callable[[str], None]
) -> Path:
    """Add to what was learned, while nobody else does, and return the file, which changes whole or not at all.

    Args:
        given: file; None: the user's.
        learn: returns what is known afterwards from what is known.
        waits: told who learns at the same time, where that takes a while.

    Raises:
        UsageError: it cannot be written there, or is not what `awqctl plan fit` writes.
    """
    from pipeline.base.locks import exclusive  # noqa: PLC0415 -- only learning needs it

    path = corrections_file(given)
    with ExitStack() as held:
        with _writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(exclusive(path.with_name(f".{path.name}.lock"), waits))
        known = learn(read_corrections(given, missing_ok=True))
        with _writing(path):
            write_atomically(path, _HEAD + write_yaml(known.model_dump(mode="json", exclude_none=True)))
    return path


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise UsageError(f"{path} cannot be written: {problem.strerror}. Name another with --corrections.") from None
