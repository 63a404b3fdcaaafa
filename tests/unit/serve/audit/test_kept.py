"""Kept texts go when their time is over."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from serve.audit.kept import expire_kept


def test_text_goes_after_its_days(tmp_path: Path) -> None:
    """By the days in the file's name; what has another name stays."""
    today = datetime.now(UTC).date()
    names = [f"kept-{today - timedelta(days=age)}-{days}d.jsonl" for age, days in ((0, 1), (1, 1), (2, 1), (30, 30))]
    for name in (*names, "kept-x-1d.jsonl"):
        (tmp_path / name).touch()
    assert expire_kept(tmp_path) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        (*(name for name in names if name != names[2]), "kept-x-1d.jsonl")
    )
