"""The certificate of an endpoint: the recipe's own, and renewed while it serves."""

import socket
import ssl
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509

from pipeline.recipe.recipe import Recipe
from pipeline.recipe.serve import Serve
from serve.gateway.tls import ensure_certificate
from serve.supervisor.supervisor import Supervisor
from tests.endpoints import status_with, supervisor_of, tiny_recipe, tiny_spec, waiting
from tests.helpers import RecordingReporter, wait_for


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Isolate keys, certificate and runtimes."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def recipe() -> Recipe:
    """Return a recipe with the least there can be."""
    return tiny_recipe()


def _shown(endpoint: Supervisor) -> bytes:
    """Return the certificate that a new connection gets."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", endpoint.gateway.port), timeout=10) as plain,
        context.wrap_socket(plain) as secured,
    ):
        return secured.getpeercert(binary_form=True) or b""


def _issue(folder: Path, name: str) -> bytes:
    """Write another pair of certificate and key to the same two files; return the certificate."""
    made = ensure_certificate("127.0.0.1", folder / name)
    pem = made.bundle.read_text()
    end = pem.index("-----BEGIN CERTIFICATE")
    (folder / "key.pem").write_text(pem[:end])
    (folder / "key.pem").chmod(0o600)
    (folder / "chain.pem").write_text(pem[end:])
    return ssl.PEM_cert_to_DER_cert(pem[end:])


def test_renewed_pair_is_shown_without_a_restart(
    tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever renews the recipe's own certificate need not tell; half a pair is a warning and changes nothing."""
    monkeypatch.setattr("serve.supervisor.certificate_watch._EVERY_S", 0.2)
    folder, reporter = tmp_path / "own", RecordingReporter()
    folder.mkdir()
    first = _issue(folder, "first")
    offered = Serve(certificate=str(folder / "chain.pem"), private_key=str(folder / "key.pem"))
    spec = tiny_spec(tmp_path, recipe, offered=offered)
    with supervisor_of(spec, tmp_path, reporter=reporter) as endpoint, waiting(endpoint) as failures:
        assert _shown(endpoint) == first
        assert endpoint.ca_certificate == folder / "chain.pem"
        ends = datetime.fromisoformat(str(endpoint.status().certificate_expires_at))
        assert ends == x509.load_der_x509_certificate(first).not_valid_after_utc
        second = _issue(folder, "second")
        wait_for(lambda: _shown(endpoint) == second, 10)
        (folder / "key.pem").write_text("nothing")
        wait_for(lambda: any("was not renewed" in warning for warning in reporter.warnings), 10)
        assert _shown(endpoint) == second
        assert failures == []
    assert len([warning for warning in reporter.warnings if "was not renewed" in warning]) == 1


def test_self_signed_certificate_is_made_anew(tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """In good time before its end, and clients that trust the file go on."""
    monkeypatch.setattr("serve.supervisor.certificate_watch._EVERY_S", 0.2)
    with supervisor_of(tiny_spec(tmp_path, recipe), tmp_path) as endpoint, waiting(endpoint) as failures:
        first = _shown(endpoint)
        assert endpoint.ca_certificate is not None
        endpoint.ca_certificate.with_name("endpoint.pem").unlink()
        wait_for(lambda: _shown(endpoint) != first, 10)
        assert status_with(endpoint) == 200
        assert failures == []
