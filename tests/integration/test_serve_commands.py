"""`awqctl serve` as a program around a stand-in for vLLM: without a recipe, in the background, and its first key."""

import json
import os
import pty
import signal
import ssl
import stat
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.models.checksums import sum_files
from pipeline.models.manifest import Manifest, ManifestSource, write_manifest
from pipeline.runtimes.scratch import ScratchFolder
from serve.endpoint import endpoint_folder
from serve.status import EndpointStatus
from serve.supervisor.control import Command, ControlServer, Note
from serve.supervisor.foreground import Serving
from serve.supervisor.ownership import owned
from serve.supervisor.reload import Reloaded
from tests.helpers import command, invoke, wait_for, working_in

REPO = Path(__file__).parents[2]
_FAKE = "from tests.fakes.upstream import main; main(sys.argv[1:])"


@dataclass(frozen=True)
class Place:
    """A checkpoint in a folder of its own, and a stand-in for vLLM."""

    folder: Path

    @property
    def checkpoint(self) -> Path:
        """Return the checkpoint."""
        return self.folder / "tiny"

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of commands."""
        return {
            **os.environ,
            "AWQCTL_HOME": str(self.folder / "home"),
            "AWQCTL_RUNTIME_VLLM": str(self.folder / "python"),
            "PYTHONPATH": str(REPO),
            "COLUMNS": "80",
            "TERM": "xterm",
        }

    def key_file(self, endpoint: str) -> Path:
        """Return where the first key goes that nobody was shown."""
        return self.folder / "home" / "config" / "endpoints" / endpoint / "first-key"

    def line(self, *options: str) -> list[str]:
        """Return the command line that serves the checkpoint on a free port."""
        own = ("--checkpoint", str(self.checkpoint), "--port", "0", "--set", "engine.accelerator=cpu")
        return command("serve", *own, *options)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        return subprocess.run(
            arguments, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )

    @contextmanager
    def serving(self, *options: str, **streams: object) -> Iterator["subprocess.Popen[str]"]:
        """Yield the process of an endpoint; it is stopped at the end."""
        settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": self.environment}
        with subprocess.Popen(self.line(*options), cwd=self.folder, **{**settings, **streams}) as process:
            try:
                yield process
            finally:
                process.terminate()
                process.wait(60)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Return a checkpoint that verifies; nothing may be left working in its folder."""
    found = Place(tmp_path)
    found.checkpoint.mkdir()
    (found.checkpoint / "config.json").write_text("{}")
    origin = ManifestSource(reference="r", commit=None, licence="l", files={})
    files = sum_files(found.checkpoint)
    write_manifest(Manifest(created_at="t", source=origin, quantize={}, versions={}, files=files), found.checkpoint)
    python = tmp_path / "python"
    python.write_text(f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(REPO)!r})\n{_FAKE}\n")
    python.chmod(0o755)
    yield found
    wait_for(lambda: working_in(tmp_path) == [], 30)


def _document(process: "subprocess.Popen[str]") -> Serving:
    """Return what the command prints once it is up."""
    assert process.stdout is not None
    assert process.stderr is not None
    text = ""
    while not text.endswith("}\n"):
        line = process.stdout.readline()
        assert line, process.stderr.read()
        text += line
    return Serving.model_validate_json(text)


def _models(serving: Serving, key: str) -> httpx.Response:
    context = ssl.create_default_context(cafile=serving.ca_certificate)
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.get(f"{serving.base_url}/models", headers=headers, verify=context, trust_env=False)


def test_checkpoint_without_a_recipe(place: Place) -> None:
    """It answers by the name asked for, says that nobody measured it, and logs below the name's folder."""
    with place.serving("--name", "Org/Tiny-AWQ", "--json") as process:
        serving = _document(process)
        answer = _models(serving, str(serving.new_key))
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, answer.status_code) == (0, 200)
    assert (serving.endpoint, serving.models) == ("org-tiny-awq", ("Org/Tiny-AWQ",))
    assert "accuracy of this checkpoint was not measured" in " ".join(said.split())
    assert (place.folder / "out" / "org-tiny-awq" / "logs" / "serve-vllm.log").exists()


def test_terminal_that_closes_stops_it(place: Place) -> None:
    """As a signal to stop does, unless it was told to outlive that."""
    heeds = partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)  # these tests may outlive theirs
    with place.serving("--json", preexec_fn=heeds) as process:
        _document(process)
        process.send_signal(signal.SIGHUP)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, "stopped" in said) == (0, True)


def test_checkpoint_that_does_not_verify(place: Place) -> None:
    """Code 2 with what differs, before an engine is started."""
    (place.checkpoint / "config.json").write_text("{ }")
    answer = place.run(*place.line())
    assert answer.returncode == 2
    assert "config.json" in answer.stderr
    assert "Copy it again" in " ".join(answer.stderr.split())


def test_folder_without_a_manifest(place: Place) -> None:
    """Nothing says that it is whole, so it is not served."""
    (place.checkpoint / "awqctl-manifest.json").unlink()
    answer = place.run(*place.line())
    assert (answer.returncode, "awqctl quantize RECIPE" in " ".join(answer.stderr.split())) == (2, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--despite-gates"], "--despite-gates goes with a recipe"),
        (["demo"], "Leave one of the two out"),
        (["--dry-run"], "--dry-run goes with a recipe"),
        (["--endpoint", "No Such"], "cannot name an endpoint"),
    ],
)
def test_options_that_do_not_fit(place: Place, options: list[str], message: str) -> None:
    """Each is refused with what to do."""
    answer = place.run(*place.line(*options))
    assert (answer.returncode, message in " ".join(answer.stderr.split())) == (2, True), answer.stderr


def test_detached_endpoint_outlives_the_command(place: Place) -> None:
    """It answers after the command has ended, is not started twice, and is found and ended by its name."""
    line = place.line("--detach", "--json", "--endpoint", "one")
    first = place.run(*line)
    assert first.returncode == 0, first.stderr
    serving = Serving.model_validate_json(first.stdout)
    try:
        assert _models(serving, str(serving.new_key)).status_code == 200
        assert "was not measured" in " ".join(first.stderr.split())
        assert os.getsid(serving.pid) != os.getsid(0)
        log = Path(str(serving.log))
        assert log.resolve().parent == place.folder / "out" / "tiny" / "logs"
        assert str(serving.new_key) not in log.read_text()
        second, status = place.run(*line), place.run(*command("serve", "status", "--json"))
        mistyped = place.run(*command("keys", "add", "x", "--models", f"{serving.models[0]},typo"))
    finally:
        stopped = place.run(*command("serve", "stop", "--endpoint", "one"))
    assert (second.returncode, "is served already" in " ".join(second.stderr.split())) == (4, True)
    found = EndpointStatus.model_validate_json(status.stdout)
    assert (status.returncode, found.name, found.ready, found.pid) == (0, "one", True, serving.pid)
    assert found.models == serving.models
    assert "does not serve typo; it serves" in mistyped.stderr
    assert (stopped.returncode, "has stopped" in stopped.stdout) == (0, True), stopped.stderr
    assert working_in(place.folder) == []
    assert "stopped" in log.read_text()


def test_detached_endpoint_whose_words_are_kept(place: Place) -> None:
    """Text through a pipe names the file of the first key, and how to stop what goes on."""
    answer = place.run(*place.line("--detach"))
    place.run(*command("serve", "stop"))
    key = place.key_file("tiny").read_text().strip()
    assert (answer.returncode, key in answer.stdout, str(place.key_file("tiny")) in answer.stdout) == (0, False, True)
    assert "`awqctl serve stop --endpoint tiny` stops it" in answer.stdout


def test_status_and_stop_of_nothing(place: Place) -> None:
    """Code 4, with what to do; nothing but the document on standard output."""
    (place.key_file("one").parent).mkdir(parents=True)
    status = place.run(*command("serve", "status", "--json"))
    stop = place.run(*command("serve", "stop"))
    assert (status.returncode, json.loads(status.stdout)) == (4, {"name": "one", "running": False})
    assert (stop.returncode, "is not running" in stop.stderr) == (4, True)
    mistyped = place.run(*command("serve", "status", "--endpoint", "other"))
    assert (mistyped.returncode, mistyped.stdout) == (4, "The endpoint 'other' is not running. There are: one.\n")


def test_status_of_one_that_is_starting(place: Place) -> None:
    """Code 3: it runs, and no replica answers yet."""
    (place.folder / "python").write_text(f"#!{sys.executable}\nimport time\ntime.sleep(600)\n")
    state = place.key_file("tiny").with_name("running.json")
    with place.serving():
        wait_for(state.exists, 60)
        status = place.run(*command("serve", "status"))
    assert (status.returncode, "not ready" in status.stdout) == (3, True), status.stderr


@contextmanager
def _watching(place: Place, **streams: object) -> Iterator["subprocess.Popen[str]"]:
    """Yield `serve status --watch` of an endpoint that is up."""
    with place.serving("--json") as endpoint:
        _document(endpoint)
        line = command("serve", "status", "--watch", "0.2")
        with subprocess.Popen(line, cwd=place.folder, env=place.environment, text=True, **streams) as process:
            yield process


def test_watch_without_a_terminal_is_lines(place: Place) -> None:
    """One a time, with the time in front; Ctrl-C is no failure."""
    with _watching(place, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert all(" tiny: ready, replicas 1 of 1, " in line for line in lines)
    assert (process.returncode, errors) == (0, "")


def test_watch_on_a_terminal_is_left_with_q(place: Place) -> None:
    """It is redrawn in place, and the terminal is as it was afterwards."""
    leader, follower = pty.openpty()
    before = termios.tcgetattr(follower)
    with _watching(place, stdin=follower, stdout=follower, stderr=follower) as process:
        text = ""
        while text.count("q leaves") < 2:
            text += os.read(leader, 4096).decode()
        os.write(leader, b"q")
        drain = threading.Thread(target=_read_all, args=(leader,), daemon=True)
        drain.start()
        assert process.wait(30) == 0
    assert "model-1/place-1" in text
    assert termios.tcgetattr(follower) == before
    os.close(follower)
    drain.join(10)
    os.close(leader)


def _read_all(descriptor: int) -> None:
    with suppress(OSError):
        while os.read(descriptor, 4096):
            pass


def test_detached_start_that_fails(place: Place) -> None:
    """The command ends with the endpoint's code and its last words, and names the log."""
    (place.folder / "python").write_text(f"#!{sys.executable}\nraise ValueError('no such model')\n")
    answer = place.run(*place.line("--detach"))
    assert answer.returncode == 4
    assert "ValueError: no such model" in answer.stderr
    assert "serve." in answer.stderr
    assert answer.stdout == ""


def test_interrupted_detach_stops_the_endpoint(place: Place) -> None:
    """Ctrl-C while it starts leaves nothing that nobody knows of."""
    (place.folder / "python").write_text(f"#!{sys.executable}\nimport time\ntime.sleep(600)\n")
    log = place.folder / "out" / "tiny" / "logs" / "serve-vllm.log"
    with place.serving("--detach") as process:
        wait_for(log.exists, 60)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    wait_for(lambda: working_in(place.folder) == [], 30)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_first_key_never_goes_to_a_file(place: Place) -> None:
    """Standard output that is a file is kept by somebody: the key is in a private file, which is named."""
    printed = place.folder / "printed"
    with printed.open("w") as stream, place.serving(stdout=stream):
        wait_for(lambda: "Ctrl-C stops it" in printed.read_text(), 60)
    text, file = printed.read_text(), place.key_file("tiny")
    key = file.read_text().strip()
    assert (_mode(file), str(file) in text, key in text) == (0o600, True, False)


def test_first_key_never_goes_to_a_journal(place: Place) -> None:
    """A pipe that systemd says is its journal's is kept, also with `--json`."""
    reading, writing = os.pipe()
    found = os.fstat(writing)
    journal = {**place.environment, "JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
    with place.serving("--json", stdout=writing, env=journal), os.fdopen(reading) as stream:
        os.close(writing)
        text = ""
        while not text.endswith("}\n"):
            text += stream.readline()
    document = json.loads(text)
    assert document["new_key"] is None
    assert document["new_key_file"] == str(place.key_file("tiny"))
    assert place.key_file("tiny").read_text().startswith("awq-")


def test_text_through_a_pipe_has_no_key(place: Place) -> None:
    """`awqctl serve ... | tee log` would keep it; a program that wants it asks for `--json`."""
    with place.serving() as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or "Ctrl-C stops it" not in lines[-1]:
            lines.append(process.stdout.readline())
    assert f"export AWQCTL_API_KEY=$(cat '{place.key_file('tiny')}')\n" in lines


def test_first_key_is_shown_on_a_terminal(place: Place) -> None:
    """Where a person reads, it is there to be copied, and in no file."""
    leader, follower = pty.openpty()
    with place.serving(stdout=follower):
        os.close(follower)
        text = ""
        with suppress(OSError):
            while "Ctrl-C stops it" not in text:
                text += os.read(leader, 4096).decode()
    os.close(leader)
    assert "export AWQCTL_API_KEY=awq-" in text
    assert not place.key_file("tiny").exists()


def _reloading(done: tuple[str, ...], later: tuple[str, ...]) -> Command:
    def reload(_arguments: dict[str, Any], note: Note) -> Reloaded:
        note("reading the recipe again")
        return Reloaded(done=done, at_restart=later)

    return reload


@pytest.mark.parametrize(
    ("done", "later", "said"),
    [
        (("The door is new.",), ("serve.port",), "The door is new.\nOnly a new start changes serve.port.\n"),
        ((), (), "Nothing has changed.\n"),
    ],
)
def test_reload_says_what_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: tuple[str, ...], later: tuple[str, ...], said: str
) -> None:
    """And what only a new start can do; notes on the way go to standard error."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path / "home"))
    with ScratchFolder() as scratch:
        commands = {"reload": _reloading(done, later)}
        folder = endpoint_folder("one")
        with owned(folder), ControlServer(folder, scratch / "control.sock", commands, started_at="t"):
            answer = invoke("serve", "reload")
            document = json.loads(invoke("serve", "reload", "--json").stdout)
    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, said, "reading the recipe again\n")
    assert document == {"done": list(done), "at_restart": list(later)}
