"""What an endpoint does when the machine fails it: a disk that refuses, a folder that is gone, what others left."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from pipeline.base.errors import BusyError, EngineError, EnvironmentLackError, Interrupted
from pipeline.base.progress import SilentReporter
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.serve import Serve
from pipeline.runtimes.scratch import ScratchFolder
from serve.endpoint import EndpointFolder
from serve.monitoring.promises import promises_path, read_promises
from serve.supervisor.background import FailedStartError, serve_in_background
from serve.supervisor.commands import Stopping
from serve.supervisor.control import Address, ControlServer, RemoteError, address_of, ask
from serve.supervisor.ownership import owned
from serve.supervisor.remote import stop
from serve.supervisor.spec import ServedModel, ServingSpec
from tests.endpoints import (
    kill_door,
    kill_engine,
    living_below,
    signal_those,
    status_with,
    supervisor_of,
    tiny_spec,
    waiting,
)
from tests.helpers import RecordingReporter, eventually

BROKEN_AS = """
from tests.fakes.upstream import main
if "two" in " ".join(sys.argv):
    raise ValueError("no such weights")
main(sys.argv[1:])
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Isolate keys, certificate and runtimes."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _second(spec: ServingSpec) -> ServedModel:
    """Return another release of the model."""
    checkpoint = spec.models[0].checkpoint.with_name("two")
    checkpoint.mkdir(exist_ok=True)
    return replace(spec.models[0], checkpoint=checkpoint, release="v2")


@contextmanager
def _without_logs(tmp_path: Path) -> Iterator[None]:
    """Let no log be written during the block."""
    (tmp_path / "logs").rename(tmp_path / "away")
    (tmp_path / "logs").touch()
    try:
        yield
    finally:
        (tmp_path / "logs").unlink()
        (tmp_path / "away").rename(tmp_path / "logs")


def test_engine_that_the_disk_refuses_is_tried_again(tmp_path: Path, recipe: Recipe) -> None:
    """It is a death like another, with its reason, and over when the disk is well again."""
    with supervisor_of(tiny_spec(tmp_path, recipe), tmp_path) as endpoint, waiting(endpoint) as failures:
        with _without_logs(tmp_path):
            kill_engine(1, endpoint)
            refused = "vLLM could not be started"
            assert eventually(lambda: refused in str(endpoint.status().replicas[0].last_failure), 10)
        assert eventually(lambda: status_with(endpoint) == 200, 20)
        assert failures == []
    assert living_below(tmp_path) == []


def test_door_that_the_disk_refuses_is_tried_again(tmp_path: Path, recipe: Recipe) -> None:
    """Otherwise an endpoint without a door would go on for ever."""
    reporter = RecordingReporter()
    with (
        supervisor_of(tiny_spec(tmp_path, recipe), tmp_path, reporter=reporter) as endpoint,
        waiting(endpoint) as failures,
    ):
        with _without_logs(tmp_path):
            kill_door(endpoint)
            assert eventually(lambda: any("HAProxy could not be started" in each for each in reporter.warnings), 10)
        assert eventually(lambda: status_with(endpoint) == 200, 20)
        assert failures == []


def test_what_a_cleaner_took_is_written_again(tmp_path: Path, recipe: Recipe, folder: EndpointFolder) -> None:
    """Temporary files that are days old go on many machines; a reload and another HAProxy work all the same."""
    spec = tiny_spec(tmp_path, recipe)
    new = replace(spec, offered=Serve(queue_timeout_s=5))
    with (
        supervisor_of(spec, tmp_path, folder=folder, reread=lambda: new) as endpoint,
        waiting(endpoint) as failures,
    ):
        for change in (lambda: ask(folder, "reload"), lambda: kill_door(endpoint)):
            for path in endpoint.gateway.local_socket.parent.iterdir():
                if path.is_file():
                    path.unlink()
            change()
            assert eventually(lambda: status_with(endpoint) == 200, 10)
        assert failures == []


def test_full_disk_keeps_promises_for_later(tmp_path: Path, recipe: Recipe, folder: EndpointFolder) -> None:
    """What cannot be written down after a change of release is a warning, once, and written when there is room."""
    reporter, spec = RecordingReporter(), tiny_spec(tmp_path, recipe)
    with (
        supervisor_of(spec, tmp_path, folder=folder, reporter=reporter) as endpoint,
        waiting(endpoint) as failures,
    ):
        promises_path(folder).unlink()
        promises_path(folder).mkdir()
        endpoint.fleet.becomes(_second(spec))
        assert eventually(lambda: any("cannot be written down" in each for each in reporter.warnings), 5)
        promises_path(folder).rmdir()
        assert eventually(promises_path(folder).exists, 10)
        assert read_promises(folder).models[0].release == "v2"
        assert failures == []
    assert len([each for each in reporter.warnings if "cannot be written down" in each]) == 1


def test_canary_that_dies_is_given_up(tmp_path: Path, recipe: Recipe, folder: EndpointFolder) -> None:
    """Other engines answer what it had, so that no request tells of it; the next change may begin."""
    spec = tiny_spec(tmp_path, recipe)
    with supervisor_of(spec, tmp_path, folder=folder) as endpoint:
        rollout = endpoint.rollout(_second(spec))
        rollout.start()
        rollout.share(10)
        (new,) = (replica for replica in endpoint.replicas if replica.model.release == "v2")
        signal_those(lambda line: str(new.socket) in line)
        assert eventually(lambda: new.failure is not None, 10)
        with pytest.raises(EngineError, match=r"An engine of the new release died\. .*SIGKILL"):
            rollout.observed()
        with pytest.raises(EngineError, match="An engine of the new release died"):
            rollout.share(100)
        rollout.abort()
        assert [status_with(endpoint) for _ in range(3)] == [200] * 3
        assert [replica.model.release for replica in endpoint.replicas] == ["unreleased"]
        endpoint.rollout(_second(spec)).start()
    assert living_below(tmp_path) == []


def test_change_that_ends_badly_lets_others_begin(
    tmp_path: Path, recipe: Recipe, folder: EndpointFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A door that is away while the old engines are to leave does not hold up all later changes."""

    def away(*_: object) -> None:
        raise EngineError("HAProxy is away.")

    spec = tiny_spec(tmp_path, recipe)
    with supervisor_of(spec, tmp_path, folder=folder) as endpoint:
        rollout = endpoint.rollout(_second(spec))
        rollout.start()
        rollout.share(100)
        with monkeypatch.context() as patched:
            patched.setattr(endpoint.fleet, "weigh", away)
            with pytest.raises(EngineError, match="is away"):
                rollout.finish()
        assert endpoint.fleet.serving("tiny").release == "v2"
        with endpoint.fleet.changing("another change"):
            assert status_with(endpoint) == 200


def test_reload_that_fails_leaves_the_door_as_it_was(tmp_path: Path, recipe: Recipe, folder: EndpointFolder) -> None:
    """A recipe that is put right again finds the endpoint that it describes."""
    spec = tiny_spec(tmp_path, recipe, program=BROKEN_AS, tls=False)
    new = replace(spec, offered=Serve(probes_at_door=True), models=(_second(spec),))
    with supervisor_of(spec, tmp_path, folder=folder, reread=lambda: new) as endpoint:
        health = endpoint.base_url.removesuffix("/v1") + "/health"
        with pytest.raises(RemoteError, match="no such weights"):
            ask(folder, "reload")
        assert httpx.get(health, trust_env=False).status_code != 200
        endpoint.reread = lambda: spec
        assert ask(folder, "reload")["done"] == []
        assert [replica.model.release for replica in endpoint.replicas] == ["unreleased"]


def test_no_engine_is_started_after_the_end(tmp_path: Path, recipe: Recipe) -> None:
    """A change of release that is under way at a stop would start the old ones again."""
    spec = tiny_spec(tmp_path, recipe)
    with supervisor_of(spec, tmp_path) as endpoint:
        assert len(endpoint.replicas) == 1
    with pytest.raises(Interrupted, match="endpoint ends"):
        endpoint.fleet.launch(spec.models[0], 1)
    assert living_below(tmp_path) == []


def test_process_id_of_another_is_no_endpoint(folder: EndpointFolder) -> None:
    """A supervisor that was killed before a restart of the machine left an id that somebody else has by now."""
    folder.path.mkdir(parents=True)
    left = Address(pid=os.getpid(), socket="/nowhere", started_at="then")
    folder.state.write_text(left.model_dump_json(), encoding="utf-8")
    assert address_of(folder) is None
    with pytest.raises(EnvironmentLackError, match="is not running"):
        ask(folder, "status")


def test_endpoint_that_starts_cannot_be_asked_yet(folder: EndpointFolder) -> None:
    """It runs, so nobody is told to start it."""
    with owned(folder):
        assert folder.lock.stat().st_mode & 0o777 == 0o600
        with pytest.raises(BusyError, match=r"just starting or ending\. Try again in a moment"):
            ask(folder, "stop")


def test_control_socket_that_is_gone(tmp_path: Path, recipe: Recipe, folder: EndpointFolder) -> None:
    """Somebody cleaned up: the endpoint serves on, and what ends it is said."""
    with supervisor_of(tiny_spec(tmp_path, recipe), tmp_path, folder=folder) as endpoint:
        Path(str(address_of(folder).socket)).unlink()
        with pytest.raises(EnvironmentLackError, match=f"`kill {os.getpid()}` stops it"):
            ask(folder, "status")
        assert status_with(endpoint) == 200
    assert address_of(folder) is None


def test_who_waits_for_a_stop_and_leaves(folder: EndpointFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is not told to repeat the command, which would cut the answers under way."""

    def leave(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("serve.supervisor.remote.time.sleep", leave)
    with ScratchFolder() as scratch:
        commands = {"stop": lambda _arguments, _note: Stopping(pid=os.getpid(), drain_timeout_s=1)}
        control = ControlServer(folder, scratch / "control.sock", commands, started_at="t")
        with owned(folder), control, pytest.raises(Interrupted, match=r"goes on to stop.* again would cut them"):
            stop(folder, lambda _: None)


def test_endpoint_killed_in_the_background_at_its_start(tmp_path: Path, folder: EndpointFolder) -> None:
    """The code is one of the contract, and the signal is named."""
    command = [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]
    with pytest.raises(FailedStartError, match="SIGKILL") as failed:
        serve_in_background(command, folder, log=tmp_path / "serve.log", reporter=SilentReporter())
    assert failed.value.exit_code == 1
