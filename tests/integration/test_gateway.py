"""HAProxy as it will run, in front of a stand-in for vLLM: routes, keys and what passes."""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from pipeline.base.errors import BusyError
from pipeline.runtimes.scratch import ScratchFolder
from serve.gateway.gateway import Gateway
from serve.gateway.keys import digest
from serve.gateway.routes import LISTING, ROUTES
from tests.fakes.upstream import Behaviour, FakeUpstream
from tests.gateways import KEY, bearer, open_gateway, rule_of


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


@pytest.mark.parametrize("route", [route for route in ROUTES if LISTING not in route])
def test_route_with_key(front: Front, route: str) -> None:
    """Each route reaches the engine with a good key, query string included."""
    method, path = route.split()
    answer = front.client.request(method, f"{path}?a=1", headers=bearer(KEY), json={})
    assert answer.status_code == 200
    assert [(seen.method, seen.path) for seen in front.behaviour.seen] == [(method, f"{path}?a=1")]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("awq-wrong"),
        {"Authorization": "Bearer"},
        bearer(KEY + "x"),
        bearer(KEY[:-1]),
        bearer(KEY.upper()),
        bearer(digest(KEY)),
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
    answer = front.client.request(method, path, headers=bearer(key) if key else {})
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
    statuses = [front.client.get("/v1/models", headers=bearer(key)).status_code for key in (KEY, "awq-wrong", KEY)]
    assert statuses == [200, 401, 200]


def test_scheme_may_be_in_any_case(front: Front) -> None:
    """RFC 9110 has the scheme without regard to case."""
    assert front.client.get("/v1/models", headers={"Authorization": f"bearer {KEY}"}).status_code == 200


def test_authorization_stays_here(front: Front) -> None:
    """The engine sees neither the header nor the key; its own name is not told."""
    answer = front.client.post("/v1/completions", headers=bearer(KEY), json={})
    (seen,) = front.behaviour.seen
    assert "authorization" not in seen.headers
    assert KEY not in str(seen)
    assert "server" not in answer.headers


def test_stream_is_not_held_back(front: Front) -> None:
    """Chunks arrive as they are made: the first one long before the last."""
    front.behaviour.chunk_delay_s = 0.3
    stamps, lines = [], []
    with front.client.stream("POST", "/v1/chat/completions", headers=bearer(KEY), json={"stream": True}) as answer:
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
        front.client.post("/v1/completions", headers=bearer(KEY), json={}, timeout=0.5)
    assert front.behaviour.hung_up.wait(5)


def test_large_body_passes_and_large_refusal_is_readable(front: Front) -> None:
    """A prompt larger than HAProxy's buffers arrives whole; refused, it still gets its answer."""
    prompt = {"prompt": "x" * 2_000_000}
    assert front.client.post("/v1/completions", headers=bearer(KEY), json=prompt).status_code == 200
    assert len(front.behaviour.seen[0].body) > 2_000_000
    assert front.client.post("/v1/completions", headers=bearer("awq-no"), json=prompt).status_code == 401
    assert front.client.post("/tokenize", headers=bearer(KEY), json=prompt).status_code == 404


def test_keys_change_while_a_stream_runs(front: Front) -> None:
    """After `sync_keys` a new key works and a revoked one does not; an open stream is not cut."""
    front.behaviour.chunk_delay_s = 0.2
    post = ("POST", "/v1/chat/completions")
    with front.client.stream(*post, headers=bearer(KEY), json={"stream": True}) as answer:
        lines = answer.iter_lines()
        first = next(lines)
        front.gateway.sync_keys([rule_of("awq-new", "key00002")])
        new = httpx.get(f"{front.gateway.base_url}/v1/models", headers=bearer("awq-new"), trust_env=False)
        old = httpx.get(f"{front.gateway.base_url}/v1/models", headers=bearer(KEY), trust_env=False)
        rest = list(lines)
    assert (new.status_code, old.status_code) == (200, 401)
    assert first.startswith("data: ")
    assert rest[-2:] == ["data: [DONE]", ""]
    front.gateway.sync_keys([])
    assert front.client.get("/v1/models", headers=bearer("awq-new")).status_code == 401


def test_second_gateway_on_the_port_is_busy(front: Front, tmp_path: Path) -> None:
    """A port that another HAProxy serves is refused, and that one goes on serving."""
    with ScratchFolder() as folder, pytest.raises(BusyError, match=f"Port {front.gateway.port} "):
        open_gateway(folder, tmp_path / "second.log", port=front.gateway.port).__enter__()
    assert front.client.get("/v1/models", headers=bearer(KEY)).status_code == 200


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


def test_what_is_not_http_is_400(front: Front) -> None:
    """A malformed header ends at the gateway."""
    assert b" 400 " in front.raw(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n")
    assert front.behaviour.seen == []
