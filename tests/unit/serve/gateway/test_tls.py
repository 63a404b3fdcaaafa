"""The self-signed certificate."""

import ipaddress
import socket
import ssl
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from serve.gateway import tls
from serve.gateway.tls import ensure_certificate, names_of, subject_names


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_names_key_and_purpose(tmp_path: Path) -> None:
    """P-256, for servers, no authority, valid for loopback and the host by name and address."""
    certificate = _read(ensure_certificate("Example.test", tmp_path).certificate)
    assert subject_names(certificate) == {"localhost", "127.0.0.1", "::1", "example.test"}
    public = certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert isinstance(public.curve, ec.SECP256R1)
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert constraints == x509.BasicConstraints(ca=False, path_length=None)
    addresses = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert ipaddress.ip_address("::1") in addresses.get_values_for_type(x509.IPAddress)


def test_private_key_is_private(tmp_path: Path) -> None:
    """The bundle and its folder are the owner's; the certificate may be read and holds no key."""
    paths = ensure_certificate("127.0.0.1", tmp_path / "tls")
    assert stat.S_IMODE(paths.bundle.stat().st_mode) == 0o600
    assert stat.S_IMODE(paths.bundle.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(paths.certificate.stat().st_mode) == 0o644
    assert "PRIVATE KEY" not in paths.certificate.read_text()
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(paths.bundle)


def test_certificate_is_kept(tmp_path: Path) -> None:
    """A second call with a name it covers changes nothing."""
    first = ensure_certificate("127.0.0.1", tmp_path).bundle.read_text()
    assert ensure_certificate("localhost", tmp_path).bundle.read_text() == first


def test_new_host_joins_the_old_names(tmp_path: Path) -> None:
    """A missing name makes a new certificate that keeps the names of the old one."""
    ensure_certificate("a.test", tmp_path)
    certificate = _read(ensure_certificate("192.0.2.7", tmp_path).certificate)
    assert {"a.test", "192.0.2.7"} <= subject_names(certificate)


@pytest.mark.parametrize(("days_left", "certificates"), [(31, 1), (29, 2)])
def test_renewal_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days_left: int, certificates: int) -> None:
    """The certificate is replaced when fewer than 30 days are left."""
    monkeypatch.setattr(tls, "_LIFETIME", timedelta(days=days_left))
    serials = {_read(ensure_certificate("127.0.0.1", tmp_path).certificate).serial_number for _ in range(2)}
    assert len(serials) == certificates


@pytest.mark.parametrize("damage", ["", "not a certificate", "half"])
def test_damaged_bundle_is_replaced(tmp_path: Path, damage: str) -> None:
    """A bundle that cannot be used is made anew, and the client's file follows."""
    paths = ensure_certificate("127.0.0.1", tmp_path)
    text = paths.bundle.read_text()
    paths.bundle.write_text(text[: len(text) // 2] if damage == "half" else damage)
    ensure_certificate("127.0.0.1", tmp_path)
    assert _read(paths.bundle) == _read(paths.certificate)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(paths.bundle)


def test_client_file_follows_the_bundle(tmp_path: Path) -> None:
    """A crash between the two writes heals at the next call."""
    paths = ensure_certificate("127.0.0.1", tmp_path)
    expected = paths.certificate.read_text()
    paths.certificate.unlink()
    assert ensure_certificate("127.0.0.1", tmp_path).certificate.read_text() == expected


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("0.0.0.0", (socket.gethostname(),)),  # noqa: S104 -- a name to look up, nothing is bound
        ("::", (socket.gethostname(),)),
        ("H.test", ("h.test",)),
    ],
)
def test_names_of_host(host: str, names: tuple[str, ...]) -> None:
    """All interfaces stand for this machine's name; anything else for itself."""
    assert names_of(host) == names
