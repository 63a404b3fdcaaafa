"""The certificate that the door shows: one's own, checked before anything starts, or a self-signed one."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from pipeline.base.commands import command
from pipeline.base.errors import UsageError
from pipeline.base.homes import expanded
from serve.gateway.files import write_private
from serve.gateway.tls import RENEW_BEFORE, default_folder, ensure_certificate, names_of, subject_names

_OTHERS = 0o077


@dataclass(frozen=True)
class ShownCertificate:
    """What the door shows, and what clients have to trust."""

    bundle: Path
    """Private key and certificates, for HAProxy; mode 0600."""
    trusted: Path | None
    """That clients have to be told to trust; None where others vouch for it."""
    expires_at: datetime
    digest: str
    """SHA-256 of the bundle: another one after a renewal."""
    own: bool
    """It is the recipe's, which nobody here can renew."""
    warnings: tuple[str, ...] = ()
    """What does not keep it from being shown."""

    @property
    def expires_soon(self) -> bool:
        """Return whether fewer than 30 days are left."""
        return self.expires_at - datetime.now(UTC) < RENEW_BEFORE


def certificate_for(host: str, certificate: str | None, private_key: str | None, folder: Path) -> ShownCertificate:
    """Return what the door shows from now on.

    Asked again it is the same, unless the recipe's files have changed, or the self-signed one was about to end and
    has been made anew: then `digest` is another one, and `Gateway.renew_certificate` shows it.

    Args:
        host: that the door listens on.
        certificate: PEM file with the chain, the recipe's; None for a self-signed one.
        private_key: its key.
        folder: private; the bundle of one's own certificate is written there.

    Raises:
        UsageError: one's own certificate cannot be read, is not valid now, or its key does not fit or is encrypted.
        EnvironmentLackError: a file cannot be written.
        BusyError: another process keeps the folder of the self-signed one locked.
    """
    if certificate is None or private_key is None:
        made = ensure_certificate(host, default_folder())
        leaf = x509.load_pem_x509_certificate(made.certificate.read_bytes())
        return ShownCertificate(
            made.bundle, made.certificate, leaf.not_valid_after_utc, _sha256(made.bundle), own=False
        )
    chain_file = expanded(certificate, "serve.certificate")
    key_file = expanded(private_key, "serve.private_key")
    chain, key = _read_chain(chain_file), _read_key(key_file)
    _check(chain[0], chain_file, key, key_file)
    bundle = folder / "own.pem"
    write_private(bundle, _plain(key) + "".join(_pem(each) for each in chain))
    # Whoever vouches for itself is known to nobody else.
    trusted = chain_file if chain[-1].issuer == chain[-1].subject else None
    warnings = (*_missing_names(chain[0], host, chain_file), *_open_file(key_file), *_near_end(chain[0], chain_file))
    return ShownCertificate(bundle, trusted, chain[0].not_valid_after_utc, _sha256(bundle), own=True, warnings=warnings)


def _read_chain(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise UsageError(
            f"The certificate {path} cannot be read: {problem}. Name a PEM file in serve.certificate, the endpoint's "
            "certificate first and those that vouch for it after it."
        ) from problem


def _read_key(path: Path) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(path.read_bytes(), password=None)
    except TypeError as problem:
        raise UsageError(
            f"The key {path} is encrypted, and nobody is there to type its password. Decrypt it with "
            f"`openssl pkey -in {path} -out FILE`, keep FILE to yourself, and name it in serve.private_key."
        ) from problem
    except (OSError, ValueError) as problem:
        raise UsageError(
            f"The key {path} cannot be read: {problem}. Name a PEM file in serve.private_key."
        ) from problem


def _check(leaf: x509.Certificate, chain_file: Path, key: PrivateKeyTypes, key_file: Path) -> None:
    now = datetime.now(UTC)
    if key.public_key() != leaf.public_key():
        raise UsageError(
            f"{key_file} is not the key of the first certificate in {chain_file}. Name the key that it was made for."
        )
    if leaf.not_valid_after_utc <= now:
        raise UsageError(f"The certificate {chain_file} ended on {leaf.not_valid_after_utc:%Y-%m-%d}. Have it renewed.")
    if leaf.not_valid_before_utc > now:
        raise UsageError(
            f"The certificate {chain_file} is valid from {leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on. "
            "Wait until then, or set the clock."
        )


def _missing_names(leaf: x509.Certificate, host: str, path: Path) -> tuple[str, ...]:
    names = subject_names(leaf)
    wildcards = tuple(name[1:] for name in names if name.startswith("*."))
    missing = [name for name in names_of(host) if name not in names and not name.endswith(wildcards or ("\0",))]
    if not missing:
        return ()
    named = ", ".join(sorted(names)) or "no name at all"
    return (f"The certificate {path} is for {named}, not for {missing[0]}. Clients have to call it by its own name.",)


def _open_file(path: Path) -> tuple[str, ...]:
    if not path.stat().st_mode & _OTHERS:
        return ()
    return (f"Others than its owner may read the key {path}. Take that from them with `chmod 600 {path}`.",)


def _near_end(leaf: x509.Certificate, path: Path) -> tuple[str, ...]:
    if leaf.not_valid_after_utc - datetime.now(UTC) >= RENEW_BEFORE:
        return ()
    end = f"{leaf.not_valid_after_utc:%Y-%m-%d}"
    return (f"The certificate {path} ends on {end}. Have it renewed, then `{command('serve reload')}`.",)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _plain(key: PrivateKeyTypes) -> str:
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return encoded.decode()


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
