"""One's own certificate is checked before anything starts; the self-signed one is renewed in time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pipeline.base.errors import UsageError
from serve.gateway import tls
from serve.gateway.certificate import certificate_for

NOW = datetime.now(UTC)
PASSWORD = serialization.BestAvailableEncryption(b"secret")
OPEN = serialization.NoEncryption()


def _write(
    folder: Path,
    *,
    names: tuple[str, ...] = ("api.test",),
    issuer: str = "authority",
    start: timedelta = -timedelta(days=1),
    days: float = 90,
    encryption: serialization.KeySerializationEncryption = OPEN,
) -> tuple[str, str]:
    """Write a certificate and its key; return their paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject, vouching = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("api.test", issuer))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(vouching)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + start)
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    )
    certificate, private = folder / "chain.pem", folder / "key.pem"
    certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private.touch(mode=0o600)
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption))
    return str(certificate), str(private)


def test_own_certificate_is_shown_with_its_key(tmp_path: Path) -> None:
    """The bundle is private and has both; nobody has to be told to trust what an authority vouches for."""
    shown = certificate_for("api.test", *_write(tmp_path), tmp_path / "private")
    assert (shown.own, shown.trusted, shown.warnings, shown.expires_soon) == (True, None, (), False)
    assert shown.expires_at == (NOW + timedelta(days=90)).replace(microsecond=0)
    assert shown.bundle.stat().st_mode & 0o777 == 0o600
    assert shown.bundle.read_text().startswith("-----BEGIN PRIVATE KEY")
    assert "BEGIN CERTIFICATE" in shown.bundle.read_text()


def test_certificate_that_vouches_for_itself_has_to_be_trusted(tmp_path: Path) -> None:
    """Clients are told to trust the file itself."""
    paths = _write(tmp_path, issuer="api.test")
    assert certificate_for("api.test", *paths, tmp_path / "private").trusted == Path(paths[0])


def test_renewed_file_is_another_one(tmp_path: Path) -> None:
    """The digest says whether there is something new to show."""
    first, again = (certificate_for("api.test", *_paths, tmp_path / "p") for _paths in [_write(tmp_path)] * 2)
    renewed = certificate_for("api.test", *_write(tmp_path), tmp_path / "p")
    assert first.digest == again.digest != renewed.digest


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (lambda folder: _write(folder, days=-0.5), "ended on"),
        (lambda folder: _write(folder, start=timedelta(days=1)), "is valid from"),
        (lambda folder: _write(folder, encryption=PASSWORD), "openssl pkey"),
        (lambda folder: (_write(folder)[0], str(Path(__file__))), "cannot be read"),
        (lambda folder: (str(folder / "none.pem"), _write(folder)[1]), "serve.certificate"),
        (lambda folder: (_other(folder), _write(folder)[1]), "is not the key of"),
    ],
)
def test_what_cannot_be_shown_is_refused(tmp_path: Path, written: Callable[[Path], tuple[str, str]], said: str) -> None:
    """Each reason is named with the file, before anything starts."""
    with pytest.raises(UsageError, match=said):
        certificate_for("api.test", *written(tmp_path), tmp_path / "private")


def _other(folder: Path) -> str:
    (folder / "other").mkdir()
    return _write(folder / "other")[0]


@pytest.mark.parametrize(
    ("names", "host", "warned"),
    [
        (("api.test",), "api.test", False),
        (("*.test",), "api.test", False),
        (("other.test",), "api.test", True),
        ((), "api.test", True),
    ],
)
def test_name_that_is_missing_is_warned_of(tmp_path: Path, names: tuple[str, ...], host: str, *, warned: bool) -> None:
    """Clients that call it by a name that it lacks would refuse it."""
    shown = certificate_for(host, *_write(tmp_path, names=names), tmp_path / "private")
    assert any("not for api.test" in warning for warning in shown.warnings) == warned


def test_key_that_others_may_read_and_end_that_is_near_are_warned_of(tmp_path: Path) -> None:
    """Both are said with what to do."""
    certificate, private = _write(tmp_path, days=10)
    Path(private).chmod(0o644)
    shown = certificate_for("api.test", certificate, private, tmp_path / "private")
    assert shown.expires_soon
    assert [("chmod 600" in warning, "serve reload" in warning) for warning in shown.warnings] == [
        (True, False),
        (False, True),
    ]


def test_self_signed_one_is_renewed_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With fewer than 30 days left the next question makes another one."""
    monkeypatch.setattr(tls, "_LIFETIME", timedelta(days=29))
    first = certificate_for("127.0.0.1", None, None, tmp_path)
    monkeypatch.setattr(tls, "_LIFETIME", timedelta(days=365))
    second, third = (certificate_for("127.0.0.1", None, None, tmp_path) for _ in range(2))
    assert (first.expires_soon, second.expires_soon, second.own) == (True, False, False)
    assert first.digest != second.digest == third.digest
    assert second.trusted is not None
