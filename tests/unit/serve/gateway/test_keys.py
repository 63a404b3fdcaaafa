"""API keys: the store, and `awqctl keys`."""

import hashlib
import json
import re
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.base.errors import BusyError, EnvironmentLackError, UsageError
from pipeline.cli.keys import keys as keys_command
from serve.endpoint import endpoint_folder, endpoint_names
from serve.gateway.key_stores import endpoint_keys, unclaimed_keys
from serve.gateway.keys import KeyStore, digest, new_key
from serve.gateway.rules import KeyRule
from serve.gateway.terms import KeyTerms, expiry_of, stamp, terms_of
from tests.helpers import invoke
from tests.operation import endpoint_status


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


@pytest.mark.parametrize("end", ["2027-13-01", "2027-01-31", "2027-01-31T12:00", "soon", ""])
def test_date_that_is_none_is_a_damaged_file(store: KeyStore, end: str) -> None:
    """Somebody edited the file: a time that cannot be compared with the present is told, not stumbled over."""
    store.add("alice")
    for name in ("expires_at", "ends_at"):
        whole = store.path.read_text()
        store.path.write_text(whole.replace(f'"{name}": null', f'"{name}": "{end}"'))
        with pytest.raises(UsageError, match=r"keys\.json cannot be read"):
            store.active()
        store.path.write_text(whole)


def test_file_that_may_not_be_read_is_named(store: KeyStore) -> None:
    """Another user wrote it, for instance; here it is a folder, which root cannot read either."""
    store.path.mkdir(parents=True)
    with pytest.raises(UsageError, match=r"keys\.json cannot be read: .*Check who owns it"):
        store.active()


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
    assert {"name", "id", "created_at", "key", "requests_per_minute", "expires_at"} <= added.keys()
    assert listed == {"keys": [revoked]}
    assert "key" not in revoked
    assert (revoked["name"], revoked["state"]) == ("alice", "revoked")


def test_ls_shows_state(home: Path) -> None:
    """The table has one line per key, with its state."""
    store = KeyStore(endpoint_folder("demo").keys)
    store.add("alice")
    store.add("bob")
    store.revoke("alice")
    lines = invoke("ls", "--endpoint", "demo", of=keys_command).stdout.splitlines()
    assert lines[0].split() == ["NAME", "ID", "CREATED", "STATE", "UNTIL", "(UTC)", "LIMITS"]
    assert [(line.split()[0], line.split()[3]) for line in lines[1:]] == [
        ("alice", "revoked"),
        ("bob", "active"),
    ]


def test_ls_without_keys_says_how_to_make_one(home: Path) -> None:
    """An empty list is a hint on standard error and nothing on standard output."""
    outcome = invoke("ls", of=keys_command)
    assert outcome.stdout == ""
    assert "awqctl keys add" in outcome.stderr


NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """Return its time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands at noon."""
    return Clock()


@pytest.fixture
def timed(tmp_path: Path, clock: Clock) -> KeyStore:
    """Return an empty store that believes the clock."""
    return KeyStore(tmp_path / "keys.json", clock)


def test_terms_reach_the_rule_and_the_list(timed: KeyStore) -> None:
    """What a key may is kept, told, and handed to the door."""
    terms = KeyTerms(requests_per_minute=60, tokens_per_minute=1000, concurrent=2, models=("a",), keeps_text_days=7)
    issued = timed.add("alice", terms)
    (rule,) = timed.active()
    assert rule == KeyRule(digest(issued.key), issued.id, "alice", 60, 1000, 2, ("a",), 7)
    (told,) = timed.ls().keys
    assert told.model_dump(include=set(KeyTerms.model_fields)) == terms.model_dump()


def test_expired_key_is_not_let_in(timed: KeyStore, clock: Clock) -> None:
    """A key ends at its second without a change of the file, is listed as expired, and its name is free."""
    timed.add("alice", KeyTerms(expires_at=stamp(NOW + timedelta(hours=1))))
    clock.now = NOW + timedelta(minutes=59, seconds=59)
    assert len(timed.active()) == 1
    clock.now = NOW + timedelta(hours=1)
    assert timed.active() == ()
    timed.add("alice")
    assert [key.state for key in timed.ls().keys] == ["expired", "active"]


def test_rotation_without_overlap_ends_the_old_secret(timed: KeyStore) -> None:
    """Name, id and terms stay; the secret is another one."""
    old = timed.add("alice", KeyTerms(requests_per_minute=5))
    new = timed.rotate("alice")
    assert (new.name, new.id, new.requests_per_minute, new.old_secret_until) == ("alice", old.id, 5, None)
    assert new.key != old.key
    assert [rule.digest for rule in timed.active()] == [digest(new.key)]


def test_overlap_lets_both_secrets_in_for_a_while(timed: KeyStore, clock: Clock) -> None:
    """Both stand for one key until the old one ends; a further rotation never lengthens its time."""
    first = timed.add("alice")
    second = timed.rotate("alice", timedelta(hours=2))
    assert {(rule.digest, rule.id) for rule in timed.active()} == {
        (digest(first.key), first.id),
        (digest(second.key), first.id),
    }
    assert timed.ls().keys[0].old_secret_until == stamp(NOW + timedelta(hours=2))
    third = timed.rotate(first.id, timedelta(hours=24))
    assert len(timed.active()) == 3
    clock.now = NOW + timedelta(hours=2)
    assert {rule.digest for rule in timed.active()} == {digest(second.key), digest(third.key)}
    clock.now = NOW + timedelta(hours=24)
    assert [rule.digest for rule in timed.active()] == [digest(third.key)]
    assert timed.ls().keys[0].old_secret_until is None


def test_revocation_ends_all_secrets(timed: KeyStore) -> None:
    """Who revokes a key in the midst of a rotation is rid of both."""
    timed.add("alice")
    timed.rotate("alice", timedelta(hours=2))
    timed.revoke("alice")
    assert timed.active() == ()


def test_rotation_of_an_expired_key_says_what_to_do(timed: KeyStore, clock: Clock) -> None:
    """A new secret that nobody lets in is refused."""
    timed.add("alice", KeyTerms(expires_at=stamp(NOW + timedelta(hours=1))))
    clock.now = NOW + timedelta(days=1)
    with pytest.raises(UsageError, match="awqctl keys change alice --expires 30d"):
        timed.rotate("alice")
    timed.change("alice", KeyTerms(expires_at=None))
    assert timed.rotate("alice").expires_at is None


def test_change_leaves_what_is_not_named(timed: KeyStore) -> None:
    """One limit changes, one goes, the others stay; the secret is let in as before."""
    issued = timed.add("alice", KeyTerms(requests_per_minute=5, concurrent=2, tokens_per_minute=9))
    changed = timed.change("alice", KeyTerms(requests_per_minute=7, concurrent=None))
    assert (changed.requests_per_minute, changed.concurrent, changed.tokens_per_minute) == (7, None, 9)
    assert [rule.digest for rule in timed.active()] == [digest(issued.key)]


def test_change_never_makes_two_active_keys_of_one_name(timed: KeyStore, clock: Clock) -> None:
    """An expired key whose name another one has now does not come back."""
    old = timed.add("alice", KeyTerms(expires_at=stamp(NOW + timedelta(hours=1))))
    clock.now = NOW + timedelta(days=1)
    timed.add("alice")
    with pytest.raises(UsageError, match="named 'alice' already"):
        timed.change(old.id, KeyTerms(expires_at=None))


def test_file_is_read_when_it_has_changed_and_not_otherwise(store: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Following the file four times a second costs a look at its date; another process's change is seen."""
    reads: list[Path] = []
    monkeypatch.setattr("serve.gateway.keys.read_written", lambda path: (reads.append(path), path.read_text())[1])
    KeyStore(store.path).add("alice")
    assert [len(store.active()) for _ in range(5)] == [1] * 5
    assert len(reads) == 1
    KeyStore(store.path).add("bob")
    assert len(store.active()) == 2


VERSION_1 = {
    "schema_version": 1,
    "keys": [
        {"name": "alice", "id": "a" * 8, "created_at": "2026-11-01T00:00:00+00:00", "digest": "a" * 64},
        {
            "name": "bob",
            "id": "b" * 8,
            "created_at": "2026-11-01T00:00:00+00:00",
            "revoked_at": "2026-11-02T00:00:00+00:00",
            "digest": "b" * 64,
        },
    ],
}


def test_file_of_version_1_is_read_and_written_as_2(store: KeyStore) -> None:
    """Keys of before have no limits; the first change writes the new form."""
    store.path.parent.mkdir()
    store.path.write_text(json.dumps(VERSION_1))
    assert store.active() == (KeyRule("a" * 64, "a" * 8, "alice"),)
    assert [key.state for key in store.ls().keys] == ["active", "revoked"]
    store.add("carol")
    assert json.loads(store.path.read_text())["schema_version"] == 2
    assert [key.name for key in store.ls().keys] == ["alice", "bob", "carol"]


def test_first_endpoint_without_keys_adopts_those_of_before(home: Path) -> None:
    """The file of one user for all moves into the endpoint's folder, with one note; the second one gets none."""
    unclaimed_keys().parent.mkdir(parents=True)
    unclaimed_keys().write_text(json.dumps(VERSION_1))
    notes: list[str] = []
    first = endpoint_keys(endpoint_folder("first"), notes.append)
    second = endpoint_keys(endpoint_folder("second"), notes.append)
    assert [rule.name for rule in first.active()] == ["alice"]
    assert second.active() == ()
    assert len(notes) == 1
    assert "'first'" in notes[0]
    assert [rule.name for rule in endpoint_keys(endpoint_folder("first"), notes.append).active()] == ["alice"]
    assert len(notes) == 1


def test_endpoint_with_keys_adopts_none(home: Path) -> None:
    """Who has keys of its own keeps to them."""
    endpoint = endpoint_folder("demo")
    KeyStore(endpoint.keys).add("own")
    unclaimed_keys().write_text(json.dumps(VERSION_1))
    assert [rule.name for rule in endpoint_keys(endpoint, pytest.fail).active()] == ["own"]
    assert unclaimed_keys().exists()


def test_key_made_before_the_first_endpoint_goes_to_it(home: Path) -> None:
    """`keys add` before the first `serve` says where the key will go, and it is let in there."""
    outcome = invoke("add", "alice", of=keys_command)
    assert outcome.exit_code == 0
    assert "first one that `awqctl serve RECIPE` starts" in outcome.stderr
    assert invoke("ls", of=keys_command).stderr == ""
    rules = endpoint_keys(endpoint_folder("demo"), lambda _: None).active()
    assert [rule.digest for rule in rules] == [digest(outcome.stdout.strip())]
    assert "alice" in invoke("ls", of=keys_command).stdout


def test_endpoint_that_is_not_there_takes_nothing(home: Path) -> None:
    """Its name may be a slip of the pen: keys that wait stay where they are, and it is said that there is none."""
    invoke("add", "alice", of=keys_command)
    outcome = invoke("add", "bob", "--endpoint", "dmeo", of=keys_command)
    assert "There is no endpoint 'dmeo' yet (there are: none)" in outcome.stderr
    assert [rule.name for rule in KeyStore(unclaimed_keys()).active()] == ["alice"]
    assert "no endpoint" not in invoke("ls", "--endpoint", "dmeo", of=keys_command).stderr


def test_several_endpoints_have_to_be_named(home: Path) -> None:
    """With two endpoints a command that names neither changes neither."""
    for name in ("one", "two"):
        KeyStore(endpoint_folder(name).keys).add("x")
    with pytest.raises(UsageError, match="one, two"):
        invoke("add", "alice", of=keys_command, raises=True)


@pytest.mark.parametrize("asked", [["ls"], ["revoke", "x"], ["rotate", "x"], ["change", "x", "--rpm", "1"]])
def test_endpoint_that_there_is_not(asked: list[str], home: Path) -> None:
    """A name that was mistyped is told, with those that there are, and makes no endpoint; `add` may make one."""
    KeyStore(endpoint_folder("demo").keys).add("x")
    with pytest.raises(UsageError, match=r"no endpoint 'dmeo'\. There are: demo"):
        invoke(*asked, "--endpoint", "dmeo", of=keys_command, raises=True)
    assert endpoint_names() == ("demo",)
    assert invoke("add", "y", "--endpoint", "new", of=keys_command).exit_code == 0
    assert endpoint_names() == ("demo", "new")


def test_messages_name_the_endpoint_that_was_named(home: Path) -> None:
    """What a message tells to type next is about the same endpoint."""
    KeyStore(endpoint_folder("demo").keys).add("x")
    with pytest.raises(UsageError, match="awqctl keys ls --endpoint demo"):
        invoke("revoke", "nobody", "--endpoint", "demo", of=keys_command, raises=True)


def test_options_become_terms(home: Path) -> None:
    """All options of `add` at once, in JSON."""
    options = ["--rpm", "60", "--tpm", "20000", "--concurrent", "4", "--models", "a, b,a", "--keep-text", "30"]
    outcome = invoke("add", "x", "--endpoint", "demo", "--expires", "2099-01-31", *options, "--json", of=keys_command)
    added = json.loads(outcome.stdout)
    assert KeyTerms.model_validate({field: added[field] for field in KeyTerms.model_fields}) == KeyTerms(
        requests_per_minute=60,
        tokens_per_minute=20000,
        concurrent=4,
        models=("a", "b"),
        keeps_text_days=30,
        expires_at="2099-02-01T00:00:00+00:00",
    )


def test_change_on_the_command_line(home: Path) -> None:
    """`none` takes a limit away; without any option it says what to name."""
    invoke("add", "x", "--endpoint", "demo", "--rpm", "60", "--tpm", "5", of=keys_command)
    outcome = invoke("change", "x", "--rpm", "none", "--concurrent", "3", of=keys_command)
    assert (outcome.exit_code, outcome.stdout.split(": ")[1]) == (0, "5 tpm, 3 at once.\n")
    with pytest.raises(UsageError, match="--rpm 60"):
        invoke("change", "x", of=keys_command, raises=True)


@pytest.mark.parametrize("command", [("add", "x"), ("change", "first")])
def test_models_that_the_running_endpoint_does_not_serve_are_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """The key is made all the same: the model may be yet to come."""
    KeyStore(endpoint_folder("demo").keys).add("first")
    monkeypatch.setattr("serve.supervisor.remote.status_of", lambda _: endpoint_status(models=("qwen", "qwen-sql")))
    right = invoke(*command, "--models", "qwen-sql", of=keys_command)
    assert (right.exit_code, "does not serve" in right.stderr) == (0, False)
    wrong = invoke("change", "first", "--models", "qwen,quen", of=keys_command)
    assert (wrong.exit_code, "does not serve quen; it serves qwen, qwen-sql." in wrong.stderr) == (0, True)


def test_rotate_on_the_command_line(home: Path) -> None:
    """Standard output is the new secret alone; the end of the old one is said beside."""
    invoke("add", "x", "--endpoint", "demo", of=keys_command)
    outcome = invoke("rotate", "x", "--overlap", "24h", of=keys_command)
    assert digest(outcome.stdout.removesuffix("\n")) in {
        rule.digest for rule in KeyStore(endpoint_folder("demo").keys).active()
    }
    assert "old secret is let in until 20" in outcome.stderr
    assert "let in no more" in invoke("rotate", "x", of=keys_command).stderr


def test_list_holds_on_80_columns(home: Path) -> None:
    """With all limits no line is wider than the screen, and all of them can be read."""
    options = ["--rpm", "6000", "--tpm", "2000000", "--concurrent", "400", "--models", "a,b", "--keep-text", "30"]
    invoke("add", "team-a", "--endpoint", "demo", "--expires", "30d", *options, of=keys_command)
    listed = invoke("ls", of=keys_command).stdout
    assert max(map(len, listed.splitlines())) <= 80
    words = " ".join(listed.split())
    assert all(word in words for word in ("6000 rpm", "2000000", "400", "models", "30 d"))


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2026-12-01", "2026-12-02T00:00:00+00:00"),
        ("2027-01-31T12:00", "2027-01-31T12:00:00+00:00"),
        ("2027-01-31T12:00+02:00", "2027-01-31T10:00:00+00:00"),
        ("30d", "2026-12-31T12:00:00+00:00"),
        ("90m", "2026-12-01T13:30:00+00:00"),
        ("2w", "2026-12-15T12:00:00+00:00"),
    ],
)
def test_expiry(text: str, end: str) -> None:
    """A day counts whole, times are UTC unless they say otherwise, durations begin now."""
    assert expiry_of(text, NOW) == end


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rpm": "0"}, "--rpm: '0' is no limit"),
        ({"tpm": "-1"}, "--tpm"),
        ({"concurrent": "2.5"}, "--concurrent"),
        ({"rpm": "1e3"}, "--rpm"),
        ({"rpm": "9999999999"}, "1000000000"),
        ({"rpm": "\u0663"}, "--rpm"),
        ({"keep_text": ""}, "--keep-text"),
        ({"models": ""}, "names no model"),
        ({"models": "a,b c"}, "'b c' names no model"),
        ({"expires": "2026-11-30"}, "in the past"),
        ({"expires": "0d"}, "in the past"),
        ({"expires": "tomorrow"}, "Write 2027-01-31"),
        ({"expires": "2027-02-30"}, "Write 2027-01-31"),
        ({"expires": "9999-12-31"}, "Write 2027-01-31"),
        ({"expires": "999999w"}, "Write 2027-01-31"),
    ],
)
def test_bad_terms_are_told(options: dict[str, str], said: str) -> None:
    """What cannot be read is named with what can; nothing is guessed."""
    with pytest.raises(UsageError, match=re.escape(said)):
        terms_of(options, NOW)
