"""The page of metrics of an endpoint: the real HAProxy, stand-ins for vLLM with its real page, and who is silent."""

import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from pipeline.base.errors import BusyError
from pipeline.engines.prometheus import parse_metrics
from pipeline.runtimes.scratch import ScratchFolder
from serve.gateway.backends import Backend, Place
from serve.gateway.gateway import Gateway
from serve.monitoring.engines import EnginePage
from serve.monitoring.metrics_server import MetricsServer, ask
from tests.fakes.upstream import Behaviour, FakeUpstream
from tests.operation import endpoint_status, replica_status


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for sockets."""
    with ScratchFolder() as path:
        yield path


def _no_door() -> str:
    return ""


def _page(place: int, path: Path) -> EnginePage:
    return EnginePage(model="tiny", replica=f"model-1/place-{place}", release="1", socket=path)


def _server(folder: Path, engines: list[EnginePage], **changes: object) -> MetricsServer:
    usual: dict[str, object] = {"port": None, "socket_path": folder / "metrics.sock"}
    status = changes.pop("status", endpoint_status)
    gateway = changes.pop("gateway", _no_door)
    return MetricsServer(status, lambda: engines, gateway, **{**usual, **changes})


def test_door_and_engines_are_on_one_page(folder: Path, tmp_path: Path) -> None:
    """HAProxy's own counters, and each engine's with its labels, in one text that can be parsed."""
    sockets = tuple(folder / f"p{number}.sock" for number in (1, 2))
    door = Gateway(
        backends=(Backend("model-1", ("tiny",), sockets),),
        folder=folder,
        host="127.0.0.1",
        port=0,
        bundle=None,
        keys=(),
        log=tmp_path / "haproxy.log",
    )
    with ExitStack() as stack:
        for path in sockets:
            stack.enter_context(FakeUpstream(path, Behaviour()))
        stack.enter_context(door)
        door.admit(Place("model-1", 1))
        pages = [_page(number, path) for number, path in enumerate(sockets, 1)]
        server = stack.enter_context(_server(folder, pages, gateway=door.metrics, port=0))
        assert httpx.get(f"{door.base_url}/nothing").status_code == 404
        assert server.url is not None
        found = parse_metrics(httpx.get(server.url).text)
        log = door.log.read_text()
    assert found.value("haproxy_frontend_http_responses_total", proxy="gateway", code="4xx") == 1
    assert set(found.by_label("vllm:generation_tokens_total", "replica")) == {"model-1/place-1", "model-1/place-2"}
    assert found.histogram("vllm:e2e_request_latency_seconds", release="1") is not None
    assert "/metrics" not in log


def test_a_silent_engine_is_left_out(folder: Path) -> None:
    """It takes the connection and never answers; the page comes all the same, and says that it is not up."""
    replicas = (replica_status(1), replica_status(2))
    with ExitStack() as stack:
        stack.enter_context(FakeUpstream(folder / "p1.sock", Behaviour()))
        silent = stack.enter_context(socket.socket(socket.AF_UNIX))
        silent.bind(str(folder / "p2.sock"))
        silent.listen()
        pages = [_page(1, folder / "p1.sock"), _page(2, folder / "p2.sock"), _page(3, folder / "gone.sock")]
        stack.enter_context(_server(folder, pages, status=lambda: endpoint_status(replicas=replicas)))
        found = parse_metrics(ask(folder / "metrics.sock", "/metrics")[1])
    assert found.by_label("awqctl_replica_up", "replica") == {"model-1/place-1": 1, "model-1/place-2": 0}
    assert set(found.by_label("vllm:num_requests_running", "replica")) == {"model-1/place-1"}


def test_an_engine_whose_page_cannot_be_read_is_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others' figures are not lost with it."""
    broken = folder / "broken.txt"
    broken.write_text("this is no metric\n")
    monkeypatch.setattr("tests.fakes.upstream.METRICS", broken)
    with FakeUpstream(folder / "p1.sock", Behaviour()), _server(folder, [_page(1, folder / "p1.sock")]):
        found = parse_metrics(ask(folder / "metrics.sock", "/metrics")[1])
    assert found.value("awqctl_replica_up") == 0


@pytest.mark.parametrize(("ready", "code"), [(True, 200), (False, 503)])
def test_probes(folder: Path, ready: bool, code: int) -> None:  # noqa: FBT001 -- parametrized
    """`/health` says that the supervisor lives, `/ready` whether a replica of every model answers."""
    with _server(folder, [], status=lambda: endpoint_status(ready=ready)):
        assert ask(folder / "metrics.sock", "/health")[0] == 200
        status, said = ask(folder / "metrics.sock", "/ready?from=here")
        assert ask(folder / "metrics.sock", "/other")[0] == 404
    assert status == code
    assert ready == ("place-1" not in said)


def test_only_the_owner_opens_the_socket_and_nothing_is_left(folder: Path) -> None:
    """A socket that a killed supervisor left is replaced."""
    path = folder / "metrics.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with _server(folder, []) as server:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert server.url is None
    assert not path.exists()


def test_a_port_in_use_is_told(folder: Path) -> None:
    """With the key of the recipe to change, and nothing left behind."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(BusyError, match="metrics_port"), _server(folder, [], port=other.getsockname()[1]):
            pass
    assert not (folder / "metrics.sock").exists()


def test_many_scrapes_at_once_ask_the_engine_once(folder: Path) -> None:
    """Scrapes cost the processors that the engines need."""
    behaviour = Behaviour()
    with FakeUpstream(folder / "p1.sock", behaviour), _server(folder, [_page(1, folder / "p1.sock")]):
        pages = [ask(folder / "metrics.sock", "/metrics")[1] for _ in range(3)]
    assert len(set(pages)) == 1
    assert len(behaviour.seen) == 1
