"""A certificate that the recipe names, checked and made into the one file that HAProxy reads."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from pipeline.base.errors import SourceError
from serve.gateway.files import write_private

_BUNDLE = "own.pem"


def own_bundle(certificate: Path, private_key: Path, folder: Path) -> Path:
    """Return the file with both, written into a private folder.

    Args:
        certificate: PEM file with the chain, the endpoint's own first.
        private_key: PEM file, without a password.
        folder: that only the owner may enter.

    Raises:
        SourceError: one cannot be read, or they do not belong together.
    """
    chain, key = _read(certificate, "serve.certificate"), _read(private_key, "serve.private_key")
    try:
        own = x509.load_pem_x509_certificate(chain)
    except ValueError as problem:
        raise SourceError(f"{certificate} (serve.certificate) is no certificate in PEM: {problem}.") from problem
    try:
        public = serialization.load_pem_private_key(key, password=None).public_key()
    except (ValueError, TypeError) as problem:
        raise SourceError(
            f"{private_key} (serve.private_key) is no private key in PEM without a password: {problem}."
        ) from problem
    if public != own.public_key():
        raise SourceError(
            f"{private_key} (serve.private_key) is not the key of {certificate} (serve.certificate). Name two "
            "that were issued together."
        )
    bundle = folder / _BUNDLE
    write_private(bundle, f"{key.decode().strip()}\n{chain.decode().strip()}\n")
    return bundle


def _read(path: Path, key: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise SourceError(
            f"{path} ({key}) cannot be read: {problem.strerror}. Correct the path, or who may read it."
        ) from (problem)
