"""`CertificateWatch`: the door's certificate, followed while it serves."""

import time
from collections.abc import Callable
from pathlib import Path

from pipeline.base.errors import AwqctlError
from serve.gateway.certificate import ShownCertificate, certificate_for
from serve.gateway.gateway import Gateway
from serve.supervisor.spec import ServingSpec

_EVERY_S = 60.0


class CertificateWatch:
    """Looks once a minute whether the certificate is another one by now.

    The recipe's own is read again when somebody has renewed it; the self-signed one is made anew before its end.

    Args:
        spec: with the address, and the recipe's own certificate.
        folder: private one of the endpoint.
        warn: told what does not keep it from being shown, and why a renewed one cannot be.

    Attributes:
        shown: what the door shows.

    Raises:
        AwqctlError: the certificate cannot be used.
    """

    def __init__(self, spec: ServingSpec, folder: Path, warn: Callable[[str], None]) -> None:
        self._spec = spec
        self._folder = folder
        self._warn = warn
        self._complaint = ""
        self._next_at = 0.0
        self.shown = self._current()
        for warning in self.shown.warnings:
            warn(warning)

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
            current = self._current()
            if current.digest == self.shown.digest:
                return False
            gateway.renew_certificate(current.bundle)
        except AwqctlError as problem:
            if problem.message != self._complaint:
                self._warn(f"The certificate was not renewed: {problem.message} The one of before goes on.")
            self._complaint = problem.message
            return False
        self.shown, self._complaint = current, ""
        return True

    def _current(self) -> ShownCertificate:
        offered = self._spec.offered
        return certificate_for(self._spec.host, offered.certificate, offered.private_key, self._folder)
