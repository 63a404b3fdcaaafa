"""HAProxy's configuration as text, the choice of an address, and the usage lines of the endpoint."""

import ast
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.base.errors import BusyError, EnvironmentLackError, UsageError
from pipeline.engines.address import choose_address
from pipeline.runtimes.haproxy import find_haproxy
from serve.audit.lines import DoorLine
from serve.gateway.backends import Backend, Place, Weights
from serve.gateway.connections import Connections
from serve.gateway.haproxy_config import quoted, render_config, with_descriptors
from serve.gateway.maps import Maps
from serve.gateway.routes import ROUTES
from serve.gateway.settings import DoorSettings
from serve.supervisor.foreground import Serving, usage_lines

USUAL = DoorSettings()


def _render(
    bundle: Path | None,
    sockets: tuple[str, ...] = ("/run/a/engine.sock", "/run/a/spare.sock"),
    weights: dict[Place, int] | None = None,
    engine_key: str | None = None,
    settings: DoorSettings = USUAL,
    threads: int = 1,
) -> str:
    return render_config(
        address="ipv4@127.0.0.1:8443",
        backends=[Backend("model-1", ("demo",), tuple(Path(each) for each in sockets))],
        weights=Weights(weights or {}),
        engine_key=engine_key,
        folder=Path("/run/a"),
        maps=Maps(Path("/run/a")),
        bundle=bundle,
        connections=Connections(1000, 500),
        settings=settings,
        threads=threads,
    )


def _directives(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def _backend(text: str) -> list[str]:
    lines = _directives(text)
    return lines[lines.index("backend model-1") + 1 :]


def test_places_wait_until_they_are_admitted() -> None:
    """Half of the places have engines, which share the connections; whoever has no weight gets no request."""
    sockets = ("/run/1", "/run/2", "/run/3", "/run/4")
    weights = {Place("model-1", 1): 100, Place("model-1", 3): 0}
    lines = _backend(_render(None, sockets, weights))
    servers = [line.split(" check ")[0] for line in lines if line.startswith("server ")]
    assert servers == [
        "server place-1 unix@/run/1 weight 100",
        "server place-2 unix@/run/2 disabled",
        "server place-3 unix@/run/3 weight 0",
        "server place-4 unix@/run/4 disabled",
        "server unchecked-1 unix@/run/1 weight 100 backup",
        "server unchecked-2 unix@/run/2 disabled backup",
        "server unchecked-3 unix@/run/3 weight 0 backup",
        "server unchecked-4 unix@/run/4 disabled backup",
    ]
    assert "default-server maxconn 250" in lines


def test_every_text_of_the_line_is_json() -> None:
    """What a client chooses stands in the log as JSON, cut to a length that a line has room for."""
    (line,) = [line for line in _directives(_render(None)) if line.startswith("log-format ")]
    assert all(f"var(txn.{name}),json(utf8s)" in line for name in ("method", "path"))
    assert "var(txn.model),bytes(0,256),json(utf8s)" in line
    names = re.findall(r'"(\w+)":', line)
    assert set(names) == set(DoorLine.model_fields)


def test_no_two_threads_write_to_one_descriptor() -> None:
    """HAProxy drops a line whose descriptor another thread writes to: each has a frontend, listeners and log alone."""
    lines = _directives(_render(None, threads=3))
    starts = [number for number, line in enumerate(lines) if line.startswith("frontend gateway")]
    sections = [
        lines[one:other] for one, other in zip(starts, [*starts[1:], lines.index("frontend metrics")], strict=True)
    ]
    threads = [{word for line in each if line.startswith("bind ") for word in line.split()[2:4]} for each in sections]
    assert threads == [{"thread", "1"}, {"thread", "2"}, {"thread", "3"}]
    logs = [[line.split()[1] for line in each if line.startswith("log ")] for each in sections]
    assert logs == [["stdout"], ["fd@3"], ["fd@4"]]
    rules = [[line for line in each if line.split()[0] not in ("bind", "log", "frontend")] for each in sections]
    assert rules[0] == rules[1] == rules[2][: len(rules[0])]


def test_descriptors_of_all_threads_are_the_standard_output(tmp_path: Path) -> None:
    """What is written to any of them stands in the same file, behind what was there."""
    file = tmp_path / "lines"
    program = "import os, sys; [os.write(number, sys.argv[1].encode()) for number in (1, *range(3, 10))]"
    with file.open("ab") as stream:
        subprocess.run(with_descriptors([sys.executable, "-c", program, "a b\n"], 8), stdout=stream, check=True)
    assert file.read_text() == "a b\n" * 8


def test_bound_for_one_source_is_the_recipes() -> None:
    """Beside it each source has its share of what is free."""
    text = _render(None, settings=DoorSettings(max_connections_per_source=8))
    assert "tcp-request connection reject if { sc2_conn_cur gt 8 }" in _directives(text)
    assert "{ sc2_conn_cur gt" not in _render(None)
    assert "set-var(sess.allowed) var(sess.open),neg,add(1000),mul(15)" in _render(None)


def test_pages_are_answered_only_where_the_recipe_names_them() -> None:
    """Without origins nothing is said to browsers; with them each is compared as a whole."""
    assert "Origin)" not in _render(None)
    text = _render(None, settings=DoorSettings(cors_origins=("https://a.test", "https://it's")))
    assert "{ req.fhdr(Origin) -m str -- 'https://a.test' 'https://it'\\''s' }" in text
    assert "str(*) if { req.fhdr(Origin) -m found }" in _render(None, settings=DoorSettings(cors_origins=("*",)))


def test_engines_are_told_their_key() -> None:
    """What the engines want goes with every request; without a key nothing does."""
    assert "http-request set-header Authorization 'Bearer secret'" in _backend(_render(None, engine_key="secret"))
    assert "Authorization" not in "".join(_backend(_render(None)))


def test_every_route_is_exact() -> None:
    """Each route is one rule on method and whole path, and nothing else sets the route."""
    rules = [line for line in _directives(_render(None)) if "set-var(txn.route)" in line]
    expected = [
        f"http-request set-var(txn.route) path if {{ method {method} }} {{ path -m str {path} }}"
        for method, path in (route.split() for route in ROUTES)
    ]
    assert rules == expected


def test_routes_are_decided_before_keys() -> None:
    """Refusal of the route, then of the key, then the header goes, in this order."""
    lines = _directives(_render(None))
    positions = [
        lines.index(next(line for line in lines if mark in line)) for mark in ("404 unless", "401 unless", "del-header")
    ]
    assert positions == sorted(positions)


def test_tls_line() -> None:
    """With a certificate the port speaks TLS and HTTP/1.1; without one it is plain."""
    tls = [line for line in _directives(_render(Path("/c d/e.pem"))) if line.startswith("bind ipv4")]
    plain = [line for line in _directives(_render(None)) if line.startswith("bind ipv4")]
    assert tls == ["bind ipv4@127.0.0.1:8443 thread 1 proto h1 ssl crt '/c d/e.pem' alpn http/1.1"]
    assert plain == ["bind ipv4@127.0.0.1:8443 thread 1 proto h1"]


def test_port_cannot_be_shared() -> None:
    """HAProxy's default, SO_REUSEPORT, would let a second endpoint take half of the requests."""
    assert "noreuseport" in _directives(_render(None))


@pytest.mark.parametrize(("value", "expected"), [("/a b", "'/a b'"), ("it's", r"'it'\''s'"), ('$x"#\\', "'$x\"#\\'")])
def test_quoted(value: str, expected: str) -> None:
    """Whatever HAProxy would interpret is inside strong quotes."""
    assert quoted(value) == expected


def test_line_break_cannot_be_quoted() -> None:
    """A path that would add a line to the configuration is refused."""
    with pytest.raises(UsageError, match="control character"):
        quoted("/a\nglobal")


def test_port_in_use_is_named() -> None:
    """The message says which port and what to do."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(BusyError, match=rf"Port {port} on 127\.0\.0\.1 is in use.*--port N") as caught:
            choose_address("127.0.0.1", port)
    assert caught.value.exit_code == 4


def test_port_0_takes_a_free_one() -> None:
    """The port chosen is the one in the address, and can be bound."""
    address, port = choose_address("127.0.0.1", 0)
    assert address == f"ipv4@127.0.0.1:{port}"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))


@pytest.mark.parametrize(
    ("host", "reason"), [("", "not a host"), ("no such host", "not a host"), ("192.0.2.1", "not an address of this")]
)
def test_wrong_host(host: str, reason: str) -> None:
    """A host that is unknown, or another machine's, is wrong usage."""
    with pytest.raises(UsageError, match=reason):
        choose_address(host, 0)


def test_named_haproxy_must_exist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A wrong AWQCTL_HAPROXY is named, not passed over."""
    monkeypatch.setenv("AWQCTL_HAPROXY", str(tmp_path))
    with pytest.raises(EnvironmentLackError, match="AWQCTL_HAPROXY"):
        find_haproxy()


@pytest.mark.parametrize("certificate", [None, "/home/o'neil/e.crt"])
def test_usage_lines_are_a_shell_command_and_a_python_program(certificate: str | None) -> None:
    """The curl lines parse as one command, the Python lines compile, whatever the path looks like."""
    text = usage_lines(_serving(ca_certificate=certificate, new_key="awq-k"))
    command = shlex.split(text[text.index("curl ") : text.index("import os")].replace("\\\n", " "))
    assert command[:2] == ["curl", "https://127.0.0.1:8443/v1/chat/completions"]
    assert ("--cacert" in command) == (certificate is not None)
    assert certificate is None or command[command.index("--cacert") + 1] == certificate
    ast.parse(text[text.index("import os") :])
    assert "export AWQCTL_API_KEY=awq-k" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_usage_lines_without_a_new_key() -> None:
    """Who has keys already is told how to get another one."""
    assert "awqctl keys add NAME --endpoint tiny" in usage_lines(_serving())


def test_usage_lines_with_a_key_in_a_file() -> None:
    """The shell takes it from there, whatever the path looks like."""
    text = usage_lines(_serving(new_key_file="/home/o'neil/first-key"))
    (line,) = (line for line in text.splitlines() if line.startswith("export "))
    assert shlex.split(line.partition("$(")[2].rstrip(")")) == ["cat", "/home/o'neil/first-key"]
    assert max(len(line) for line in text.splitlines()) <= 80


def _serving(**changes: object) -> Serving:
    fields = {
        "endpoint": "tiny",
        "pid": 1,
        "base_url": "https://127.0.0.1:8443/v1",
        "model": "demo",
        "models": ("demo",),
        "ca_certificate": None,
        "max_connections": 1000,
    }
    return Serving.model_validate({**fields, **changes})
