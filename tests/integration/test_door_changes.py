"""What changes while the door serves: settings, certificate, engines that hang or die. No request is lost."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from pipeline.base.errors import AwqctlError, EngineError, UsageError
from pipeline.runtimes.scratch import ScratchFolder
from serve.gateway.gateway import Gateway
from serve.gateway.settings import DoorSettings
from serve.gateway.tls import ensure_certificate
from tests.fakes.upstream import Behaviour, FakeUpstream
from tests.gateways import BEARER, FIRST, SECOND, Pair, ask, open_gateway, open_pair, rule_of
from tests.helpers import eventually

REPO = Path(__file__).parents[2]
FAKE = "import sys; sys.path.insert(0, sys.argv[1]); from tests.fakes.upstream import main; main(sys.argv[2:])"


@dataclass
class Load:
    """What clients got that ask without a pause."""

    statuses: list[int] = field(default_factory=list)
    streams: list[bool] = field(default_factory=list)
    """Whether each came whole."""
    problems: list[httpx.HTTPError] = field(default_factory=list)


@contextmanager
def loaded(gateway: Gateway, verify: ssl.SSLContext | bool = True) -> Iterator[Load]:  # noqa: FBT001, FBT002 -- as in httpx
    """Keep three clients asking meanwhile, one of them for streams; wait until each has been answered some times."""
    load, stop = Load(), threading.Event()

    def whole(client: httpx.Client) -> None:
        load.statuses.append(client.post("/v1/completions", headers=BEARER, json={"model": "fake"}).status_code)

    def stream(client: httpx.Client) -> None:
        answer = client.post("/v1/chat/completions", headers=BEARER, json={"model": "fake", "stream": True})
        load.streams.append(answer.text.rstrip().endswith("data: [DONE]"))

    def run(one: Callable[[httpx.Client], None]) -> None:
        with httpx.Client(base_url=gateway.base_url, verify=verify, trust_env=False, timeout=20) as client:
            while not stop.is_set():
                try:
                    one(client)
                except httpx.HTTPError as problem:
                    load.problems.append(problem)

    threads = [threading.Thread(target=run, args=(one,)) for one in (whole, whole, stream)]
    for thread in threads:
        thread.start()
    try:
        assert eventually(lambda: len(load.statuses) > 20 and len(load.streams) > 2)
        yield load
        done = len(load.statuses), len(load.streams)
        assert eventually(lambda: len(load.statuses) > done[0] + 20 and len(load.streams) > done[1] + 2)
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
    assert (set(load.statuses), set(load.streams), load.problems) == ({200}, {True}, [])


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Start two engines and the door before them."""
    with open_pair(tmp_path / "log") as found:
        yield found


def test_reload_loses_nothing_and_keeps_what_was_told(pair: Pair) -> None:
    """Under load the new setting holds, and keys, places, shares and the port are those of before."""
    pair.engines[0].behaviour.chunk_delay_s = pair.engines[1].behaviour.chunk_delay_s = 0.02
    pair.gateway.sync_keys([rule_of(), rule_of("awq-new", "key00002")])
    with loaded(pair.gateway):
        for bound in (200, 1000):
            pair.gateway.reload(DoorSettings(max_body_bytes=bound))
    assert pair.client.post("/v1/completions", headers=BEARER, content="x" * 1001).status_code == 413
    assert pair.client.get("/v1/models", headers={"Authorization": "Bearer awq-new"}).status_code == 200
    pair.gateway.withdraw(FIRST)
    pair.gateway.reload(DoorSettings())
    assert pair.served(4) == (0, 4)
    assert pair.gateway.running()


def test_settings_that_haproxy_refuses_change_nothing(pair: Pair) -> None:
    """They are an error that says why; those of before go on, also at the next reload."""
    for settings, kind in (
        (DoorSettings(queue_timeout_s=10**10), EngineError),
        (DoorSettings(cors_origins=("a\nb",)), UsageError),
    ):
        with pytest.raises(kind):
            pair.gateway.reload(settings)
        assert pair.served(2) == (1, 1)
    pair.gateway.restart()
    assert pair.served(2) == (1, 1)


def test_revoked_key_is_refused_by_those_that_finish(pair: Pair) -> None:
    """A connection from before a reload knows at once that its key is gone."""
    for engine in pair.engines:
        engine.behaviour.chunk_delay_s = 0.3
    with ExitStack() as stack:
        old = stack.enter_context(httpx.Client(base_url=pair.gateway.base_url, trust_env=False))
        assert ask(old, 1) == [200]
        post = ("POST", "/v1/chat/completions")
        under_way = stack.enter_context(pair.client.stream(*post, headers=BEARER, json={"stream": True}))
        pair.gateway.reload(DoorSettings())
        pair.gateway.sync_keys([])
        assert ask(old, 1) == [401]
        assert "[DONE]" in under_way.read().decode()


def test_death_after_a_reload_is_seen(pair: Pair) -> None:
    """The process that serves then is another one; killed, it is missed, explained, and started again."""
    before = pair.gateway.figures().pid
    pair.gateway.reload(DoorSettings())
    worker = pair.gateway.figures().pid
    assert worker != before
    psutil.Process(worker).kill()
    assert eventually(lambda: not pair.gateway.running())
    assert "SIGKILL" in pair.gateway.failure().message
    pair.gateway.restart()
    assert pair.served(2) == (1, 1)


def test_old_process_ends_when_its_time_is_over(tmp_path: Path) -> None:
    """An answer that takes longer than the recipe allows is cut, and the new process serves on."""
    with open_pair(tmp_path / "log", settings=DoorSettings(drain_timeout_s=1)) as pair:
        pair.engines[0].behaviour.chunk_delay_s = pair.engines[1].behaviour.chunk_delay_s = 3
        post = ("POST", "/v1/chat/completions")
        with pair.client.stream(*post, headers=BEARER, json={"stream": True}) as answer:
            pair.gateway.reload(DoorSettings())
            with pytest.raises(httpx.RemoteProtocolError):
                answer.read()
        assert pair.gateway.running()
        assert pair.served(2)


def _serial(gateway: Gateway, context: ssl.SSLContext) -> str:
    with (
        socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        shown = secure.getpeercert()
        assert shown is not None
        return str(shown["serialNumber"])


def test_certificate_is_renewed_without_loss(tmp_path: Path) -> None:
    """Under load another certificate is shown from then on, after a reload and a death, too; a wrong one is refused."""
    first, second = (ensure_certificate("127.0.0.1", tmp_path / name) for name in ("1", "2"))
    both = ssl.create_default_context(cafile=str(first.certificate))
    both.load_verify_locations(cafile=str(second.certificate))
    broken = tmp_path / "broken.pem"
    broken.write_text(first.bundle.read_text().split("-----BEGIN CERTIFICATE")[0] + second.certificate.read_text())
    with (
        ScratchFolder() as folder,
        FakeUpstream(folder / "engine.sock", Behaviour()),
        open_gateway(folder, tmp_path / "log", bundle=first.bundle) as gateway,
    ):
        shown = [_serial(gateway, both)]
        with loaded(gateway, both):
            gateway.renew_certificate(second.bundle)
        shown.append(_serial(gateway, both))
        with pytest.raises(EngineError, match="inconsistencies"):
            gateway.renew_certificate(broken)
        for again in (lambda: gateway.reload(DoorSettings()), gateway.restart):
            again()
            shown.append(_serial(gateway, both))
    assert shown[0] != shown[1]
    assert set(shown[1:]) == {shown[1]}


@contextmanager
def _engines(folder: Path) -> Iterator[list["subprocess.Popen[bytes]"]]:
    with ExitStack() as stack:
        processes = []
        for number in (1, 2):
            command = [sys.executable, "-c", FAKE, str(REPO), "--uds", str(folder / f"{number}.sock")]
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL))
            stack.callback(process.kill)
            stack.callback(os.kill, process.pid, signal.SIGCONT)
            processes.append(process)
        assert eventually(lambda: (folder / "1.sock").exists() and (folder / "2.sock").exists(), 20)
        yield processes


def _status(gateway: Gateway) -> list[str]:
    return [place.status for place in gateway.places()][:2]


def test_engine_that_hangs_leaves_the_rotation(tmp_path: Path) -> None:
    """Its socket takes connections and never answers: the other gets all; when both hang, they are still asked."""
    with (
        ScratchFolder() as folder,
        _engines(folder) as (first, second),
        open_gateway(folder, tmp_path / "log", sockets=(folder / "1.sock", folder / "2.sock")) as gateway,
        httpx.Client(base_url=gateway.base_url, trust_env=False, timeout=20) as client,
    ):
        assert eventually(lambda: _status(gateway) == ["UP", "UP"])
        first.send_signal(signal.SIGSTOP)
        assert eventually(lambda: _status(gateway) == ["DOWN", "UP"])
        assert ask(client, 10) == [200] * 10
        second.send_signal(signal.SIGSTOP)
        assert eventually(lambda: _status(gateway) == ["DOWN", "DOWN"])
        threading.Timer(0.5, second.send_signal, (signal.SIGCONT,)).start()
        threading.Timer(0.5, first.send_signal, (signal.SIGCONT,)).start()
        assert ask(client, 2) == [200, 200]
        assert eventually(lambda: _status(gateway) == ["UP", "UP"])


def test_killed_engine_loses_no_request(tmp_path: Path) -> None:
    """What it had under way without a first byte is answered by the other."""
    with (
        ScratchFolder() as folder,
        _engines(folder) as (first, _),
        open_gateway(folder, tmp_path / "log", sockets=(folder / "1.sock", folder / "2.sock")) as gateway,
    ):
        assert eventually(lambda: _status(gateway) == ["UP", "UP"])
        statuses: list[int] = []

        def run() -> None:
            with httpx.Client(base_url=gateway.base_url, trust_env=False, timeout=20) as client:
                for _ in range(60):
                    answer = client.post("/v1/completions", headers=BEARER, json={"model": "fake"})
                    statuses.append(answer.status_code)

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert eventually(lambda: len(statuses) > 40)
        first.kill()
        for thread in threads:
            thread.join(30)
    assert statuses == [200] * 240


def test_engine_that_has_too_much_to_do_is_told_apart(tmp_path: Path) -> None:
    """A 503 of one engine goes to the other; when all say so the client is told when to come back."""
    with open_pair(tmp_path / "log") as pair:
        pair.engines[0].behaviour.status = 503
        assert [pair.client.post("/v1/completions", headers=BEARER, json={}).status_code for _ in range(4)] == [200] * 4
        pair.engines[1].behaviour.status = 503
        answer = pair.client.post("/v1/completions", headers=BEARER, json={})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_cut_ends_what_is_under_way(pair: Pair) -> None:
    """A stream of a place that is cut ends before its last line."""
    pair.gateway.withdraw(SECOND)
    pair.engines[0].behaviour.chunk_delay_s = 1
    post = ("POST", "/v1/chat/completions")
    with pair.client.stream(*post, headers=BEARER, json={"stream": True}) as answer:
        pair.gateway.withdraw(FIRST)
        pair.gateway.cut(FIRST)
        with pytest.raises(httpx.RemoteProtocolError):
            answer.read()


def test_figures_are_haproxys(pair: Pair) -> None:
    """Connections there are and may be, and lines that could not be written."""
    ask(pair.client, 1)
    figures = pair.gateway.figures()
    assert (figures.max_connections, figures.dropped_logs, figures.queued) == (pair.gateway.connections.clients, 0, 0)
    assert figures.connections >= 1


def test_gateway_that_is_gone_says_so(pair: Pair) -> None:
    """A change asked of a HAProxy that ended is an error of ours."""
    pair.gateway.stop()
    with pytest.raises(AwqctlError, match="control socket"):
        pair.gateway.reload(DoorSettings())
