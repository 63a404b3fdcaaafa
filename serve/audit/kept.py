"""Prompts and answers of keys that keep them: files by day, whose names say for how many. Standard library only."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

_NAME = re.compile(r"kept-(\d{4}-\d\d-\d\d)-(\d+)d\.jsonl")


def expire_kept(folder: Path) -> int:
    """Remove the files whose time is over; return how many."""
    today, removed = datetime.now(UTC).date(), 0
    for path in folder.glob("kept-*.jsonl"):
        found = _NAME.fullmatch(path.name)
        if found and datetime.fromisoformat(found[1]).date() + timedelta(days=int(found[2])) < today:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
