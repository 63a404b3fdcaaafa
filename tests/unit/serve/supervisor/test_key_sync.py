"""The door follows the keys, and the audit knows them first."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from serve.gateway.keys import KeyStore
from serve.gateway.rules import KeyRule
from serve.supervisor.key_sync import KeySync
from tests.helpers import RecordingReporter


class _Door:
    """Keeps who is let in, in the order of what happens."""

    def __init__(self) -> None:
        self.happened: list[tuple[str, list[str]]] = []

    def sync_keys(self, rules: Sequence[KeyRule]) -> None:
        self.happened.append(("let in", [rule.name for rule in rules]))

    def named(self, rules: Sequence[KeyRule]) -> None:
        self.happened.append(("named", [rule.name for rule in rules]))


def _door() -> Any:
    """Return it in the place of a `Gateway`."""
    return _Door()


def test_key_is_named_before_it_is_let_in(tmp_path: Path) -> None:
    """Otherwise its first request would be somebody else's in the audit, where only its id stands."""
    store, door = KeyStore(tmp_path / "keys.json"), _door()
    sync = KeySync(store, [], RecordingReporter(), door.named)
    store.add("alice")
    sync.sync(door)
    assert door.happened == [("named", ["alice"]), ("let in", ["alice"])]


def test_unreadable_file_leaves_the_keys(tmp_path: Path) -> None:
    """With one warning, however often it is read."""
    store, door, reporter = KeyStore(tmp_path / "keys.json"), _door(), RecordingReporter()
    sync = KeySync(store, [], reporter, door.named)
    store.add("alice")
    sync.sync(door)
    (tmp_path / "keys.json").write_text("{")
    for _ in range(2):
        sync.sync(door)
    assert door.happened[-1] == ("let in", ["alice"])
    assert len(reporter.warnings) == 1
