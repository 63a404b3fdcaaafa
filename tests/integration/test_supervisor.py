"""What the supervisor does when engines, HAProxy or itself die, hang, or are asked to end."""

import os
import pickle
import shlex
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest

from pipeline.base.errors import BusyError, EngineError
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.serve import Serve
from pipeline.runtimes.logs import newest_log
from serve.endpoint import EndpointFolder
from serve.gateway.backends import Place
from serve.status import EndpointStatus
from serve.supervisor.control import address_of, ask
from serve.supervisor.spec import ServedModel
from serve.supervisor.stop import Stop
from serve.supervisor.supervisor import Supervisor
from tests.endpoints import (
    KEY,
    REPO,
    interpreter,
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

SLOW = "from tests.fakes.upstream import main; main(sys.argv[1:], chunk_delay_s=0.5)"
ONCE = """
import pathlib
from tests.fakes.upstream import main
started = pathlib.Path({path!r})
if started.exists():
    raise ValueError("no second start")
started.touch()
main(sys.argv[1:])
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Isolate keys, certificate and runtimes."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _states(endpoint: Supervisor) -> list[str]:
    return [replica.state for replica in endpoint.replicas]


def test_engine_that_dies_is_started_again(tmp_path: Path, recipe: Recipe) -> None:
    """The other one serves meanwhile, the death is a warning, and the place gets requests again."""
    reporter = RecordingReporter()
    spec = tiny_spec(tmp_path, recipe, replicas=2)
    with supervisor_of(spec, tmp_path, reporter=reporter) as endpoint, waiting(endpoint) as failures:
        assert [log.name.split(".")[0] for log in endpoint.logs] == ["serve-vllm-1", "serve-vllm-2", "serve-haproxy"]
        before = endpoint.status()
        kill_engine(1, endpoint)
        assert eventually(lambda: bool(reporter.warnings), 5)
        assert [status_with(endpoint) for _ in range(4)] == [200] * 4
        assert eventually(lambda: _states(endpoint) == ["serving", "serving"], 20)
        after = endpoint.status()
        assert failures == []
    assert [replica.restarts for replica in after.replicas] == [1, 0]
    assert after.replicas[0].pid != before.replicas[0].pid
    assert "SIGKILL" in str(after.replicas[0].last_failure)
    assert (before.ready, after.ready) == (True, True)
    assert "serve-vllm-1." in reporter.warnings[0]
    assert len(reporter.warnings) == 1
    assert living_below(tmp_path) == []


def test_only_engine_that_dies_comes_back(tmp_path: Path, recipe: Recipe) -> None:
    """Until then the door answers 503, and afterwards as before."""
    with supervisor_of(tiny_spec(tmp_path, recipe), tmp_path) as endpoint, waiting(endpoint) as failures:
        kill_engine(1, endpoint)
        assert eventually(lambda: status_with(endpoint) == 503, 5)
        assert eventually(lambda: status_with(endpoint) == 200, 20)
        assert failures == []


def test_crash_loop_ends_the_endpoint(tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that never comes up again is given up, and with the last one the endpoint, which says why."""
    monkeypatch.setattr("serve.supervisor.restarts._FIRST_S", 0.05)
    program = ONCE.format(path=str(tmp_path / "started"))
    with (
        supervisor_of(tiny_spec(tmp_path, recipe, program=program), tmp_path) as endpoint,
        waiting(endpoint) as failures,
    ):
        kill_engine(1, endpoint)
        assert eventually(lambda: bool(failures), 30)
    assert "ValueError: no second start" in str(failures[0])
    assert str(failures[0]).endswith(f"Details: {newest_log(tmp_path / 'logs' / 'serve-vllm.log')}")
    assert living_below(tmp_path) == []


def test_engine_given_up_leaves_the_others(tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of two that crashes again and again is given up with its reason; the other serves on."""
    monkeypatch.setattr("serve.supervisor.restarts._FIRST_S", 0.05)
    reporter = RecordingReporter()
    with (
        supervisor_of(tiny_spec(tmp_path, recipe, replicas=2), tmp_path, reporter=reporter) as endpoint,
        waiting(endpoint) as failures,
    ):
        interpreter(tmp_path, "raise ValueError('broken since')")
        kill_engine(1, endpoint)
        assert eventually(lambda: _states(endpoint) == ["given_up", "serving"], 30)
        assert [status_with(endpoint) for _ in range(3)] == [200] * 3
        assert failures == []
        assert "broken since" in str(endpoint.status().replicas[0].last_failure)
        assert endpoint.status().ready
    assert "is not started again" in reporter.warnings[-1]


def test_haproxy_that_dies_is_started_again(tmp_path: Path, recipe: Recipe) -> None:
    """On the same port, with the same keys and places; the engine is none the wiser."""
    reporter = RecordingReporter()
    with (
        supervisor_of(tiny_spec(tmp_path, recipe), tmp_path, reporter=reporter) as endpoint,
        waiting(endpoint) as failures,
    ):
        before = endpoint.status()
        kill_door(endpoint)
        assert eventually(lambda: endpoint.status().door.restarts == 1, 10)
        assert eventually(lambda: status_with(endpoint) == 200, 10)
        after = endpoint.status()
        assert failures == []
    assert after.base_url == before.base_url
    assert after.replicas[0].pid == before.replicas[0].pid
    assert after.door.pid != before.door.pid
    assert "SIGKILL" in reporter.warnings[0]


def test_door_that_is_silent_for_a_while_ends_nothing(tmp_path: Path, recipe: Recipe) -> None:
    """It does not answer its owner, who goes on, and it serves when it goes on."""
    with supervisor_of(tiny_spec(tmp_path, recipe), tmp_path) as endpoint, waiting(endpoint) as failures:
        door = [process for process in psutil.Process().children(recursive=True) if process.name() == "haproxy"]
        for process in door:
            process.suspend()
        time.sleep(7)  # longer than a question waits for its answer
        for process in door:
            process.resume()
        assert eventually(lambda: status_with(endpoint) == 200, 10)
        assert failures == []


def test_haproxy_that_dies_again_and_again_ends_the_endpoint(
    tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After five deaths in ten minutes somebody has to look."""
    monkeypatch.setattr("serve.supervisor.restarts._FIRST_S", 0.05)
    with supervisor_of(tiny_spec(tmp_path, recipe), tmp_path) as endpoint, waiting(endpoint) as failures:
        for deaths in range(1, 5):
            kill_door(endpoint)
            assert eventually(lambda count=deaths: endpoint.status().door.restarts == count, 10)
            assert eventually(lambda: status_with(endpoint) == 200, 10)
        kill_door(endpoint)
        assert eventually(lambda: bool(failures), 10)
    assert "HAProxy" in str(failures[0])
    assert living_below(tmp_path) == []


def test_hung_engine_is_killed_and_replaced(tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose process is stopped answers nothing: it is found out, killed and started again."""
    monkeypatch.setattr("serve.supervisor.health.GRACE_S", 2.0)
    monkeypatch.setattr("serve.supervisor.observer._EVERY_S", 0.3)
    monkeypatch.setattr("serve.supervisor.observer._PATIENCE_S", 0.5)
    reporter = RecordingReporter()
    with (
        supervisor_of(tiny_spec(tmp_path, recipe), tmp_path, reporter=reporter) as endpoint,
        waiting(endpoint) as failures,
    ):
        meant = str(endpoint.replicas[0].socket)
        signal_those(lambda line: meant in line, lambda process: process.suspend())
        assert eventually(lambda: bool(reporter.warnings), 20)
        assert "its process is stopped" in reporter.warnings[0]
        assert eventually(lambda: status_with(endpoint) == 200, 20)
        assert failures == []
        assert endpoint.status().replicas[0].restarts == 1
    assert living_below(tmp_path) == []


def test_idle_engine_is_asked_for_a_token(tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the door: the engine generates, and HAProxy has counted nothing."""
    monkeypatch.setattr("serve.supervisor.observer._EVERY_S", 0.1)
    monkeypatch.setattr("serve.supervisor.observer._PROBE_AFTER_S", 0.3)
    with supervisor_of(tiny_spec(tmp_path, recipe), tmp_path) as endpoint:
        place = endpoint.replicas[0].seat.place
        served = {Place(one.backend, one.number): one.total for one in endpoint.gateway.places()}[place]
        first = endpoint.status().replicas[0].generation_tokens or 0
        assert eventually(lambda: (endpoint.status().replicas[0].generation_tokens or 0) >= first + 8, 10)
        after = {Place(one.backend, one.number): one.total for one in endpoint.gateway.places()}[place]
    assert after == served


def _stream(endpoint: Supervisor, said: list[str]) -> None:
    """Ask for a stream and keep its lines, whether or not it ends."""
    context = ssl.create_default_context(cafile=str(endpoint.ca_certificate))
    body = {"model": "tiny", "messages": [{"role": "user", "content": "x"}], "stream": True}
    with (
        httpx.Client(verify=context, trust_env=False, timeout=30) as client,
        client.stream(
            "POST",
            f"{endpoint.base_url}/chat/completions",
            json=body,
            headers={"Authorization": f"Bearer {KEY}"},
        ) as answer,
    ):
        try:
            said.extend(line for line in answer.iter_lines() if line)
        except httpx.TransportError:
            said.append("cut")


def _stopped_while_streaming(
    endpoint: Supervisor, also: Callable[[], None] = lambda: None
) -> tuple[list[str], int, str | None]:
    """Return what a stream said that was under way at the stop, what a new request got meanwhile, and why."""
    said: list[str] = []
    thread = threading.Thread(target=_stream, args=(endpoint, said))
    with endpoint:
        thread.start()
        assert eventually(lambda: any(state.sessions for state in endpoint.gateway.places()), 10)
        ending = threading.Thread(target=endpoint.__exit__, args=(None, None, None))
        ending.start()
        assert eventually(lambda: endpoint.gateway.refusing is not None, 5)
        refused, reason = status_with(endpoint), endpoint.gateway.refusing
        also()
        ending.join()
    thread.join(30)
    return said, refused, reason


def test_stop_lets_answers_finish(tmp_path: Path, recipe: Recipe) -> None:
    """A stream ends as it should, and a request that comes meanwhile is told 503."""
    endpoint = supervisor_of(tiny_spec(tmp_path, recipe, program=SLOW), tmp_path)
    said, refused, reason = _stopped_while_streaming(endpoint)
    assert said[-1] == "data: [DONE]"
    assert (refused, reason) == (503, "shutting down")
    assert living_below(tmp_path) == []


def test_stop_cuts_what_takes_too_long(tmp_path: Path, recipe: Recipe) -> None:
    """After the recipe's time, or at once when asked twice, and says how many."""
    offered = Serve(drain_timeout_s=1)
    for spec, also in (
        (tiny_spec(tmp_path, recipe, program=SLOW, offered=offered), False),
        (tiny_spec(tmp_path, recipe, program=SLOW), True),
    ):
        reporter, stop = RecordingReporter(), Stop()
        endpoint = supervisor_of(spec, tmp_path, reporter=reporter, stop=stop)
        said, _, _ = _stopped_while_streaming(endpoint, stop.cut.set if also else lambda: None)
        assert said[-1] == "cut"
        assert "1 answers had not ended" in reporter.warnings[-1]
        assert living_below(tmp_path) == []


def test_one_process_owns_an_endpoint(tmp_path: Path, recipe: Recipe, folder: EndpointFolder) -> None:
    """Another one is refused by the owner's process id, and may come when it has gone."""
    spec = tiny_spec(tmp_path, recipe)
    with supervisor_of(spec, tmp_path, folder=folder):
        with pytest.raises(BusyError, match=f"process {os.getpid()} "):
            supervisor_of(spec, tmp_path, folder=folder).__enter__()
        assert address_of(folder) is not None
    assert address_of(folder) is None
    with supervisor_of(spec, tmp_path, folder=folder) as endpoint:
        assert status_with(endpoint) == 200


def test_status_and_stop_through_the_socket(tmp_path: Path, recipe: Recipe, folder: EndpointFolder) -> None:
    """Another process sees the engines and HAProxy, and can end the endpoint."""
    with supervisor_of(tiny_spec(tmp_path, recipe), tmp_path, folder=folder) as endpoint:
        found = EndpointStatus.model_validate(ask(folder, "status"))
        mode = Path(str(address_of(folder).socket)).stat().st_mode & 0o777
        engine_mode = endpoint.replicas[0].socket.stat().st_mode & 0o777
        ask(folder, "stop")
        endpoint.wait()
    assert (found.name, found.pid, found.ready, found.alive) == ("tiny", os.getpid(), True, True)
    assert (found.replicas[0].state, found.replicas[0].place, found.replicas[0].weight) == (
        "serving",
        "model-1/place-1",
        100,
    )
    assert found.door.pid
    assert found.door.max_connections > 0
    assert (mode, engine_mode) == (0o600, 0o600)


def test_several_models_have_engines_of_their_own(tmp_path: Path, recipe: Recipe) -> None:
    """Each has its places; the death of one model's only engine leaves the other one."""
    spec = tiny_spec(tmp_path, recipe)
    other = replace(spec.models[0], name="other")
    with (
        supervisor_of(replace(spec, models=(spec.models[0], other)), tmp_path) as endpoint,
        waiting(endpoint) as failures,
    ):
        assert [replica.seat.place.server for replica in endpoint.replicas] == ["model-1/place-1", "model-2/place-1"]
        interpreter(tmp_path, "raise ValueError('broken since')")
        kill_engine(2, endpoint)
        assert eventually(lambda: not endpoint.status().ready, 5)
        assert status_with(endpoint) == 200
        assert failures == []


def test_model_that_does_not_start_ends_the_start(tmp_path: Path, recipe: Recipe) -> None:
    """Its reason is told although another model would have served."""
    program = "from tests.fakes.upstream import main; main(sys.argv[1:], deaf_as='lacking')"
    spec = tiny_spec(tmp_path, recipe, program=program)
    impatient = recipe.engine.model_copy(update={"start_timeout_s": 1})
    lacking = ServedModel(name="lacking", checkpoint=tmp_path / "model", engine=impatient)
    with pytest.raises(EngineError, match="not ready after 1 s"):
        supervisor_of(replace(spec, models=(spec.models[0], lacking)), tmp_path).__enter__()
    assert living_below(tmp_path) == []


def test_killed_owner_leaves_nothing_that_hinders(tmp_path: Path, recipe: Recipe, folder: EndpointFolder) -> None:
    """SIGKILL of the process that serves ends vLLM and HAProxy, and the endpoint can be served again."""
    (tmp_path / "spec.pickle").write_bytes(pickle.dumps(tiny_spec(tmp_path, recipe)))
    program = f"""
import pickle, sys
from pathlib import Path
sys.path.insert(0, {str(REPO)!r})
from pipeline.base.progress import SilentReporter
from serve.endpoint import endpoint_folder
from serve.supervisor.supervisor import Supervisor
here = Path({str(tmp_path)!r})
spec = pickle.loads((here / "spec.pickle").read_bytes())
where = {{"logs": here / "logs", "folder": endpoint_folder("tiny")}}
with Supervisor(spec, reporter=SilentReporter(), key_store=None, **where) as endpoint:
    print(endpoint.gateway._folder, flush=True)
    endpoint.wait()
"""
    with subprocess.Popen([sys.executable, "-P", "-c", program], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        private = Path(owner.stdout.readline().strip())
        assert private.is_dir()
        assert living_below(private)
        owner.send_signal(signal.SIGKILL)
    assert eventually(lambda: living_below(private) == [], 20), shlex.join(living_below(private))
    assert folder.state.exists()
    assert address_of(folder) is None
    with supervisor_of(tiny_spec(tmp_path, recipe), tmp_path, folder=folder) as endpoint:
        assert status_with(endpoint) == 200
    shutil.rmtree(private, ignore_errors=True)  # whoever starts next removes it, too
