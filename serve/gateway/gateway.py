"""HAProxy in front of the engines: TLS, API keys and the list of routes let through."""

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from pipeline.base.errors import AwqctlError, BusyError, EngineError
from pipeline.engines.address import choose_address, port_in_use
from pipeline.runtimes.haproxy import alerts, check_config, find_haproxy, haproxy_environment
from pipeline.runtimes.logs import new_log
from pipeline.runtimes.process import GuardedProcess
from pipeline.runtimes.rootcause import cause_of_death, signal_of
from serve.gateway.connections import connections, open_files
from serve.gateway.files import write_private
from serve.gateway.haproxy_config import render_config

_START_TIMEOUT_S = 15.0
_CONTROL_TIMEOUT_S = 5.0
_PORT_ATTEMPTS = 3
_GRACE_S = 5.0


class Gateway:
    """HAProxy on one address in front of unix sockets; a context manager that leaves nothing behind.

    Args:
        upstreams: unix sockets of the engines; they need not exist yet, 503 is answered until one does.
        folder: private folder for the configuration and the sockets (`ScratchFolder`).
        host: address or name to listen on.
        port: 0 takes a free one.
        bundle: PEM file with private key and certificate; None for plain HTTP.
        keys: SHA-256 digests of the keys let in, each with the id that stands in the log.
        log: name of HAProxy's log, which becomes a link to the file of this start.
        queue_timeout_s: for which a request waits until an engine takes it, before it is answered with 503.

    Attributes:
        port: that it listens on, once it is up.
        connections: that there may be at once.

    Raises:
        EnvironmentLackError: hardly any connection, as this process may open so few files.
    """

    def __init__(
        self,
        *,
        upstreams: Sequence[Path],
        folder: Path,
        host: str,
        port: int,
        bundle: Path | None,
        keys: Mapping[str, str],
        log: Path,
        queue_timeout_s: int = 60,
    ) -> None:
        self._upstreams = tuple(upstreams)
        self._folder = folder
        self._host = host
        self._asked_port = port
        self._bundle = bundle
        self._keys = dict(keys)
        self._log_link = self._log = log
        self._queue_timeout_s = queue_timeout_s
        self._control = folder / "control.sock"
        self._map = folder / "keys.map"
        self._process: GuardedProcess | None = None
        self.port = port
        self.connections = connections(open_files())

    @property
    def base_url(self) -> str:
        """Return the URL under which a client on this machine reaches the gateway."""
        local = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- compared, not bound
        host = local.get(self._host, self._host)
        return f"{'https' if self._bundle else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def log(self) -> Path:
        """Return the file that HAProxy writes to."""
        return self._log

    def running(self) -> bool:
        """Return whether HAProxy is alive."""
        return self._process is not None and self._process.running()

    def failure(self) -> AwqctlError:
        """Return the error that explains why HAProxy is gone."""
        text = self._process.log_text() if self._process else ""
        # Said whenever no engine is up, at the start for instance; HAProxy lives on.
        found = [alert for alert in alerts(text) if "no server available" not in alert]
        status = self._process.process.poll() if self._process else None
        if not found or signal_of(status) is not None:
            return EngineError(f"HAProxy ended unexpectedly: {cause_of_death(status, '')}", log=self._log)
        reason = next((alert for alert in found if "bind" in alert), found[0])
        if "Address already in use" in reason:
            return port_in_use(self._host, self.port)
        return EngineError(f"HAProxy ended unexpectedly: {reason.rstrip('.')}.", log=self._log)

    def sync_keys(self, keys: Mapping[str, str]) -> None:
        """Let in exactly these keys from now on; open connections stay.

        Raises:
            EngineError: HAProxy does not answer or refuses.
        """
        for gone in self._keys.keys() - keys.keys():
            self._command(f"del map {self._map} {gone}")
            del self._keys[gone]
        for new in keys.keys() - self._keys.keys():
            self._command(f"add map {self._map} {new} {keys[new]}")
            self._keys[new] = keys[new]

    def __enter__(self) -> Self:
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            try:
                self._start()
            except BusyError:
                if self._asked_port or attempt == _PORT_ATTEMPTS:
                    raise
            else:
                break
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop HAProxy."""
        if self._process is not None:
            self._process.stop()

    def _start(self) -> None:
        binary = find_haproxy()
        address, self.port = choose_address(self._host, self._asked_port)
        write_private(self._map, "".join(f"{digest} {label}\n" for digest, label in self._keys.items()))
        configuration = self._folder / "haproxy.cfg"
        write_private(configuration, self._render(address))
        environment = haproxy_environment(binary)
        check_config(binary, configuration, environment)
        self._log = new_log(self._log_link)
        command = [str(binary), "-db", "-f", str(configuration)]
        self._process = GuardedProcess(command, log=self._log, environment=environment, grace_s=_GRACE_S)
        self._process.wait_until(
            self._answers, timeout_s=_START_TIMEOUT_S, poll_s=0.05, died=self.failure, late=self._lateness
        )

    def _render(self, address: str) -> str:
        return render_config(
            address=address,
            upstreams=self._upstreams,
            control_socket=self._control,
            key_map=self._map,
            bundle=self._bundle,
            connections=self.connections,
            queue_timeout_s=self._queue_timeout_s,
        )

    def _answers(self) -> bool:
        try:
            self._command("show version")
        except EngineError:
            return False
        return True

    def _lateness(self) -> EngineError:
        return EngineError(f"HAProxy was not ready after {_START_TIMEOUT_S:.0f} s. Look at its log.", log=self._log)

    def _command(self, command: str) -> str:
        """Return what HAProxy's runtime API answers; a change that succeeds is answered with nothing."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(_CONTROL_TIMEOUT_S)
                connection.connect(str(self._control))
                connection.sendall(f"{command}\n".encode())
                answer = b"".join(iter(lambda: connection.recv(4096), b"")).decode().strip()
        except OSError as problem:
            raise EngineError(f"HAProxy does not answer on its control socket: {problem}.", log=self._log) from problem
        if answer and not command.startswith("show"):
            raise EngineError(f"HAProxy refused to change the API keys: {answer}", log=self._log)
        return answer
