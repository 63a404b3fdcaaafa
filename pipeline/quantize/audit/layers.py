"""The coverage audit layer by layer, as it lies beside the checkpoint: a JSON list in `quantize/coverage.json`."""

import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import TypeAdapter

from pipeline.base.files import write_atomically
from pipeline.quantize.result import LayerAudit

FILE = "coverage.json"
_ROWS = TypeAdapter(tuple[LayerAudit, ...])


def write_layers(notes: Path, rows: Iterable[LayerAudit]) -> None:
    """Write the rows into the folder of the notes."""
    write_atomically(notes / FILE, json.dumps([row.model_dump(mode="json") for row in rows]))


def read_layers(notes: Path) -> tuple[LayerAudit, ...]:
    """Return the rows.

    Raises:
        OSError: there is no such file.
        ValidationError: it is something else.
    """
    return _ROWS.validate_json((notes / FILE).read_bytes())
