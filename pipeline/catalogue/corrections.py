"""The file of what runs taught: `corrections.yaml` beside the user's keys, or one that is named."""

import json
from pathlib import Path

from pydantic import ValidationError

from pipeline.base.errors import UsageError
from pipeline.base.files import write_atomically
from pipeline.base.homes import config_home
from pipeline.base.validation import explain
from pipeline.base.yaml_text import write_yaml
from pipeline.catalogue.files import read
from pipeline.plan.corrections import Corrections

FILE = "corrections.yaml"
_HEAD = (
    "# What runs taught `awqctl plan`. Written by `awqctl plan fit RUN...`, which adds to it; take an entry out to\n"
    "# forget it.\n"
)
_MOST = 5


def corrections_file(given: Path | None = None) -> Path:
    """Return the file that is meant: the one given, or the user's, which need not be there."""
    return given or config_home() / FILE


def read_corrections(given: Path | None = None, *, missing_ok: bool = False) -> Corrections:
    """Return what was learned; nothing where the user has no file, or where a given one may be missing.

    Raises:
        UsageError: the file that was given is not there, or one is not what `awqctl plan fit` writes.
    """
    path = corrections_file(given)
    if not path.is_file():
        if given is None or missing_ok:
            return Corrections()
        raise UsageError(f"There is no file {path}. `awqctl plan fit RUN... --corrections {path}` writes it.")
    document = read(path)
    try:
        return Corrections.model_validate_json(json.dumps(document), strict=True)  # in which lists may be tuples
    except ValidationError as problem:
        lines = [explain(error, Corrections, "the file") for error in problem.errors()[:_MOST]]
        raise UsageError(
            f"{path} is not what `awqctl plan fit` writes:\n  "
            + "\n  ".join(lines)
            + "\nCorrect it, or take it away and fit again."
        ) from None


def write_corrections(corrections: Corrections, given: Path | None = None) -> Path:
    """Write what was learned, whole or not at all, and return the file.

    Raises:
        UsageError: it cannot be written there.
    """
    path = corrections_file(given)
    try:
        write_atomically(path, _HEAD + write_yaml(corrections.model_dump(mode="json", exclude_none=True)))
    except OSError as problem:
        raise UsageError(f"{path} cannot be written: {problem.strerror}. Name another with --corrections.") from None
    return path
