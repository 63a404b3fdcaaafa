"""API keys: the store, and `awqctl keys`."""

import hashlib
import json
import stat
import threading
from pathlib import Path

import pytest

from pipeline.base.errors import BusyError, EnvironmentLackError, UsageError
from pipeline.cli.keys import keys as keys_command
from serve.endpoint import endpoint_folder
from serve.gateway.keys import KeyStore, digest, new_key
from tests.helpers import invoke


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    """Return an empty store."""
    return KeyStore(tmp_path / "config" / "keys.json")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Isolate the user's configuration."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path))
    return tmp_path


def test_key_has_the_prefix_and_256_bits() -> None:
    """A key is `awq-` and 43 characters of URL-safe base64, never the same twice."""
    first, second = new_key(), new_key()
    assert first.startswith("awq-")
    assert len(first) == len("awq-") + 43
    assert first != second


def test_only_the_digest_reaches_the_disk(store: KeyStore) -> None:
    """The file holds the SHA-256 of the key and not the key."""
    issued = store.add("alice")
    text = store.path.read_text()
    assert issued.key not in text
    assert hashlib.sha256(issued.key.encode()).hexdigest() in text
    assert issued.id == digest(issued.key)[:8]


def test_files_are_private(store: KeyStore) -> None:
    """Keys and lock are readable by the owner only, the folder can be entered by the owner only."""
    store.add("alice")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.path.parent.iterdir()}
    assert modes == {"keys.json": 0o600, "keys.lock": 0o600}
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700


def test_active_name_is_refused_and_revoked_name_is_free(store: KeyStore) -> None:
    """One active key per name; the name can be used again after a revocation."""
    first = store.add("alice")
    with pytest.raises(UsageError, match="awqctl keys revoke alice"):
        store.add("alice")
    store.revoke("alice")
    second = store.add("alice")
    assert [(key.digest, key.id) for key in store.active()] == [(digest(second.key), second.id)]
    assert [(key.id, key.revoked_at is None) for key in store.ls().keys] == [
        (first.id, False),
        (second.id, True),
    ]


@pytest.mark.parametrize("name", ["", " ", "a b", "-x", "a\nb", "ä", "x" * 65, "a/b"])
def test_bad_name_is_refused(store: KeyStore, name: str) -> None:
    """Names that could break a line, a path or an option are refused before anything is written."""
    with pytest.raises(UsageError, match="cannot name a key"):
        store.add(name)
    assert not store.path.exists()


def test_revoke_takes_an_id(store: KeyStore) -> None:
    """The id that the log shows is enough to revoke a key."""
    issued = store.add("alice")
    assert store.revoke(issued.id).name == "alice"
    assert store.active() == ()


def test_revoking_a_stranger_names_the_active_keys(store: KeyStore) -> None:
    """The message says which keys there are."""
    store.add("alice")
    with pytest.raises(UsageError, match="Active: alice"):
        store.revoke("bob")


@pytest.mark.parametrize("text", ["", "{", '{"keys": [{"name": "x"}]}', '{"surprise": 1}'])
def test_damaged_file_is_named_and_kept(store: KeyStore, text: str) -> None:
    """A file that is not a key file is an error that names it; it is not overwritten."""
    store.path.parent.mkdir()
    store.path.write_text(text)
    for action in (store.active, store.ls, lambda: store.add("alice")):
        with pytest.raises(UsageError, match=r"keys\.json cannot be read"):
            action()
    assert store.path.read_text() == text


def test_concurrent_adds_lose_nothing(store: KeyStore) -> None:
    """Eight threads that add at once leave eight keys."""
    threads = [threading.Thread(target=KeyStore(store.path).add, args=(f"k{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {key.name for key in store.ls().keys} == {f"k{number}" for number in range(8)}


def test_held_lock_is_busy(store: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that another process keeps ends in a sentence, not in a wait without end."""
    monkeypatch.setattr("serve.gateway.files._LOCK_TIMEOUT_S", 0.1)
    with store._locked(), pytest.raises(BusyError, match="held by another awqctl"):  # noqa: SLF001 -- holds the lock
        KeyStore(store.path).add("alice")


def test_full_disk_is_named_and_leaves_nothing(store: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails says so; the old file is intact and no temporary file stays."""
    store.add("alice")
    before = store.path.read_text()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("serve.gateway.files.os.fsync", full)
    with pytest.raises(EnvironmentLackError, match="No space left on device"):
        store.add("bob")
    assert store.path.read_text() == before
    assert sorted(path.name for path in store.path.parent.iterdir()) == ["keys.json", "keys.lock"]


def test_add_prints_the_key_alone(home: Path) -> None:
    """Standard output is the key and a line break, so that a script can keep it."""
    outcome = invoke("add", "alice", "--endpoint", "demo", of=keys_command)
    assert outcome.exit_code == 0
    assert digest(outcome.stdout.removesuffix("\n")) in {
        key.digest for key in KeyStore(endpoint_folder("demo").keys).active()
    }
    assert endpoint_folder("demo").keys.is_relative_to(home)


def test_json_documents(home: Path) -> None:
    """`--json` gives one document per command; only `add` shows the key."""
    added = json.loads(invoke("add", "alice", "--json", "--endpoint", "demo", of=keys_command).stdout)
    revoked = json.loads(invoke("revoke", "alice", "--json", "--endpoint", "demo", of=keys_command).stdout)
    listed = json.loads(invoke("ls", "--json", "--endpoint", "demo", of=keys_command).stdout)
    assert sorted(added) == ["created_at", "id", "key", "name"]
    assert listed == {"keys": [revoked]}
    assert sorted(revoked) == ["created_at", "id", "name", "revoked_at"]


def test_ls_shows_state(home: Path) -> None:
    """The table has one line per key, with its state."""
    store = KeyStore(endpoint_folder("demo").keys)
    store.add("alice")
    store.add("bob")
    store.revoke("alice")
    lines = invoke("ls", "--endpoint", "demo", of=keys_command).stdout.splitlines()
    assert lines[0].split() == ["NAME", "ID", "CREATED", "(UTC)", "STATE"]
    assert [(line.split()[0], line.split()[4]) for line in lines[1:]] == [
        ("alice", "revoked"),
        ("bob", "active"),
    ]


def test_ls_without_keys_says_how_to_make_one(home: Path) -> None:
    """An empty list is a hint on standard error and nothing on standard output."""
    outcome = invoke("ls", "--endpoint", "demo", of=keys_command)
    assert outcome.stdout == ""
    assert "awqctl keys add" in outcome.stderr
