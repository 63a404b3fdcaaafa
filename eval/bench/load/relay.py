"""A relay on this machine that puts secret headers on requests: the load client takes headers from its command line.

It is HAProxy; the values are in its environment and in no file. It admits who knows a random key, which the client
reads from its environment. What it costs (about 0.5 ms a request and 20 us of a core for each piece) is on the side of
the client, and its processor time is counted as the client's.
"""

import ipaddress
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from eval.bench.load.target import Target
from pipeline.base.errors import EngineError, UsageError
from pipeline.runtimes.haproxy import alerts, find_haproxy, haproxy_environment
from pipeline.runtimes.process import GuardedProcess

_START_S = 10.0
_SPARE = 64
_CONFIGURATION = """\
global
    maxconn {connections}
defaults
    mode http
    option http-no-delay
    option abortonclose
    retries 0
    timeout connect 10s
    timeout client 1h
    timeout server 1h
frontend relay
    bind 127.0.0.1:{port}
    maxconn {connections}
    http-request deny unless {{ req.hdr(authorization) -m str "Bearer ${{AWQCTL_RELAY}}" }}
    http-request del-header authorization
{headers}
    http-request set-header host {host}
    default_backend server
backend server
{server}
"""


@contextmanager
def relayed(target: Target, folder: Path, *, connections: int) -> Iterator[Target]:
    """Yield the target to use instead of one that has secret headers; one without is yielded as it is.

    Args:
        target: the server.
        folder: for the relay's configuration and log; neither holds a secret.
        connections: most requests at one time.

    Raises:
        EnvironmentLackError: there is no HAProxy.
        EngineError: it does not start.
        UsageError: the server is behind a proxy.
    """
    if not target.secret_headers:
        yield target
        return
    _require_no_proxy(target)
    binary, token, port = find_haproxy(), secrets.token_hex(32), _free_port()
    key = {"authorization": f"Bearer {target.api_key}"} if target.api_key else {}
    values = {f"AWQCTL_RELAY_{number}": pair for number, pair in enumerate({**key, **target.secret_headers}.items())}
    environment = haproxy_environment(binary) | {"AWQCTL_RELAY": token}
    environment |= {variable: value for variable, (_, value) in values.items()}
    folder.mkdir(parents=True, exist_ok=True)
    configuration, log = folder / "relay.cfg", folder / "relay.log"
    log.unlink(missing_ok=True)
    headers = {name: variable for variable, (name, _) in values.items()}
    configuration.write_text(_configuration(target, headers, port, connections), encoding="utf-8")
    command = [str(binary), "-db", "-f", str(configuration)]
    with GuardedProcess(command, log=log, environment=environment, grace_s=1.0) as process:
        process.wait_until(
            lambda: _answers(port),
            timeout_s=_START_S,
            poll_s=0.05,
            died=lambda: _failure(process, log),
            late=lambda: _failure(process, log),
        )
        yield replace(target, base_url=f"http://127.0.0.1:{port}", api_key=token, secret_headers={})
    configuration.unlink()
    log.unlink()


def _configuration(target: Target, headers: dict[str, str], port: int, connections: int) -> str:
    parts = urlsplit(target.base_url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    address = f"{f'[{host}]' if ':' in host else host}:{parts.port or (443 if secure else 80)}"
    prefix = parts.path.replace("%", "%%")
    path = f"    http-request set-path {prefix}%[path]\n" if prefix else ""
    return _CONFIGURATION.format(
        connections=connections + _SPARE,
        port=port,
        host=parts.netloc,
        headers="\n".join(
            f"    http-request set-header {name} %[env({variable})]" for name, variable in headers.items()
        ),
        server=f"{path}    server one {address}{_verification(target, host) if secure else ''}",
    )


def _verification(target: Target, host: str) -> str:
    """Return how the server's certificate is looked at.

    Raises:
        UsageError: it cannot be, because HAProxy compares names and the server is named by its address.
    """
    named = not _is_address(host)
    name = f" sni str({host})" if named else ""
    if target.insecure:
        return f" ssl verify none{name}"
    if not named:
        raise UsageError(
            f"Headers from the environment are added by a relay, which knows certificates by names and not by "
            f"addresses. Use the name of {host}."
        )
    authority = f"'{target.ca_certificate.absolute()}'" if target.ca_certificate else "@system-ca"
    return f" ssl verify required ca-file {authority} verifyhost {host}{name}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _require_no_proxy(target: Target) -> None:
    parts = urlsplit(target.base_url)
    if getproxies().get(parts.scheme) and not proxy_bypass(parts.hostname or ""):
        raise UsageError(
            f"Headers from the environment are added by a relay, which goes to {parts.hostname} directly, and a proxy "
            f"is set. Name the server in NO_PROXY, or use its key alone."
        )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _failure(process: GuardedProcess, log: Path) -> EngineError:
    found = alerts(process.log_text())
    reason = found[0] if found else "it does not answer"
    return EngineError(f"The relay that adds the headers did not start: {reason.rstrip('.')}.", log=log)
