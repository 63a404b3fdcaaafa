"""The endpoint's door against odd and hostile clients: HAProxy as it will run, in front of a stand-in for vLLM."""

import json
import resource
import socket
import ssl
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from pipeline.runtimes.scratch import ScratchFolder
from serve.gateway.backends import Place
from serve.gateway.gateway import Gateway
from serve.gateway.settings import DoorSettings
from serve.gateway.tls import ensure_certificate
from tests.fakes.upstream import Behaviour, FakeUpstream
from tests.gateways import BACKEND, BEARER, KEY, MODEL, open_gateway
from tests.helpers import eventually

REPO = Path(__file__).parents[2]
BODY = json.dumps({"model": "fake", "messages": [{"role": "user", "content": "x"}]})
WEBSOCKET = "websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
"""Without a key HAProxy answers 400 itself."""
STREAM = json.dumps({"stream": True})


@dataclass(frozen=True)
class Door:
    """A running gateway and what reached the stand-in behind it."""

    gateway: Gateway
    upstream: FakeUpstream

    def raw(self, request: str) -> tuple[str, str]:
        """Return header and body of the answer to a request as it stands, read until the connection is closed."""
        found = b""
        with socket.create_connection(("127.0.0.1", self.gateway.port), timeout=30) as connection:
            connection.sendall(request.encode())
            while more := connection.recv(65536):
                found += more
        head, _, body = found.decode().partition("\r\n\r\n")
        return head, body


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Start stand-in and gateway on plain HTTP, once."""
    log = tmp_path_factory.mktemp("door") / "haproxy.log"
    with (
        ScratchFolder() as folder,
        FakeUpstream(folder / "engine.sock", Behaviour()) as upstream,
        open_gateway(folder, log) as gateway,
    ):
        yield Door(gateway, upstream)


@pytest.fixture
def door(running: Door) -> Door:
    """Forget what reached the stand-in."""
    running.upstream.behaviour = Behaviour()
    return running


def _post(body: str, *more: str, version: str = "1.1", key: str = KEY, path: str = "/v1/chat/completions") -> str:
    lines = (
        f"POST {path} HTTP/{version}",
        "Host: x",
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *more,
    )
    return "\r\n".join(lines) + f"\r\n\r\n{body}"


@pytest.mark.parametrize("offer", ["TLS/1.2", "HTTP/2.0", "h2c, foo", "h2c", "h2c\r\nHTTP2-Settings: AAMA", WEBSOCKET])
def test_offer_of_another_protocol_is_taken_out(door: Door, offer: str) -> None:
    """The engine sees the body and no offer; keys and closed routes are as ever."""
    offered = ("Connection: Upgrade, HTTP2-Settings", f"Upgrade: {offer}")
    head, _ = door.raw(_post(BODY, *offered).replace("Connection: Upgrade", "Connection: close, Upgrade"))
    assert head.startswith("HTTP/1.1 200 ")
    (seen,) = door.upstream.behaviour.seen
    assert seen.body.decode() == BODY
    assert not {"upgrade", "http2-settings"} & seen.headers.keys()
    assert seen.headers["connection"] == "close"
    wrong = door.raw(_post(BODY, "Connection: close, Upgrade", f"Upgrade: {offer}", key="wrong"))[0]
    closed = door.raw(_post(BODY, "Connection: close, Upgrade", f"Upgrade: {offer}", path="/metrics"))[0]
    assert (wrong.split()[1], closed.split()[1]) == ("401", "404")
    assert len(door.upstream.behaviour.seen) == 1


@pytest.mark.parametrize("kib", [1, 15, 48, 63])
def test_long_header_lines_are_let_through(door: Door, kib: int) -> None:
    """Cookies and tokens of usual gateways are larger than HAProxy's own limit of 15 KiB."""
    head, _ = door.raw(_post(BODY, f"Cookie: a={'x' * kib * 1024}", "Connection: close"))
    assert head.startswith("HTTP/1.1 200 ")
    assert len(door.upstream.behaviour.seen[0].headers["cookie"]) > kib * 1024


@pytest.mark.parametrize(("kib", "status"), [(100, "431"), (300, "400")])
def test_header_beyond_the_limit_is_refused(door: Door, kib: int, status: str) -> None:
    """Too much is said in OpenAI's form; the answer to more than the buffer holds is HAProxy's own."""
    head, body = door.raw(_post(BODY, f"Cookie: a={'x' * kib * 1024}"))
    assert head.split()[1] == status
    assert status == "400" or json.loads(body)["error"]["code"] == "headers_too_large"
    assert door.upstream.behaviour.seen == []


@pytest.mark.parametrize("more", [(), ("Connection: keep-alive",), ("Connection: close",)])
def test_old_http_gets_a_whole_answer(door: Door, more: tuple[str, ...]) -> None:
    """HTTP/1.0 is served where the length is known."""
    head, body = door.raw(_post(BODY, *[one for one in more if "alive" not in one], version="1.0"))
    assert head.split()[1] == "200"
    assert json.loads(body)["choices"]


@pytest.mark.parametrize("more", [(), ("Connection: keep-alive",)])
def test_old_http_gets_no_chunk_sizes(door: Door, more: tuple[str, ...]) -> None:
    """What an engine sends in chunks is refused in OpenAI's form, not handed on with their sizes in the text."""
    with socket.create_connection(("127.0.0.1", door.gateway.port), timeout=30) as connection:
        connection.sendall(_post(STREAM, *more, version="1.0").encode())
        head, _, body = connection.recv(65536).decode().partition("\r\n\r\n")
    assert head.split()[1] == "400"
    assert "chunked" not in head.lower()
    assert json.loads(body)["error"]["code"] == "http_version"


def test_body_without_a_length_is_411(door: Door) -> None:
    """Chunks are not taken, whoever sends them; the refusal says what to send."""
    request = _post(BODY).replace(f"Content-Length: {len(BODY)}", "Transfer-Encoding: chunked\r\nConnection: close")
    head, body = door.raw(request.replace(BODY, f"{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n"))
    assert head.split()[1] == "411"
    assert "Content-Length" in json.loads(body)["error"]["message"]
    assert door.upstream.behaviour.seen == []


def test_body_beyond_the_limit_is_413(tmp_path: Path) -> None:
    """A body of the limit's size passes, one byte more does not."""
    limited = DoorSettings(max_body_bytes=1000)
    with (
        ScratchFolder() as folder,
        FakeUpstream(folder / "engine.sock", Behaviour()) as upstream,
        open_gateway(folder, tmp_path / "log", settings=limited) as gateway,
        httpx.Client(base_url=gateway.base_url, trust_env=False, headers=BEARER) as client,
    ):
        bodies = [json.dumps({"prompt": "x" * (size - len('{"prompt": ""}'))}) for size in (1000, 1001)]
        answers = [client.post("/v1/completions", content=body) for body in bodies]
    assert [answer.status_code for answer in answers] == [200, 413]
    assert answers[1].json()["error"]["code"] == "request_too_large"
    assert len(upstream.behaviour.seen) == 1


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ('"n": 16', 200),
        ('"n": 17', 400),
        ('"n" : 1000000', 400),
        ('"n": 1e3', 400),
        ('"n": 123456789012345678901234567890', 400),
        ('"n": "17"', 400),
        ('"best_of": 17', 400),
        ('"n": 2, "best_of": 2000000', 400),
        ('"n": null', 200),
        ('"n": -1', 200),
        ('"metadata": {"n": 17}', 200),
        ('"prompt": "\\"n\\": 17"', 200),
    ],
)
def test_more_answers_than_an_engine_gives_are_400(door: Door, said: str, status: int) -> None:
    """In OpenAI's words, which no client repeats; what else is wrong with the figure is the engine's to say."""
    head, body = door.raw(_post(f'{{"model": "{MODEL}", {said}}}', "Connection: close"))
    assert int(head.split()[1]) == status
    assert len(door.upstream.behaviour.seen) == (status == 200)
    if status == 400:
        error = json.loads(body)["error"]
        member = "best_of" if "best_of" in said else "n"
        assert (error["code"], error["param"], error["type"]) == (
            "integer_above_max_value",
            member,
            "invalid_request_error",
        )
        assert error["message"].endswith("<= 16.")


def test_route_that_is_missing_is_told_which_there_are(door: Door) -> None:
    """Who asks for embeddings learns what is served instead."""
    _, body = door.raw(_post(BODY, "Connection: close", path="/v1/embeddings"))
    assert "POST /v1/chat/completions" in json.loads(body)["error"]["message"]


def test_nothing_of_the_inside_leaks(door: Door) -> None:
    """Neither does an engine hear what a client says for insiders, nor a client what the engine says of itself."""
    inside = (
        "X-Forwarded-For: 10.0.0.1",
        "Forwarded: for=10.0.0.1",
        "X-Data-Parallel-Rank: 3",
        "Origin: https://a.test",
    )
    head, _ = door.raw(_post(BODY, *inside, "X-Request-Id: mine", "Connection: close"))
    (seen,) = door.upstream.behaviour.seen
    assert not {"x-forwarded-for", "forwarded", "x-data-parallel-rank", "origin"} & seen.headers.keys()
    answered = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:])
    assert answered["x-request-id"] == seen.headers["x-request-id"] != "mine"
    assert answered["x-content-type-options"] == "nosniff"
    assert not {"server", "access-control-allow-origin"} & answered.keys()


PREFLIGHT = {"Origin": "https://a.test", "Access-Control-Request-Method": "POST"}


def test_pages_of_named_origins_may_call(tmp_path: Path) -> None:
    """Their browsers are answered without a key and told that they may; those of others get what everybody gets."""
    asked = {**PREFLIGHT, "Access-Control-Request-Headers": "authorization, x-stainless-os"}
    with (
        ScratchFolder() as folder,
        FakeUpstream(folder / "engine.sock", Behaviour()),
        open_gateway(folder, tmp_path / "log", settings=DoorSettings(cors_origins=("https://a.test",))) as gateway,
        httpx.Client(base_url=gateway.base_url, trust_env=False) as client,
    ):
        before = client.options("/v1/chat/completions", headers=asked)
        called = client.get("/v1/models", headers={**BEARER, "Origin": "https://a.test"})
        refused = client.get("/v1/models", headers={"Origin": "https://a.test"})
        others = client.options("/v1/chat/completions", headers={**asked, "Origin": "https://b.test"})
        closed = client.options("/metrics", headers=asked)
    assert (before.status_code, before.headers["Access-Control-Allow-Origin"]) == (204, "https://a.test")
    assert before.headers["Access-Control-Allow-Headers"] == "authorization, x-stainless-os"
    assert (called.status_code, called.headers["Access-Control-Allow-Origin"]) == (200, "https://a.test")
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, "https://a.test")
    assert (others.status_code, closed.status_code) == (404, 404)
    assert "Access-Control-Allow-Origin" not in others.headers


def test_pages_are_refused_unless_asked_for(door: Door) -> None:
    """Without origins in the recipe a browser's question is a route that is not there."""
    answer = httpx.options(f"{door.gateway.base_url}/v1/models", headers=PREFLIGHT, trust_env=False)
    assert (answer.status_code, "Access-Control-Allow-Origin" in answer.headers) == (404, False)


def _probe(client: httpx.Client) -> tuple[int, int]:
    alive, ready = (client.get(path).status_code for path in ("/health", "/ready"))
    return alive, ready


def test_probes_at_the_door_and_on_the_local_socket(tmp_path: Path) -> None:
    """Both say alive at once and ready once a place has requests; a probe is no request and has no line."""
    with (
        ScratchFolder() as folder,
        FakeUpstream(folder / "engine.sock", Behaviour()) as upstream,
        open_gateway(folder, tmp_path / "log", settings=DoorSettings(probes_at_door=True)) as gateway,
        httpx.Client(base_url=gateway.base_url, trust_env=False) as client,
        httpx.Client(base_url="http://local", transport=httpx.HTTPTransport(uds=str(gateway.local_socket))) as local,
    ):
        assert [_probe(client), _probe(local)] == [(200, 200), (200, 200)]
        gateway.refuse("it ends")
        assert _probe(client) == (200, 503)
        gateway.refuse(None)
        gateway.withdraw(Place(BACKEND, 1))
        assert [_probe(client), _probe(local)] == [(200, 503), (200, 503)]
        assert upstream.behaviour.seen == []
        assert "/ready" not in gateway.log.read_text()


def test_bound_for_one_address_is_kept(tmp_path: Path) -> None:
    """Connections too many are closed at once; that of another address is served."""
    with (
        ScratchFolder() as folder,
        FakeUpstream(folder / "engine.sock", Behaviour()),
        open_gateway(folder, tmp_path / "log", settings=DoorSettings(max_connections_per_source=3)) as gateway,
        ExitStack() as stack,
    ):
        where = ("127.0.0.1", gateway.port)
        for _ in range(10):
            with suppress(ConnectionResetError):
                stack.enter_context(socket.create_connection(where, timeout=5))
        assert eventually(lambda: gateway.figures().connections <= 3 + 1)  # and the one that asks for the figures
        with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2")) as other:
            assert other.get(f"{gateway.base_url}/v1/models", headers=BEARER).status_code == 200


def test_probes_stay_inside_unless_asked_for(door: Door) -> None:
    """At the door they are routes like any other that is not there; the owner's socket has them."""
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(door.gateway.local_socket))) as local:
        assert local.get("http://local/ready").status_code == 200
    assert httpx.get(f"{door.gateway.base_url}/ready", trust_env=False).status_code == 404


def test_body_that_breaks_off_is_json(door: Door) -> None:
    """An error after the header is in OpenAI's form."""
    with socket.create_connection(("127.0.0.1", door.gateway.port), timeout=30) as connection:
        connection.sendall(_post(BODY).encode()[:-4])
        head, _, body = connection.recv(65536).decode().partition("\r\n\r\n")
    assert head.split()[1] in ("400", "408")
    assert json.loads(body)["error"]["type"] == "invalid_request_error"


def test_refusal_keeps_no_connection(door: Door) -> None:
    """Who has no key holds no place: the connection ends with the answer, that of a client with a key stays."""
    for path, key, status in (("/metrics", "wrong", "404"), ("/v1/completions", "wrong", "401")):
        head, body = door.raw(_post(BODY, path=path, key=key))
        assert head.split()[1] == status
        assert json.loads(body)["error"]["type"] == "invalid_request_error"
    twice = door.raw(_post(BODY) + _post(BODY, "Connection: close"))
    assert "\r\n\r\n".join(twice).count("HTTP/1.1 200 ") == 2


@pytest.mark.parametrize("sent", ["", "GET /v1/models HTTP/1.1\r\nHost: x\r\n"])
def test_header_that_never_ends_is_cut(door: Door, sent: str) -> None:
    """A connection without a whole header ends by itself."""
    assert door.raw(sent)[0].startswith("HTTP/1.1 408 ")


def test_only_tls_13_is_spoken(tmp_path: Path) -> None:
    """A client that offers nothing newer than TLS 1.2 is refused."""
    certificate = ensure_certificate("127.0.0.1", tmp_path / "tls")
    with ScratchFolder() as folder, open_gateway(folder, tmp_path / "log", bundle=certificate.bundle) as gateway:
        for newest, spoken in ((ssl.TLSVersion.TLSv1_2, False), (ssl.TLSVersion.TLSv1_3, True)):
            context = ssl.create_default_context(cafile=str(certificate.certificate))
            context.maximum_version = newest
            plain = socket.create_connection(("127.0.0.1", gateway.port), timeout=10)
            with closing(plain), ExitStack() as expected:
                if not spoken:
                    expected.enter_context(pytest.raises((ssl.SSLError, ConnectionResetError)))
                assert context.wrap_socket(plain, server_hostname="localhost").version() == "TLSv1.3"


MANY_FILES = pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4096, reason="this process may open too few files"
)


@MANY_FILES
def test_idle_connections_lock_nobody_out(tmp_path: Path) -> None:
    """1 100 connections without a handshake, and another 100 in the middle of it, and a valid client is answered."""
    certificate = ensure_certificate("127.0.0.1", tmp_path / "tls")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ScratchFolder() as folder, ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        stack.enter_context(FakeUpstream(folder / "engine.sock", Behaviour()))
        gateway = stack.enter_context(open_gateway(folder, tmp_path / "log", bundle=certificate.bundle))
        idle = [
            stack.enter_context(socket.create_connection(("127.0.0.1", gateway.port), timeout=30)) for _ in range(1200)
        ]
        for connection in idle[:100]:
            connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
        context = ssl.create_default_context(cafile=str(certificate.certificate))
        answer = httpx.get(f"{gateway.base_url}/v1/models", headers=BEARER, verify=context, trust_env=False, timeout=30)
        assert answer.status_code == 200
        assert idle[0].recv(1) == b""
        assert idle[-1].recv(1) == b""


@MANY_FILES
def test_idle_connections_make_room_where_files_are_few(tmp_path: Path) -> None:
    """With a limit of 2 000 files the bound follows; two addresses that take all they can leave room for a third."""
    program = textwrap.dedent(
        """
        import resource, sys, time
        from pathlib import Path
        resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 2000))
        sys.path.insert(0, sys.argv[1])
        from tests.fakes.upstream import Behaviour, FakeUpstream
        from tests.gateways import open_gateway
        folder = Path(sys.argv[2])
        with FakeUpstream(folder / "engine.sock", Behaviour()), open_gateway(folder, folder / "log") as gateway:
            print(gateway.port, gateway.connections.clients, flush=True)
            time.sleep(600)
        """
    )
    with ScratchFolder() as folder, ExitStack() as stack:
        command = [sys.executable, "-P", "-c", program, str(REPO), str(folder)]
        owner = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        stack.callback(owner.kill)
        assert owner.stdout is not None
        port, bound = map(int, owner.stdout.readline().split())
        assert 900 <= bound < 1000
        for number in range(2 * bound):
            source = "127.0.0.1" if number < bound else "127.0.0.3"
            with suppress(ConnectionResetError):
                stack.enter_context(
                    socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0))
                )
        with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2"), timeout=30) as other:
            assert other.get(f"http://127.0.0.1:{port}/v1/models", headers=BEARER).status_code == 200
