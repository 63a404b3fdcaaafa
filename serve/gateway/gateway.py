"""HAProxy in front of the engines: TLS, API keys and the list of routes let through."""

import csv
import io
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from pipeline.base.errors import AwqctlError, BusyError, EngineError
from pipeline.engines.address import choose_address, port_in_use
from pipeline.runtimes.haproxy import alerts, check_config, find_haproxy, haproxy_environment
from pipeline.runtimes.logs import new_log
from pipeline.runtimes.process import GuardedProcess
from pipeline.runtimes.rootcause import cause_of_death, signal_of
from serve.gateway.backends import FULL_WEIGHT, Backend, Place, PlaceState, Weights
from serve.gateway.connections import connections, open_files
from serve.gateway.files import write_private
from serve.gateway.haproxy_config import render_config
from serve.gateway.key_refusals import FAILED_KEYS
from serve.gateway.maps import Entries, Maps, entries_of, within_json
from serve.gateway.rules import KeyRule

_START_TIMEOUT_S = 15.0
_CONTROL_TIMEOUT_S = 5.0
_PORT_ATTEMPTS = 3
_GRACE_S = 5.0


class Gateway:
    """HAProxy on one address in front of unix sockets; a context manager that leaves nothing behind.

    Args:
        backends: what stands behind the door; no place gets requests before it is admitted, 503 is answered until then.
        engine_key: that the engines want as bearer token; None for none.
        folder: private folder for the configuration and the sockets (`ScratchFolder`).
        host: address or name to listen on.
        port: 0 takes a free one.
        bundle: PEM file with private key and certificate; None for plain HTTP.
        keys: that are let in.
        log: name of HAProxy's log, which becomes a link to the file of this start.
        queue_timeout_s: for which a request waits until an engine takes it, before it is answered with 503.
        failed_keys: requests without a valid key that one source may send in a minute; further ones are answered with
            429. Never one with a valid key.

    Attributes:
        port: that it listens on, once it is up.
        connections: that there may be at once.

    Raises:
        EnvironmentLackError: hardly any connection, as this process may open so few files.
    """

    def __init__(
        self,
        *,
        backends: Sequence[Backend],
        folder: Path,
        host: str,
        port: int,
        bundle: Path | None,
        keys: Sequence[KeyRule],
        log: Path,
        queue_timeout_s: int = 60,
        engine_key: str | None = None,
        failed_keys: int = FAILED_KEYS,
    ) -> None:
        self.backends = tuple(backends)
        self._engine_key = engine_key
        self._weights = Weights()
        self._refusing: str | None = None
        self._changing = threading.RLock()
        self._folder = folder
        self._host = host
        self._asked_port = port
        self._bundle = bundle
        self._keys = tuple(keys)
        self._log_link = self._log = log
        self._queue_timeout_s = queue_timeout_s
        self._failed_keys = failed_keys
        self._control = folder / "control.sock"
        self._maps = Maps(folder)
        self._opened = int(time.time())
        self._entries: Entries = {
            **entries_of(self._maps, self._keys, self.backends, self._opened),
            self._maps.tokens: {},
            self._maps.reasons: {backend.name: _reason(backend, None) for backend in self.backends},
        }
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

    def sync_keys(self, keys: Sequence[KeyRule]) -> None:
        """Let in exactly these keys from now on; open connections stay.

        Raises:
            EngineError: HAProxy does not answer or refuses.
        """
        rules = tuple(keys)
        with self._changing:
            if rules == self._keys:
                return
            wanted = entries_of(self._maps, rules, self.backends, self._opened)
            let_in = wanted[self._maps.keys]
            stay = {secret: key for secret, key in self._entries[self._maps.keys].items() if secret in let_in}
            self._sync(self._maps.keys, stay)  # before their limits go
            for path, entries in wanted.items():  # new limits before new keys
                self._sync(path, entries)
            self._keys = rules

    def limit_tokens(self, seconds: Mapping[str, int]) -> None:
        """Answer 429 to these keys until they may come back, and to no others because of their tokens.

        Args:
            seconds: after how many, by the keys' ids.

        Raises:
            EngineError: HAProxy does not answer or refuses.
        """
        now = int(time.time())
        with self._changing:
            self._sync(self._maps.tokens, {key: str(now + wait) for key, wait in seconds.items() if wait > 0})

    def explain(self, backend: str, reason: str | None) -> None:
        """Say why none of a backend's places is up, in the answers to requests for it.

        Args:
            backend: its name.
            reason: a sentence; None for that it is starting.

        Raises:
            EngineError: HAProxy does not answer or refuses.
        """
        with self._changing:
            found = next(one for one in self.backends if one.name == backend)
            known = self._entries[self._maps.reasons]
            self._sync(self._maps.reasons, {**known, backend: _reason(found, reason)})

    def _sync(self, path: Path, wanted: Mapping[str, str]) -> None:
        """Let a map have these entries and no others."""
        there = self._entries[path]
        for key in there.keys() - wanted.keys():
            self._command(f"del map {path} {_word(key)}")
            del there[key]
        for key, value in wanted.items():
            if there.get(key) != value:
                self._command(f"{'set' if key in there else 'add'} map {path} {_word(key)} {_word(value)}")
                there[key] = value

    def admit(self, place: Place, weight: int = FULL_WEIGHT) -> None:
        """Give a place requests, by its weight among those of its backend; with weight 0 what it has ends.

        Raises:
            EngineError: HAProxy does not answer or refuses.
        """
        with self._changing:
            self._weights.of[place] = weight
            self._command(f"set weight {place.server} {weight}")
            self._command(f"set server {place.server} state ready")

    def withdraw(self, place: Place) -> None:
        """Take a place out of use: it gets no request and is not checked; what it has under way goes on.

        Raises:
            EngineError: HAProxy does not answer or refuses.
        """
        with self._changing:
            self._weights.of.pop(place, None)
            self._command(f"set server {place.server} state maint")

    def refuse(self, reason: str | None) -> None:
        """Answer 503 to every new request with a valid key; None takes them again.

        Raises:
            EngineError: HAProxy does not answer or refuses.
        """
        with self._changing:
            if reason and not self._refusing:
                self._command(f"add map {self._maps.state} refuse {_word(reason)}")
            elif self._refusing and not reason:
                self._command(f"del map {self._maps.state} refuse")
            self._refusing = reason

    @property
    def refusing(self) -> str | None:
        """Return why every request is answered with 503; None while they are not."""
        return self._refusing

    def places(self) -> tuple[PlaceState, ...]:
        """Return what HAProxy says of every place.

        Raises:
            EngineError: HAProxy does not answer.
        """
        rows = csv.DictReader(io.StringIO(self._command("show stat").removeprefix("# ")))
        return tuple(
            PlaceState(
                backend=row["pxname"],
                number=int(row["svname"].removeprefix("place-")),
                status=row["status"],
                weight=int(row["weight"]),
                sessions=int(row["scur"]),
                queued=int(row["qcur"] or 0),
                total=int(row["stot"]),
            )
            for row in rows
            if row["svname"].startswith("place-")
        )

    def restart(self) -> None:
        """Start HAProxy again on the same port, with the same keys and places, after it died.

        Raises:
            BusyError: somebody else has taken the port.
            EngineError: HAProxy did not start.
        """
        with self._changing:
            self.stop()
            self._asked_port = self.port
            self._start()

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
        self._write_maps()
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

    def _write_maps(self) -> None:
        for path, entries in self._entries.items():
            write_private(path, "".join(f"{key} {value}\n" for key, value in entries.items()))
        write_private(self._maps.state, f"refuse {self._refusing}\n" if self._refusing else "")

    def _render(self, address: str) -> str:
        return render_config(
            address=address,
            backends=self.backends,
            weights=self._weights,
            engine_key=self._engine_key,
            control_socket=self._control,
            maps=self._maps,
            bundle=self._bundle,
            connections=self.connections,
            queue_timeout_s=self._queue_timeout_s,
            failed_keys=self._failed_keys,
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
            raise EngineError(f"HAProxy refused `{command.partition(' ')[0]}`: {answer}", log=self._log)
        return answer


def _reason(backend: Backend, reason: str | None) -> str:
    """Return why a backend does not answer, as text within JSON."""
    return within_json(reason or f"The model {' or '.join(backend.models)} is starting. Try again later.")


def _word(text: str) -> str:
    """Return text as one argument of the runtime API, which takes a backslash before what would end it."""
    return "".join(f"\\{character}" if character in " \\;\n" else character for character in text)
