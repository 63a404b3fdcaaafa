"""TLS, headers and limits of the door."""

import ssl
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from socket import create_connection

import httpx
from cryptography import x509

from serve.checks.exposure.result import Item, Target, item
from serve.gateway.tls import subject_names

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_TIMEOUT_S = 10.0
_OLD = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2)
_TELL_TALE = ("server", "x-powered-by", "via")
_SOON_DAYS = 14


def audit_tls(target: Target) -> Iterator[Item]:
    """Yield which versions of TLS the door speaks, and how its certificate stands."""
    if target.ca_certificate is None:
        wrong = None if target.host in _LOOPBACK else f"keys and prompts cross the network to {target.host} readable"
        yield item("TLS", "encrypted", wrong, "plain HTTP, on loopback alone")
        return
    spoken = [version.name.replace("_", ".") for version in _OLD if _speaks(target, version)]
    yield item("TLS", "1.3 alone", f"{', '.join(spoken)} is spoken, too" if spoken else None, "older ones are refused")
    answers = _speaks(target, ssl.TLSVersion.TLSv1_3)
    yield item("TLS", "1.3", None if answers else "the door does not speak it", "is spoken")
    yield _certificate(target, target.ca_certificate)


def audit_answers(target: Target, client: httpx.Client) -> Iterator[Item]:
    """Yield what headers give away, and whether the limits of size hold."""
    url, key = f"{target.base_url}/chat/completions", {"Authorization": f"Bearer {target.key}"}
    answer = client.get(f"{target.base_url}/models", headers=key)
    told = [name for name in _TELL_TALE if name in answer.headers]
    yield item("headers", "nothing about the inside", ", ".join(told) or None, "no Server, Via or X-Powered-By")
    over = client.post(url, headers=key, content=b" " * (target.max_body_bytes + 1))
    wrong = None if over.status_code == 413 else f"{over.status_code} instead of 413"  # noqa: PLR2004
    yield item("limits", "body", wrong, f"more than {target.max_body_bytes} bytes are 413")
    endless = client.post(url, headers=key, content=iter([b"{}"]))
    wrong = None if endless.status_code == 411 else f"{endless.status_code} instead of 411"  # noqa: PLR2004
    yield item("limits", "length", wrong, "a body without Content-Length is 411")
    upgrade = client.get(f"{target.base_url}/models", headers=key | {"Connection": "Upgrade", "Upgrade": "h2c"})
    wrong = None if upgrade.status_code == 200 else f"{upgrade.status_code} to an offer of h2c"  # noqa: PLR2004
    yield item("limits", "no other protocol", wrong, "an offer of another protocol is not taken")


def _speaks(target: Target, version: ssl.TLSVersion) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")  # otherwise the library refuses old versions before the door does
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the old versions, which are asked for on purpose
        context.minimum_version = context.maximum_version = version
    try:
        with (
            create_connection((_reachable(target.host), target.port), timeout=_TIMEOUT_S) as plain,
            context.wrap_socket(plain),
        ):
            return True
    except (ssl.SSLError, ConnectionError, ValueError):
        return False


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- compared, not bound


def _certificate(target: Target, file: Path) -> Item:
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    days = (certificate.not_valid_after_utc - datetime.now(UTC)).days
    host = httpx.URL(target.base_url).host
    wrong = f"ends in {days} days" if days < _SOON_DAYS else None
    if host not in subject_names(certificate):
        wrong = f"is not for {host}"
    return item("TLS", "certificate", wrong, f"for {host}, {days} days to go")
