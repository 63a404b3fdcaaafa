"""The self-audit against real HAProxy, and against servers that are open in one way each."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from pipeline.runtimes.scratch import ScratchFolder
from serve.checks.exposure.door import audit_tls
from serve.checks.exposure.processes import audit_files, audit_processes
from serve.checks.exposure.requests import audit_requests, hostile_requests
from serve.checks.exposure.result import Item, Target
from serve.checks.exposure.routes import audit_routes
from serve.gateway.routes import ROUTES
from serve.gateway.tls import ensure_certificate
from tests.fakes.upstream import Behaviour, FakeUpstream
from tests.gateways import KEY, MODEL, open_gateway

ENGINE_ROUTES = (*ROUTES, "GET /metrics", "POST /invocations", "POST /tokenize", "GET /v1/responses/{response_id}")


def _target(port: int, *, certificate: Path | None = None, host: str = "127.0.0.1") -> Target:
    return Target(
        base_url=f"{'https' if certificate else 'http'}://127.0.0.1:{port}/v1",
        host=host,
        port=port,
        ca_certificate=certificate,
        key=KEY,
        model=MODEL,
        pid=os.getpid(),
        max_body_bytes=4 * 2**20,
    )


def _failed(items: Iterator[Item]) -> dict[str, str]:
    return {item.name: item.detail for item in items if item.verdict == "fail"}


def test_routes_of_the_door_pass(tmp_path: Path) -> None:
    """With a key and without, what is not let through is 404, and what is let through wants a key."""
    with (
        ScratchFolder() as folder,
        FakeUpstream(folder / "engine.sock", Behaviour()),
        open_gateway(folder, tmp_path / "log") as gateway,
        httpx.Client() as client,
    ):
        found = list(audit_routes(_target(gateway.port), client, ENGINE_ROUTES))
    assert [item for item in found if item.verdict != "pass"] == []
    assert len(found) == 4


def test_routes_of_an_open_server_fail() -> None:
    """A server without keys is found out, and the routes that it leaves open are named."""
    with FakeUpstream(("127.0.0.1", 0), Behaviour()) as server, httpx.Client() as client:
        failed = _failed(audit_routes(_target(server.server_address[1]), client, ENGINE_ROUTES))
    assert set(failed) >= {"a key is wanted", "a wrong key is refused"}
    assert "GET /v1/models" in failed["a key is wanted"]


def test_route_of_a_new_version_is_found_open(tmp_path: Path) -> None:
    """A route that the door lets through although nobody meant it to fails by its name."""

    class Open(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/new" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Open)
    Thread(target=server.serve_forever, daemon=True).start()
    with httpx.Client() as client:
        failed = _failed(audit_routes(_target(server.server_port), client, ("GET /new", "GET /old")))
    server.shutdown()
    server.server_close()
    assert failed["all others closed"] == "GET /new with a key: 200, GET /new without a key: 200"


def test_tls_of_the_door_passes(tmp_path: Path) -> None:
    """Nothing older than 1.3 is spoken, and the certificate is for the address."""
    made = ensure_certificate("127.0.0.1", tmp_path / "tls")
    with ScratchFolder() as folder, open_gateway(folder, tmp_path / "log", bundle=made.bundle) as gateway:
        found = list(audit_tls(_target(gateway.port, certificate=made.certificate)))
    assert [(item.name, item.verdict) for item in found] == [
        ("1.3 alone", "pass"),
        ("1.3", "pass"),
        ("certificate", "pass"),
    ]


def test_plain_http_beyond_loopback_fails() -> None:
    """On loopback it is no fault."""
    assert _failed(audit_tls(_target(1, host="0.0.0.0"))) != {}  # noqa: S104 -- looked at, not bound
    assert _failed(audit_tls(_target(1))) == {}


def test_hostile_requests_that_are_taken_fail() -> None:
    """A server that answers everything is said to, request by request; one that lives passes the last."""
    with FakeUpstream(("127.0.0.1", 0), Behaviour(model=MODEL)) as server, httpx.Client() as client:
        found = list(audit_requests(_target(server.server_address[1]), client))
    assert len(found) == len(hostile_requests(MODEL)) + 1
    assert found[0].verdict == "fail"
    assert found[-1] == Item(
        area="hostile requests", name="the engine lives on", verdict="pass", detail=found[-1].detail
    )


def test_every_hostile_request_has_a_name_of_its_own() -> None:
    """And those that are JSON name the model, so that it is the engine that refuses them."""
    listed = hostile_requests("m")
    assert len({hostile.name for hostile in listed}) == len(listed) > 30
    assert (
        sum(
            json.loads(hostile.body)["model"] == "m"
            for hostile in listed
            if hostile.body[:9] == b'{"model":' and _reads(hostile.body)
        )
        > 20
    )


def _reads(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


LISTENS = """
import socket, time
server = socket.create_server(("0.0.0.0", 0))
print(server.getsockname()[1], flush=True)
time.sleep(60)
"""


def test_process_that_listens_everywhere_and_shows_a_key_fails() -> None:
    """It is named with its port, and the key is not repeated."""
    secret = "awq-" + "Ab1_" * 10 + "xyz"
    with subprocess.Popen([sys.executable, "-c", LISTENS, secret], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        port = int(child.stdout.readline())
        failed = _failed(audit_processes(_target(1)))
        child.kill()
    assert f"0.0.0.0:{port}" in failed["listen where they were told to"]
    assert failed["no secret in a command line"] == f"process {child.pid}"


def test_door_may_listen_where_it_was_told_to() -> None:
    """Its own port on its own address is no fault."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert "listen where they were told to" not in _failed(audit_processes(_target(server.getsockname()[1])))


@pytest.mark.parametrize(("mode", "fails"), [(0o600, False), (0o640, True)])
def test_files_are_their_owners_alone(tmp_path: Path, mode: int, *, fails: bool) -> None:
    """A file that a group can read is named."""
    (tmp_path / "keys.json").touch()
    (tmp_path / "keys.json").chmod(mode)
    assert bool(_failed(audit_files((tmp_path / "keys.json", tmp_path / "none")))) == fails
