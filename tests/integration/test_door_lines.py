"""The door's lines: one JSON document per request, in a file of its own, whatever clients put into it."""

import socket
import stat
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from pipeline.engines.prometheus import parse_metrics
from pipeline.runtimes.scratch import ScratchFolder
from serve.audit.lines import DoorLine
from serve.gateway.gateway import Gateway
from serve.gateway.keys import digest
from serve.gateway.settings import DoorSettings
from tests.fakes.upstream import Behaviour, FakeUpstream
from tests.gateways import BEARER, KEY, bearer, door_lines, open_gateway, open_pair, rule_of
from tests.helpers import eventually

HOSTILE = '"},\n{"id": "\\forged\x7f\u2028 \u0000' + "\U0001f600"


@dataclass
class Written:
    """A door, its client, and the lines that it has written."""

    gateway: Gateway
    upstream: FakeUpstream
    client: httpx.Client
    path: Path

    def lines(self, number: int) -> list[DoorLine]:
        """Return the lines as soon as there are so many."""
        assert eventually(lambda: len(self._texts()) >= number), self.path.read_text()
        assert len(self._texts()) == number
        return [DoorLine.model_validate_json(text) for text in self._texts()]

    def _texts(self) -> list[str]:
        return self.path.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    """Start a door that writes its lines into a folder that is not there yet."""
    path = tmp_path / "spool" / "door-1.jsonl"
    with (
        ScratchFolder() as folder,
        FakeUpstream(folder / "engine.sock", Behaviour()) as upstream,
        open_gateway(folder, tmp_path / "log", lines=path) as gateway,
        httpx.Client(base_url=gateway.base_url, trust_env=False) as client,
    ):
        yield Written(gateway, upstream, client, path)


def test_line_of_an_answer(written: Written) -> None:
    """It has the key's id, the model and the engine, the id that both sides were told, and no key, query or prompt."""
    before = datetime.now(UTC) - timedelta(seconds=1)
    body = {"prompt": "private words", "model": "fake"}
    answer = written.client.post("/v1/completions?secret=1", headers=BEARER, json=body)
    (line,) = written.lines(1)
    assert before < datetime.fromisoformat(line.at) < datetime.now(UTC) + timedelta(seconds=1)
    assert (line.key, line.source, line.method, line.path) == ("key00001", "127.0.0.1", "POST", "/v1/completions")
    assert (line.model, line.status, line.place, line.ended, line.retries) == ("fake", 200, "model-1/place-1", "--", 0)
    assert line.id == answer.headers["X-Request-Id"] == written.upstream.behaviour.seen[0].headers["x-request-id"]
    assert 0 <= line.first_byte_ms <= line.total_ms + 1
    assert line.bytes > len(answer.content)
    text = written.path.read_text()
    assert not any(secret in text for secret in (KEY, digest(KEY), "secret", "private"))
    assert stat.S_IMODE(written.path.stat().st_mode) == 0o600


def test_messages_of_haproxy_stay_in_its_log(written: Written) -> None:
    """Its own words, of a place that comes up for instance, are no lines."""
    assert eventually(lambda: "model-1/place-1" in written.gateway.log.read_text())
    assert written.path.read_text() == ""


def test_refusals_have_lines(written: Written) -> None:
    """What is refused before a key is known has one, without a key and without an engine."""
    written.client.get("/v1/models")
    written.client.get("/metrics", headers=BEARER)
    written.client.post("/v1/completions", content=iter([b"{}"]), headers=BEARER)
    lines = written.lines(3)
    assert [(line.status, line.path) for line in lines] == [
        (401, "/v1/models"),
        (404, "/metrics"),
        (411, "/v1/completions"),
    ]
    assert {(line.key, line.place, line.model) for line in lines} == {("-", "-", "-")}
    assert len({line.id for line in lines}) == 3


def test_preface_of_http2_has_a_line(written: Written) -> None:
    """HAProxy refuses it before any rule of a request; it stands there with its time, alone and behind another."""
    first = "GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: " + BEARER["Authorization"] + "\r\n\r\n"
    for before in ("", first):
        with socket.create_connection(("127.0.0.1", written.gateway.port), timeout=5) as connection:
            connection.sendall(f"{before}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".encode())
            while connection.recv(65536):
                pass
    lines = written.lines(3)
    assert [line.status for line in lines] == [400, 200, 400]
    assert all(datetime.fromisoformat(line.at) for line in lines)


def test_hostile_texts_stay_in_their_fields(written: Written) -> None:
    """Quotes, line breaks and long texts in what a client chooses end in one line with the fields of every line."""
    written.client.post("/v1/completions", headers=BEARER, json={"model": HOSTILE})
    written.client.post("/v1/completions", headers=BEARER, json={"model": "\x01" * 5000})
    target = 'GET /"},{"status":200,"x":"\\' + '"' * 8000 + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", written.gateway.port), timeout=5) as connection:
        connection.sendall(target.encode())
        connection.recv(100)
    lines = written.lines(3)
    assert [line.status for line in lines] == [404, 404, 404]
    assert lines[0].model.startswith('"},\n{"id": "\\forged')
    assert len(lines[2].path) <= 1024


def test_client_that_hangs_up_is_told_apart(written: Written) -> None:
    """A request that nobody waited for has a line that says so."""
    written.upstream.behaviour.answer_delay_s = 5
    with pytest.raises(httpx.ReadTimeout):
        written.client.post("/v1/completions", headers=BEARER, json={"model": "fake"}, timeout=0.5)
    (line,) = written.lines(1)
    assert (line.ended[0], line.key, line.place) == ("C", "key00001", "model-1/place-1")
    assert line.status in (-1, 400)


def test_request_that_another_engine_took_over_says_so(tmp_path: Path) -> None:
    """The line has the engine that answered, and how often it had to be asked again."""
    path = tmp_path / "door.jsonl"
    with open_pair(tmp_path / "log", lines=path) as pair:
        pair.engines[1].__exit__()
        pair.served(4)
        assert eventually(lambda: path.read_text().count("\n") == 4)
    lines = door_lines(path)
    assert {line.place for line in lines} == {"model-1/place-1"}


def test_threads_share_limits_and_lose_no_line(tmp_path: Path) -> None:
    """Each of three threads answers, each request has one line, a key has its limit once, also across a reload."""
    path, limit = tmp_path / "door.jsonl", 200
    bounded = "awq-bounded"
    with (
        ScratchFolder() as folder,
        FakeUpstream(folder / "engine.sock", Behaviour()),
        open_gateway(
            folder,
            tmp_path / "log",
            lines=path,
            threads=3,
            keys=(rule_of(), rule_of(bounded, "key00002", requests_per_minute=limit)),
        ) as gateway,
    ):

        def asked(_: int) -> Counter[int]:
            """Ask over a connection of its own, with each key."""
            with httpx.Client(base_url=gateway.base_url, trust_env=False, timeout=30) as client:
                keys = [KEY, bounded] * 10
                return Counter(client.get("/v1/models", headers=bearer(key)).status_code for key in keys)

        with ThreadPoolExecutor(12) as clients:
            statuses = sum(clients.map(asked, range(12)), Counter())
            gateway.reload(DoorSettings(failed_keys=9_999))
            statuses += sum(clients.map(asked, range(24)), Counter())
        assert statuses == {200: 360 + limit, 429: 360 - limit}
        assert eventually(lambda: path.read_text().count('{"at"') == 720)
        page = parse_metrics(gateway.metrics())
    lines = door_lines(path)
    assert len({line.id for line in lines}) == 720
    doors = ("gateway", "gateway-2", "gateway-3")
    served = [page.value("haproxy_frontend_http_requests_total", proxy=name) or 0 for name in doors]
    assert (sum(served), all(served)) == (480, True), served
