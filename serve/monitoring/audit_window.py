"""Lines of the audit between two times: only the files that can hold them are read."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from serve.audit.chain import audit_files
from serve.audit.lines import AuditLine


def audit_lines(folder: Path, since: datetime, until: datetime) -> Iterator[AuditLine]:
    """Yield the lines of what arrived between two times; one that cannot be read is left to `awqctl audit verify`."""
    for path in audit_files(folder):
        if path.stat().st_mtime < since.timestamp():
            continue
        with path.open("rb") as stream:
            for data in stream:
                line = _parsed(data)
                if line is not None and since <= datetime.fromisoformat(line.at) < until:
                    yield line


def _parsed(data: bytes) -> AuditLine | None:
    try:
        return AuditLine.model_validate_json(data)
    except ValidationError:
        return None
