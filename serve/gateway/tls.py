"""The endpoint's self-signed certificate: made on first use, kept until 30 days before it expires."""

import ipaddress
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pipeline.base.homes import config_home
from serve.gateway.files import locked, write_private

_ALWAYS = ("localhost", "127.0.0.1", "::1")
_LIFETIME = timedelta(days=365)
RENEW_BEFORE = timedelta(days=30)
_CLOCK_SKEW = timedelta(hours=1)


@dataclass(frozen=True)
class Certificate:
    """Paths of the certificate."""

    bundle: Path
    """Private key and certificate, for HAProxy; mode 0600."""
    certificate: Path
    """The certificate alone, for clients to trust."""


def default_folder() -> Path:
    """Return where the certificate is."""
    return config_home() / "tls"


def ensure_certificate(host: str, folder: Path) -> Certificate:
    """Return a certificate valid for `host` and the loopback names, made if there is none that will do.

    A new certificate keeps the names of the one it replaces.

    Raises:
        EnvironmentLackError: the files cannot be written.
        BusyError: another process keeps the folder locked.
    """
    paths = Certificate(bundle=folder / "endpoint.pem", certificate=folder / "endpoint.crt")
    wanted = {*_ALWAYS, *names_of(host)}
    with locked(folder / ".lock"):
        current = _load(paths.bundle)
        names = subject_names(current) if current else frozenset()
        if current is None or not wanted <= names or _expires_soon(current):
            key, current = _make(sorted(wanted | names))
            write_private(paths.bundle, _private_pem(key) + _pem(current))
        if not paths.certificate.exists() or paths.certificate.read_text(encoding="utf-8") != _pem(current):
            write_private(paths.certificate, _pem(current), mode=0o644)
    return paths


def names_of(host: str) -> tuple[str, ...]:
    """Return the names clients use for `host`: itself, or this machine's name for all interfaces."""
    return (socket.gethostname(),) if host in ("0.0.0.0", "::") else (host.lower(),)  # noqa: S104 -- compared, not bound


def subject_names(certificate: x509.Certificate) -> frozenset[str]:
    """Return the subject alternative names: host names and addresses."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    addresses = (str(address) for address in extension.get_values_for_type(x509.IPAddress))
    return frozenset([*extension.get_values_for_type(x509.DNSName), *addresses])


def _load(bundle: Path) -> x509.Certificate | None:
    """Return the certificate of a bundle whose private key fits it; None where it is missing or damaged."""
    try:
        pem = bundle.read_bytes()
        certificate = x509.load_pem_x509_certificate(pem)
        key = serialization.load_pem_private_key(pem, password=None)
    except (FileNotFoundError, ValueError):
        return None
    return certificate if key.public_key() == certificate.public_key() else None


def _expires_soon(certificate: x509.Certificate) -> bool:
    return certificate.not_valid_after_utc - datetime.now(UTC) < RENEW_BEFORE


def _make(names: list[str]) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Return a key and its certificate.

    It is no certificate authority: whoever trusts it trusts this endpoint and nothing signed with its key.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "awqctl endpoint")])
    now = datetime.now(UTC)
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName([_general_name(text) for text in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    )
    return key, builder.sign(key, hashes.SHA256())


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return encoded.decode()


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
