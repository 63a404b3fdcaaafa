"""HAProxy as a process: its start, address, certificate and end."""

import socket
import ssl
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import psutil
import pytest

from pipeline.base.errors import EngineError
from pipeline.runtimes.haproxy import haproxy_version
from pipeline.runtimes.logs import newest_log
from pipeline.runtimes.scratch import ScratchFolder
from serve.gateway.tls import ensure_certificate
from tests.gateways import SECOND, Pair, bearer, open_gateway, open_pair, rule_of
from tests.helpers import eventually

REPO = Path(__file__).parents[2]


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
        assert eventually(lambda: not gateway.running())
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
        assert eventually(lambda: _haproxies(folder) == [], 10)


def test_version() -> None:
    """The version is the one of the packaged series or later."""
    assert tuple(int(part) for part in haproxy_version().split(".")[:2]) >= (2, 6)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Start two engines and the door before them."""
    with open_pair(tmp_path / "log") as found:
        yield found


def test_restart_after_a_death_is_as_before(pair: Pair) -> None:
    """Killed and started again, HAProxy has the same port, keys, places and refusal."""
    pair.gateway.withdraw(SECOND)
    pair.gateway.sync_keys([rule_of(), rule_of("awq-new", "key00002")])
    pair.gateway.refuse("it ends")
    address = pair.gateway.base_url
    for process in _haproxies(pair.folder):
        process.kill()
    assert eventually(lambda: not pair.gateway.running())
    pair.gateway.restart()
    assert (pair.gateway.running(), pair.gateway.base_url) == (True, address)
    assert pair.client.post("/v1/completions", headers=bearer("awq-new"), json={}).status_code == 503
    pair.gateway.refuse(None)
    assert pair.served(3) == (3, 0)
