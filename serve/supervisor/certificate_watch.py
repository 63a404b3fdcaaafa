"""`CertificateWatch`: the door's certificate, renewed while it serves."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cryptography import x509

from pipeline.base.errors import AwqctlError
from serve.gateway.gateway import Gateway
from serve.gateway.own_certificate import own_bundle
from serve.gateway.tls import default_folder, ensure_certificate
from serve.supervisor.spec import ServingSpec

_EVERY_S = 60.0


class CertificateWatch:
    """Looks once a minute whether the certificate is another one by now.

    The recipe's own is read again when somebody has renewed it; the self-signed one is made anew 30 days before its
    end.

    Args:
        spec: with the address, and the recipe's own certificate.
        folder: private one of the endpoint.
        warn: told where a renewed one cannot be used; the one of before goes on.

    Attributes:
        bundle: what HAProxy reads.
        to_trust: file that clients have to trust; None for one of their authorities.

    Raises:
        SourceError: the recipe's own cannot be used.
    """

    def __init__(self, spec: ServingSpec, folder: Path, warn: Callable[[str], None]) -> None:
        self._spec = spec
        self._folder = folder
        self._warn = warn
        self._complaint = ""
        self._next_at = 0.0
        self.bundle, self.to_trust = self._current()
        self._shown = self.bundle.read_bytes()

    @property
    def expires_at(self) -> datetime:
        """Return when the certificate that is shown ends."""
        return x509.load_pem_x509_certificate(self._shown).not_valid_after_utc

    def follow(self, gateway: Gateway, *, at_once: bool = False) -> bool:
        """Have the door show the certificate that there is now; return whether that is another one.

        Args:
            gateway: the door.
            at_once: although the last look was less than a minute ago.
        """
        now = time.monotonic()
        if now < self._next_at and not at_once:
            return False
        self._next_at = now + _EVERY_S
        try:
            bundle, _ = self._current()
            if bundle.read_bytes() == self._shown:
                return False
            gateway.renew_certificate(bundle)
        except AwqctlError as problem:
            if problem.message != self._complaint:
                self._warn(f"The certificate was not renewed: {problem.message} The one of before goes on.")
            self._complaint = problem.message
            return False
        self._shown, self._complaint = bundle.read_bytes(), ""
        return True

    def _current(self) -> tuple[Path, Path | None]:
        offered = self._spec.offered
        if offered.certificate and offered.private_key:
            certificate, key = (Path(name).expanduser() for name in (offered.certificate, offered.private_key))
            return own_bundle(certificate, key, self._folder), None
        made = ensure_certificate(self._spec.host, default_folder())
        return made.bundle, made.certificate
