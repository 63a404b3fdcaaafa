"""HAProxy as it will run, in front of a stand-in for vLLM."""

import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from pipeline.base.errors import BusyError, EngineError
from pipeline.runtimes.haproxy import haproxy_version
from pipeline.runtimes.logs import newest_log
from pipeline.runtimes.scratch import ScratchFolder
from serve.gateway.connections import Connections
from serve.gateway.gateway import Gateway
from serve.gateway.keys import digest
from serve.gateway.routes import LISTING, ROUTES
from serve.gateway.settings import DoorSettings
from serve.gateway.tls import ensure_certificate
from tests.fakes.upstream import Behaviour, FakeUpstream
from tests.gateways import FIRST, KEY, SECOND, Pair, ask, backend_of, open_gateway, open_pair, rule_of

REPO = Path(__file__).parents[2]


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@dataclass(frozen=True)
class Front:
    """A running gateway and all that a test asks of it."""

    gateway: Gateway
    behaviour: Behaviour
    client: httpx.Client
    log: Path

    def raw(self, request: bytes) -> bytes:
        """Return the first bytes of the answer to bytes no HTTP client would send."""
        with socket.create_connection(("127.0.0.1", self.gateway.port), timeout=5) as connection:
            connection.sendall(request)
            return connection.recv(4096)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeUpstream, Gateway, Path]]:
    """Start stand-in and gateway on plain HTTP, once."""
    log = tmp_path_factory.mktemp("gateway") / "haproxy.log"
    with (
        ScratchFolder() as folder,
        FakeUpstream(folder / "engine.sock", Behaviour()) as upstream,
        open_gateway(folder, log) as gateway,
    ):
        yield upstream, gateway, log


@pytest.fixture
def front(running: tuple[FakeUpstream, Gateway, Path]) -> Iterator[Front]:
    """Reset the keys and the stand-in, and open a client."""
    upstream, gateway, log = running
    upstream.behaviour = Behaviour()
    gateway.sync_keys([rule_of()])
    with httpx.Client(base_url=gateway.base_url, trust_env=False, timeout=10) as client:
        yield Front(gateway, upstream.behaviour, client, log)


def _eventually(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


@pytest.mark.parametrize("route", [route for route in ROUTES if LISTING not in route])
def test_route_with_key(front: Front, route: str) -> None:
    """Each route reaches the engine with a good key, query string included."""
    method, path = route.split()
    answer = front.client.request(method, f"{path}?a=1", headers=_bearer(KEY), json={})
    assert answer.status_code == 200
    assert [(seen.method, seen.path) for seen in front.behaviour.seen] == [(method, f"{path}?a=1")]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        _bearer("awq-wrong"),
        {"Authorization": "Bearer"},
        _bearer(KEY + "x"),
        _bearer(KEY[:-1]),
        _bearer(KEY.upper()),
        _bearer(digest(KEY)),
        {"Authorization": KEY},
        {"Authorization": f"Basic {KEY}"},
        {"X-Api-Key": KEY},
        {"Cookie": f"Authorization=Bearer {KEY}"},
    ],
)
def test_route_without_key(front: Front, route: str, headers: dict[str, str]) -> None:
    """Anything but the key as bearer token is 401 in OpenAI's form, and the engine does not hear of it."""
    method, path = route.split()
    answer = front.client.request(method, f"{path}?api_key={KEY}", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert front.behaviour.seen == []


@pytest.mark.parametrize("key", [KEY, "awq-wrong", None])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, path) for path in ("/metrics", "/docs", "/health") for method in ("GET", "POST")),
        *(("POST", path) for path in ("/tokenize", "/invocations", "/v1/embeddings", "/v1/load_lora_adapter")),
        ("POST", "/v1/models"),
        ("HEAD", "/v1/models"),
        ("OPTIONS", "/v1/models"),
        ("DELETE", "/v1/models"),
        ("GET", "/v1/models/fake"),
        ("GET", "/v1/models/"),
        ("GET", "/V1/models"),
        ("GET", "/v1/Models"),
        ("GET", "/"),
        ("GET", "/v1/chat/completions"),
        ("PUT", "/v1/chat/completions"),
        ("POST", "/v1/chat/completions/render"),
        ("GET", "/v1/responses/id"),
    ],
)
def test_everything_else_is_404(front: Front, method: str, path: str, key: str | None) -> None:
    """What is no route is 404 whatever the key, and the engine does not hear of it."""
    answer = front.client.request(method, path, headers=_bearer(key) if key else {})
    assert answer.status_code == 404
    assert method == "HEAD" or answer.json()["error"]["code"] == "not_found"
    assert front.behaviour.seen == []


@pytest.mark.parametrize(
    "target",
    [
        "//v1/models",
        "/v1//models",
        "/v1/models/../../metrics",
        "/v1/./models",
        "/v1/../metrics",
        "//v1/../metrics",
        "/%761/models",
        "/v1%2Fmodels",
        "/v1/models%2F..%2F..%2Fmetrics",
        "/v1/models%00",
        "/v1/models;/../metrics",
        "/v1\\models",
        "/metrics?/v1/models",
        "/metrics#/v1/models",
        "/v1/models#/../../metrics",
        "*",
        "v1/models",
        "http://x/metrics",
        "http://x/v1/models/../../metrics",
    ],
)
def test_no_spelling_gets_around_the_routes(front: Front, target: str) -> None:
    """Paths that some server would tidy up into another one are refused, with a good key."""
    request = f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\r\n"
    status = int(front.raw(request.encode()).split(b" ")[1])
    assert status in (400, 404)
    assert front.behaviour.seen == []


@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n",
        "Content-Length: 4\r\nContent-Length: 40\r\n",
    ],
)
def test_no_second_request_is_smuggled(front: Front, framing: str) -> None:
    """Ambiguous lengths never let a request for another path reach the engine."""
    head = f"POST /v1/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n{framing}\r\n"
    front.raw(f"{head}0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert {seen.path for seen in front.behaviour.seen} <= {"/v1/completions"}


def test_http2_is_not_offered_in_the_clear(front: Front) -> None:
    """The HTTP/2 preface is not understood: early refusals stay readable."""
    assert b"400" in front.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").split(b"\r\n")[0]


def test_key_is_checked_for_every_request_of_a_connection(front: Front) -> None:
    """A good key opens one request, not the connection."""
    statuses = [front.client.get("/v1/models", headers=_bearer(key)).status_code for key in (KEY, "awq-wrong", KEY)]
    assert statuses == [200, 401, 200]


def test_scheme_may_be_in_any_case(front: Front) -> None:
    """RFC 9110 has the scheme without regard to case."""
    assert front.client.get("/v1/models", headers={"Authorization": f"bearer {KEY}"}).status_code == 200


def test_authorization_stays_here(front: Front) -> None:
    """The engine sees neither the header nor the key; its own name is not told."""
    answer = front.client.post("/v1/completions", headers=_bearer(KEY), json={})
    (seen,) = front.behaviour.seen
    assert "authorization" not in seen.headers
    assert KEY not in str(seen)
    assert "server" not in answer.headers


def test_stream_is_not_held_back(front: Front) -> None:
    """Chunks arrive as they are made: the first one long before the last."""
    front.behaviour.chunk_delay_s = 0.3
    stamps, lines = [], []
    with front.client.stream("POST", "/v1/chat/completions", headers=_bearer(KEY), json={"stream": True}) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                stamps.append(time.monotonic())
                lines.append(line)
    assert len(lines) == 6
    assert lines[-1] == "data: [DONE]"
    assert stamps[-1] - stamps[0] > 0.75  # 1.5 s when each passes at once, nothing when they are collected


def test_client_that_hangs_up_ends_its_generation(front: Front) -> None:
    """The engine sees the connection go although it has not answered yet."""
    front.behaviour.answer_delay_s = 10
    with pytest.raises(httpx.ReadTimeout):
        front.client.post("/v1/completions", headers=_bearer(KEY), json={}, timeout=0.5)
    assert front.behaviour.hung_up.wait(5)


def test_large_body_passes_and_large_refusal_is_readable(front: Front) -> None:
    """A prompt larger than HAProxy's buffers arrives whole; refused, it still gets its answer."""
    prompt = {"prompt": "x" * 2_000_000}
    assert front.client.post("/v1/completions", headers=_bearer(KEY), json=prompt).status_code == 200
    assert len(front.behaviour.seen[0].body) > 2_000_000
    assert front.client.post("/v1/completions", headers=_bearer("awq-no"), json=prompt).status_code == 401
    assert front.client.post("/tokenize", headers=_bearer(KEY), json=prompt).status_code == 404


def test_keys_change_while_a_stream_runs(front: Front) -> None:
    """After `sync_keys` a new key works and a revoked one does not; an open stream is not cut."""
    front.behaviour.chunk_delay_s = 0.2
    post = ("POST", "/v1/chat/completions")
    with front.client.stream(*post, headers=_bearer(KEY), json={"stream": True}) as answer:
        lines = answer.iter_lines()
        first = next(lines)
        front.gateway.sync_keys([rule_of("awq-new", "key00002")])
        new = httpx.get(f"{front.gateway.base_url}/v1/models", headers=_bearer("awq-new"), trust_env=False)
        old = httpx.get(f"{front.gateway.base_url}/v1/models", headers=_bearer(KEY), trust_env=False)
        rest = list(lines)
    assert (new.status_code, old.status_code) == (200, 401)
    assert first.startswith("data: ")
    assert rest[-2:] == ["data: [DONE]", ""]
    front.gateway.sync_keys([])
    assert front.client.get("/v1/models", headers=_bearer("awq-new")).status_code == 401


def test_engine_gone_is_503(tmp_path: Path) -> None:
    """Without an engine a good key gets 503 in OpenAI's form, a bad one still 401."""
    with ScratchFolder() as folder, open_gateway(folder, tmp_path / "log") as gateway:
        good = httpx.post(f"{gateway.base_url}/v1/completions", headers=_bearer(KEY), json={}, trust_env=False)
        bad = httpx.get(f"{gateway.base_url}/v1/models", trust_env=False)
    assert (good.status_code, good.json()["error"]["code"]) == (503, "engine_unavailable")
    assert bad.status_code == 401


def test_tls_13_with_the_generated_certificate(tmp_path: Path) -> None:
    """A client that trusts the certificate gets TLS 1.3 and HTTP/1.1, by name and by address."""
    certificate = ensure_certificate("127.0.0.1", tmp_path / "tls o'f")
    context = ssl.create_default_context(cafile=str(certificate.certificate))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with ScratchFolder() as folder, open_gateway(folder, tmp_path / "log", bundle=certificate.bundle) as gateway:
        for name in ("localhost", "127.0.0.1"):
            plain = socket.create_connection(("127.0.0.1", gateway.port), timeout=5)
            with closing(context.wrap_socket(plain, server_hostname=name)) as secure:
                assert (secure.version(), secure.selected_alpn_protocol()) == ("TLSv1.3", "http/1.1")
        assert gateway.base_url == f"https://127.0.0.1:{gateway.port}"
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{gateway.base_url}/v1/models", trust_env=False)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{gateway.port}/v1/models", trust_env=False)


@pytest.mark.filterwarnings("ignore:.*TLSv1_1 is deprecated:DeprecationWarning")
def test_old_tls_is_refused(tmp_path: Path) -> None:
    """TLS 1.1 is not spoken."""
    certificate = ensure_certificate("127.0.0.1", tmp_path / "tls")
    context = ssl.create_default_context(cafile=str(certificate.certificate))
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1_1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with ScratchFolder() as folder, open_gateway(folder, tmp_path / "log", bundle=certificate.bundle) as gateway:
        plain = socket.create_connection(("127.0.0.1", gateway.port), timeout=5)
        with closing(plain), pytest.raises((ssl.SSLError, ConnectionResetError)):
            context.wrap_socket(plain, server_hostname="localhost")


def test_second_gateway_on_the_port_is_busy(front: Front, tmp_path: Path) -> None:
    """A port that another HAProxy serves is refused, and that one goes on serving."""
    with ScratchFolder() as folder, pytest.raises(BusyError, match=f"Port {front.gateway.port} "):
        open_gateway(folder, tmp_path / "second.log", port=front.gateway.port).__enter__()
    assert front.client.get("/v1/models", headers=_bearer(KEY)).status_code == 200


def test_port_lost_between_check_and_start(front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When HAProxy itself finds the port taken, the error is the same; port 0 is tried elsewhere."""
    from serve.gateway import gateway as module  # noqa: PLC0415 -- the module is patched

    port, choose = front.gateway.port, module.choose_address
    answers = [(f"ipv4@127.0.0.1:{port}", port)]
    monkeypatch.setattr(module, "choose_address", lambda *asked: answers.pop() if answers else choose(*asked))
    with ScratchFolder() as folder, open_gateway(folder, tmp_path / "second.log") as second:
        assert second.port != port
    answers.append((f"ipv4@127.0.0.1:{port}", port))
    with ScratchFolder() as folder, pytest.raises(BusyError, match=f"Port {port} "):
        open_gateway(folder, tmp_path / "third.log", port=port).__enter__()


@pytest.mark.parametrize("host", ["localhost", "::1", "0.0.0.0"])  # noqa: S104 -- reached over loopback
def test_other_hosts(tmp_path: Path, host: str) -> None:
    """Names, IPv6 and all interfaces can be listened on; `base_url` leads there with the certificate."""
    if host == "::1" and not _has_ipv6():
        pytest.skip("this machine has no IPv6 loopback")
    certificate = ensure_certificate(host, tmp_path / "tls")
    context = ssl.create_default_context(cafile=str(certificate.certificate))
    place = {"host": host, "bundle": certificate.bundle}
    with ScratchFolder() as folder, open_gateway(folder, tmp_path / "log", **place) as gateway:
        answer = httpx.get(f"{gateway.base_url}/metrics", verify=context, trust_env=False)
    assert answer.status_code == 404


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_damaged_certificate_is_named(tmp_path: Path) -> None:
    """HAProxy's own check of the configuration ends in one sentence with the cause."""
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing")
    with ScratchFolder() as folder, pytest.raises(EngineError, match=r"does not accept.*door\.pem"):
        open_gateway(folder, tmp_path / "log", bundle=broken).__enter__()


def test_death_is_seen_and_explained(tmp_path: Path) -> None:
    """A HAProxy that is killed is no longer running, and the failure names the log."""
    with ScratchFolder() as folder, open_gateway(folder, tmp_path / "log") as gateway:
        for process in _haproxies(folder):
            process.kill()
        assert _eventually(lambda: not gateway.running())
        assert gateway.failure().log == newest_log(tmp_path / "log")
        assert "SIGKILL" in gateway.failure().message
        with pytest.raises(EngineError, match="control socket"):
            gateway.sync_keys([])


def _haproxies(folder: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if str(folder) in " ".join(_command_line(process))]


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


def test_stop_leaves_nothing(tmp_path: Path) -> None:
    """After the block there is no process, no folder, and the port is free."""
    with ScratchFolder() as folder, open_gateway(folder, tmp_path / "log") as gateway:
        assert _haproxies(folder)
    assert _haproxies(folder) == []
    assert not folder.exists()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", gateway.port))


def test_killed_owner_takes_haproxy_with_it(tmp_path: Path) -> None:
    """SIGKILL of the Python process that holds the gateway ends HAProxy too."""
    program = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        sys.path.insert(0, sys.argv[1])
        from tests.gateways import open_gateway
        folder = Path(sys.argv[2])
        with open_gateway(folder, folder / "log"):
            print("up", flush=True)
            time.sleep(60)
        """
    )
    with ScratchFolder() as folder:
        command = [sys.executable, "-P", "-c", program, str(REPO), str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
            assert owner.stdout is not None
            assert owner.stdout.readline() == "up\n"
            assert _haproxies(folder)
            owner.kill()
        assert _eventually(lambda: _haproxies(folder) == [], 10)


def test_version() -> None:
    """The version is the one of the packaged series or later."""
    assert tuple(int(part) for part in haproxy_version().split(".")[:2]) >= (2, 6)


def _accept_and_close(server: socket.socket) -> None:
    while True:
        server.accept()[0].close()


def test_engine_that_breaks_off_is_502(tmp_path: Path) -> None:
    """An engine that closes the connection without an answer is 502 in OpenAI's form."""
    with ScratchFolder() as folder, socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(folder / "engine.sock"))
        engine.listen()
        threading.Thread(target=_accept_and_close, args=(engine,), daemon=True).start()
        with open_gateway(folder, tmp_path / "log") as gateway:
            answer = httpx.post(f"{gateway.base_url}/v1/completions", headers=_bearer(KEY), json={}, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "bad_gateway")


def test_two_engines_share_the_requests(tmp_path: Path) -> None:
    """One after the other both get their half; while one is busy, the other gets all."""
    with ScratchFolder() as folder:
        sockets = folder / "1.sock", folder / "2.sock"
        with (
            FakeUpstream(sockets[0], Behaviour()) as first,
            FakeUpstream(sockets[1], Behaviour()) as second,
            open_gateway(folder, tmp_path / "log", sockets=sockets) as gateway,
            httpx.Client(base_url=gateway.base_url, trust_env=False) as client,
        ):
            assert ask(client, 6) == [200] * 6
            assert (len(first.behaviour.seen), len(second.behaviour.seen)) == (3, 3)
            first.behaviour.chunk_delay_s = second.behaviour.chunk_delay_s = 5
            post = ("POST", "/v1/chat/completions")
            with client.stream(*post, headers=_bearer(KEY), json={"stream": True}) as answer:
                busy, idle = sorted((first, second), key=lambda engine: -len(engine.behaviour.seen))
                assert ask(client, 4) == [200] * 4
                assert (len(busy.behaviour.seen), len(idle.behaviour.seen)) == (4, 7)
                answer.close()


def test_engine_that_dies_leaves_its_requests_to_the_others(tmp_path: Path) -> None:
    """Of three engines two never came up or die: no request is lost, and a later one comes back into its share."""
    with ScratchFolder() as folder:
        sockets = tuple(folder / f"{number}.sock" for number in (1, 2, 3))
        with (
            FakeUpstream(sockets[0], Behaviour()) as last,
            open_gateway(folder, tmp_path / "log", sockets=sockets) as gateway,
            httpx.Client(base_url=gateway.base_url, trust_env=False) as client,
        ):
            with FakeUpstream(sockets[1], Behaviour()) as dying:
                assert _eventually(lambda: ask(client, 1) == [200] and bool(dying.behaviour.seen), 10)
            assert ask(client, 10) == [200] * 10
            assert last.behaviour.seen
            with FakeUpstream(sockets[2], Behaviour()) as late:
                assert _eventually(lambda: ask(client, 1) == [200] and bool(late.behaviour.seen), 10)


def test_engines_that_are_all_gone_are_503_and_no_failure_of_haproxy(tmp_path: Path) -> None:
    """Several engines that are not there are 503 as one is; that HAProxy said so explains no death of its own."""
    with ScratchFolder() as folder:
        sockets = folder / "1.sock", folder / "2.sock"
        with (
            open_gateway(folder, tmp_path / "log", sockets=sockets) as gateway,
            httpx.Client(base_url=gateway.base_url, trust_env=False) as client,
        ):
            assert ask(client, 1) == [503]
            gateway.withdraw(FIRST)
            gateway.withdraw(SECOND)
            assert _eventually(lambda: "no server available" in (tmp_path / "log").read_text())
            assert ask(client, 1) == [503]
            assert "no server" not in str(gateway.failure())


def test_what_is_not_http_is_400(front: Front) -> None:
    """A malformed header ends at the gateway."""
    assert b" 400 " in front.raw(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n")
    assert front.behaviour.seen == []


def test_what_the_engine_does_not_take_waits_at_the_door(tmp_path: Path) -> None:
    """Clients beyond the engine's connections wait and are served in turn; after the queue's time-out it is 503."""
    with ScratchFolder() as folder, FakeUpstream(folder / "engine.sock", Behaviour(answer_delay_s=1)) as upstream:
        gateway = open_gateway(folder, tmp_path / "log", settings=DoorSettings(queue_timeout_s=4))
        gateway.connections = Connections(clients=64, engines=2)

        def ask(_number: int) -> httpx.Response:
            body = {"model": "fake", "messages": [{"role": "user", "content": "Hi"}]}
            url = f"{gateway.base_url}/v1/chat/completions"
            return httpx.post(url, json=body, headers=_bearer(KEY), trust_env=False, timeout=30)

        with gateway, ThreadPoolExecutor(16) as pool:
            waiting = [pool.submit(ask, number) for number in range(6)]
            assert _eventually(lambda: len(upstream.behaviour.seen) == 2)
            assert not any(one.done() for one in waiting)
            assert [one.result().status_code for one in waiting] == [200] * 6
            answers = list(pool.map(ask, range(16)))
        late = [one for one in answers if one.status_code == 503]
        assert [one.status_code for one in answers].count(200) == 16 - len(late)
        assert len(late) >= 4
        assert {(one.json()["error"]["code"], one.headers["Retry-After"]) for one in late} == {
            ("engine_unavailable", "5")
        }


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Start two engines and the door before them."""
    with open_pair(tmp_path / "log") as found:
        yield found


def _states(gateway: Gateway) -> list[tuple[int, str, int]]:
    return [(place.number, place.status, place.weight) for place in gateway.places()]


def test_place_that_nobody_took_gets_nothing(tmp_path: Path) -> None:
    """Until an engine is admitted requests are answered with 503, although its socket is there."""
    with ScratchFolder() as folder, FakeUpstream(folder / "engine.sock", Behaviour()) as engine:
        gateway = Gateway(
            backends=(backend_of((folder / "engine.sock",)),),
            folder=folder,
            host="127.0.0.1",
            port=0,
            bundle=None,
            keys=(rule_of(),),
            log=tmp_path / "log",
        )
        with gateway, httpx.Client(base_url=gateway.base_url, trust_env=False) as client:
            assert ask(client, 2) == [503, 503]
            assert engine.behaviour.seen == []
            gateway.admit(FIRST)
            assert ask(client, 2) == [200, 200]


def test_withdrawn_place_gets_nothing_new(pair: Pair) -> None:
    """Without one place the other has all, what is under way ends in peace, and admitted again it has its share."""
    slow = pair.engines[0].behaviour
    slow.chunk_delay_s = 0.2
    pair.gateway.withdraw(SECOND)
    post = ("POST", "/v1/chat/completions")
    with pair.client.stream(*post, headers=_bearer(KEY), json={"stream": True}) as answer:
        lines = answer.iter_lines()
        next(lines)
        pair.gateway.admit(SECOND)
        pair.gateway.withdraw(FIRST)
        assert pair.served(4) == (0, 4)
        assert _eventually(lambda: [place.sessions for place in pair.gateway.places()][:2] == [1, 0])
        assert [line for line in lines if line][-1] == "data: [DONE]"
    pair.gateway.admit(FIRST)
    assert pair.served(6) == (3, 3)


def test_weight_of_nothing_gets_nothing_new(pair: Pair) -> None:
    """A place with weight 0 stays in use for what it has, and the other gets the rest."""
    pair.gateway.admit(SECOND, 0)
    assert pair.served(4) == (4, 0)


def test_weights_share_the_requests(pair: Pair) -> None:
    """A canary with a weight of 25 beside one of 100 gets a fifth, also when one request at a time comes."""
    pair.gateway.admit(SECOND, 25)
    first, second = pair.served(200)
    assert (first + second, second) == (200, pytest.approx(40, abs=25))
    pair.gateway.admit(SECOND)
    assert pair.served(6) == (3, 3)


def test_canary_that_is_gone_leaves_its_requests_to_the_others(pair: Pair) -> None:
    """What was drawn for it is answered by the engine that it stands beside."""
    pair.gateway.admit(SECOND, 99)
    pair.engines[1].__exit__()
    assert ask(pair.client, 20) == [200] * 20


def test_places_say_what_haproxy_knows(pair: Pair) -> None:
    """State and weight of each place, those included that nobody has taken."""
    pair.gateway.admit(SECOND, 25)
    assert _states(pair.gateway) == [(1, "UP", 100), (2, "UP", 25), (3, "MAINT", 0), (4, "MAINT", 0)]
    pair.gateway.withdraw(FIRST)
    pair.served(3)
    first, second, *_ = pair.gateway.places()
    assert (first.status, second.total, second.sessions) == ("MAINT", 3, 0)


def test_door_that_refuses_says_so_to_valid_keys(pair: Pair) -> None:
    """Every request with a key is 503 with Retry-After until it is taken again; a wrong key is 401 as ever."""
    pair.gateway.refuse("the audit's disk is full; see its log")
    assert pair.gateway.refusing is not None
    answer = pair.client.post("/v1/completions", headers=_bearer(KEY), json={})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert pair.client.get("/v1/models", headers=_bearer("wrong")).status_code == 401
    pair.gateway.refuse("another reason")
    pair.gateway.refuse(None)
    assert pair.served(2) == (1, 1)


def test_restart_after_a_death_is_as_before(pair: Pair) -> None:
    """Killed and started again, HAProxy has the same port, keys, places and refusal."""
    pair.gateway.withdraw(SECOND)
    pair.gateway.sync_keys([rule_of(), rule_of("awq-new", "key00002")])
    pair.gateway.refuse("it ends")
    address = pair.gateway.base_url
    for process in _haproxies(pair.folder):
        process.kill()
    assert _eventually(lambda: not pair.gateway.running())
    pair.gateway.restart()
    assert (pair.gateway.running(), pair.gateway.base_url) == (True, address)
    assert pair.client.post("/v1/completions", headers=_bearer("awq-new"), json={}).status_code == 503
    pair.gateway.refuse(None)
    assert pair.served(3) == (3, 0)
