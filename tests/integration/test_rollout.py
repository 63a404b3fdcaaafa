"""Engines that take the place of others while requests come in: changes of release, and reloads."""

import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from pipeline.base.errors import BusyError, EngineError, EnvironmentLackError
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.serve import Serve
from serve.endpoint import EndpointFolder
from serve.supervisor.control import RemoteError, ask
from serve.supervisor.spec import ServedModel, ServingSpec
from serve.supervisor.supervisor import Supervisor
from tests.endpoints import KEY, living_below, supervisor_of, tiny_spec
from tests.helpers import eventually

BROKEN_AS = """
from tests.fakes.upstream import main
if "two" in sys.argv:
    raise ValueError("no such weights")
main(sys.argv[1:])
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Isolate keys, certificate and runtimes."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def spec(tmp_path: Path, recipe: Recipe) -> ServingSpec:
    """Return how to serve a model in two engines."""
    return tiny_spec(tmp_path, recipe, replicas=2)


def _second(spec: ServingSpec) -> ServedModel:
    """Return another release of the model."""
    checkpoint = spec.models[0].checkpoint.with_name("two")
    checkpoint.mkdir(exist_ok=True)
    return replace(spec.models[0], checkpoint=checkpoint, release="v2")


@contextmanager
def _asking(endpoint: Supervisor) -> Iterator[Counter[int]]:
    """Ask again and again during the block; yield how many answers had which status, 0 where there was none."""
    found: Counter[int] = Counter()
    over = threading.Event()
    context = ssl.create_default_context(cafile=str(endpoint.ca_certificate))
    body = {"model": "tiny", "messages": [{"role": "user", "content": "x"}]}

    def work() -> None:
        with httpx.Client(verify=context, trust_env=False, headers={"Authorization": f"Bearer {KEY}"}) as client:
            while not over.wait(0.01):
                try:
                    found[client.post(f"{endpoint.base_url}/chat/completions", json=body).status_code] += 1
                except httpx.TransportError:
                    found[0] += 1

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _places(endpoint: Supervisor) -> dict[str, tuple[str, str]]:
    return {one.place: (one.release, one.state) for one in endpoint.status().replicas}


def test_release_takes_the_place_of_another_without_a_lost_request(
    tmp_path: Path, spec: ServingSpec, folder: EndpointFolder
) -> None:
    """Warm out of rotation, a tenth, then all of the requests; the old engines leave when theirs have ended."""
    with supervisor_of(spec, tmp_path, folder=folder) as endpoint, _asking(endpoint) as found:
        rollout = endpoint.rollout(_second(spec))
        assert rollout.room_for_both()
        rollout.start()
        assert rollout.engine().model == "tiny"
        assert {place: weight for place, weight in _weights(endpoint).items() if weight} == {
            "model-1/place-1": 100,
            "model-1/place-2": 100,
        }
        rollout.share(10)
        asked = found.total()
        assert eventually(lambda: found.total() > asked + 200, 30)
        assert eventually(lambda: sum(seen.requests for seen in rollout.observed()) >= 200, 10)
        new, old = rollout.observed()
        rollout.share(100)
        rollout.finish()
        placed = _places(endpoint)
        asked = found.total()
        assert eventually(lambda: found.total() > asked + 50, 10)
    assert set(found) == {200}
    assert 0 < new.requests < old.requests
    assert (new.errors, old.errors) == (0, 0)
    assert placed == {"model-1/place-3": ("v2", "serving"), "model-1/place-4": ("v2", "serving")}
    assert living_below(tmp_path) == []


def _weights(endpoint: Supervisor) -> dict[str, int]:
    return {one.place: one.weight for one in endpoint.status().replicas}


def test_release_that_is_given_up_leaves_the_old_one(tmp_path: Path, spec: ServingSpec, folder: EndpointFolder) -> None:
    """All requests go back, none is lost, and the next change may begin."""
    with supervisor_of(spec, tmp_path, folder=folder) as endpoint, _asking(endpoint) as found:
        rollout = endpoint.rollout(_second(spec))
        rollout.start()
        rollout.share(50)
        with pytest.raises(BusyError, match="to v2"):
            endpoint.rollout(_second(spec)).start()
        assert eventually(lambda: rollout.observed()[0].requests > 20, 20)
        rollout.abort()
        assert {release for release, _ in _places(endpoint).values()} == {"unreleased"}
        endpoint.rollout(_second(spec)).start()
    assert set(found) == {200}


def test_release_whose_engine_does_not_start(tmp_path: Path, recipe: Recipe, folder: EndpointFolder) -> None:
    """The reason is told, and the old engines serve on as if nothing had been."""
    spec = tiny_spec(tmp_path, recipe, program=BROKEN_AS)
    with supervisor_of(spec, tmp_path, folder=folder) as endpoint, _asking(endpoint) as found:
        with pytest.raises(EngineError, match="no such weights"):
            endpoint.rollout(_second(spec)).start()
        asked = found.total()
        assert eventually(lambda: found.total() > asked + 20, 10)
        assert list(_places(endpoint)) == ["model-1/place-1"]
    assert set(found) == {200}


def test_without_room_one_release_ends_before_the_other_starts(
    tmp_path: Path, recipe: Recipe, folder: EndpointFolder
) -> None:
    """What is said of the seconds between; given up, the old one is started again."""
    spec = replace(tiny_spec(tmp_path, recipe), accelerator="cuda", devices=("0",))
    with supervisor_of(spec, tmp_path, folder=folder) as endpoint:
        rollout = endpoint.rollout(_second(spec))
        assert not rollout.room_for_both()
        assert rollout.swap() > 0
        assert set(_weights(endpoint).values()) == {0}
        assert not endpoint.status().ready
        rollout.abort()
        assert {release for release, _ in _places(endpoint).values()} == {"unreleased"}
        again = endpoint.rollout(_second(spec))
        again.swap()
        again.share(100)
        assert again.finish() == 0
        with _asking(endpoint) as found:
            assert eventually(lambda: found.total() > 20, 10)
        assert {release for release, _ in _places(endpoint).values()} == {"v2"}
    assert set(found) == {200}


def test_reload_of_the_door_and_of_the_engines(tmp_path: Path, spec: ServingSpec, folder: EndpointFolder) -> None:
    """Settings of HAProxy and then of the engines are taken over with no request lost; the address is not."""
    engine = spec.models[0].engine.model_copy(update={"max_num_seqs": 8})
    steps = [
        replace(spec, offered=Serve(queue_timeout_s=5)),
        replace(spec, offered=Serve(queue_timeout_s=5), models=(replace(spec.models[0], engine=engine),), port=9),
    ]
    with (
        supervisor_of(spec, tmp_path, folder=folder, reread=lambda: steps[0]) as endpoint,
        _asking(endpoint) as found,
    ):
        pids = {replica.pid for replica in endpoint.replicas}
        door = ask(folder, "reload")
        assert {replica.pid for replica in endpoint.replicas} == pids
        steps.pop(0)
        notes: list[str] = []
        engines = ask(folder, "reload", note=notes.append)
        assert not pids & {replica.pid for replica in endpoint.replicas}
        assert ask(folder, "reload") == {"done": [], "at_restart": engines["at_restart"]}
        arguments = [replica.engine.command for replica in endpoint.replicas]
    assert set(found) == {200}
    assert door == {"done": ["The door lets requests in by the new settings."], "at_restart": []}
    assert engines["done"] == ["The engines of tiny were replaced one after the other."]
    assert engines["at_restart"] == ["the address (serve.host, serve.port, serve.tls)"]
    assert [each[each.index("--max-num-seqs") + 1] for each in arguments] == ["8", "8"]
    assert "tiny: starting engine 2 of 2 with the new settings" in notes


def test_reload_without_room_is_refused(tmp_path: Path, recipe: Recipe, folder: EndpointFolder) -> None:
    """On a full machine it says what to do, and the engines stay."""
    spec = replace(tiny_spec(tmp_path, recipe), accelerator="cuda", devices=("0",))
    new = replace(spec, models=(_second(spec),))
    with supervisor_of(spec, tmp_path, folder=folder, reread=lambda: new) as endpoint:
        pid = endpoint.replicas[0].pid
        with pytest.raises(RemoteError, match="no room for one more") as refused:
            ask(folder, "reload")
        assert refused.value.exit_code == EnvironmentLackError.exit_code
        assert endpoint.replicas[0].pid == pid


def test_reload_needs_something_to_read(tmp_path: Path, spec: ServingSpec, folder: EndpointFolder) -> None:
    """An endpoint that was given no recipe says so."""
    with supervisor_of(spec, tmp_path, folder=folder), pytest.raises(RemoteError, match="nothing to read again"):
        ask(folder, "reload")


def test_requests_are_in_the_audit(tmp_path: Path, spec: ServingSpec, folder: EndpointFolder) -> None:
    """One line for each, with the key and the release that answered."""
    with supervisor_of(spec, tmp_path, folder=folder) as endpoint:
        with _asking(endpoint) as found:
            assert eventually(lambda: found.total() > 20, 10)
        audited = endpoint.status().audit
    assert audited is not None
    lines = [
        json.loads(line)
        for path in sorted(folder.audit.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    asked = [line for line in lines if line["kind"] == "request" and line["path"] == "/v1/chat/completions"]
    assert len(asked) == found.total()
    assert {line["release"] for line in asked} == {"unreleased"}


def test_gpus_are_lent_to_engines(tmp_path: Path, recipe: Recipe, folder: EndpointFolder) -> None:
    """Each engine sees its own, and a new release the free ones."""
    spec = replace(tiny_spec(tmp_path, recipe, replicas=2), accelerator="cuda", devices=("0", "1", "2", "3"))
    with supervisor_of(spec, tmp_path, folder=folder) as endpoint:
        rollout = endpoint.rollout(_second(spec))
        rollout.start()
        seen = [replica.engine.environment["CUDA_VISIBLE_DEVICES"] for replica in endpoint.replicas]
        rollout.abort()
    assert seen == ["0", "1", "2", "3"]
