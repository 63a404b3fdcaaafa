"""HAProxy in front of the engines: TLS, API keys and the list of routes let through."""

import contextlib
import csv
import io
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from pipeline.base.errors import AwqctlError, BusyError, EngineError
from pipeline.engines.address import choose_address, listeners, port_in_use
from serve.gateway.backends import FULL_WEIGHT, Backend, DoorFigures, Place, PlaceState
from serve.gateway.connections import connections, explained, open_files
from serve.gateway.files import write_private
from serve.gateway.haproxy_config import METRICS_SOCKET, render_config
from serve.gateway.haproxy_process import HaproxyProcess
from serve.gateway.maps import Entries, Maps, entries_of, within_json
from serve.gateway.metrics_page import metrics_page
from serve.gateway.rules import KeyRule
from serve.gateway.runtime_api import word
from serve.gateway.settings import DoorSettings
from serve.gateway.traffic import Traffic

_PORT_ATTEMPTS = 3
_PORT_LATE_S = 2.0
"""How long a process of before, or a client's own connection, may keep the port at a restart."""
_USUAL = DoorSettings()


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
        lines: file that gets a `DoorLine` for each request; None for the log.
        settings: how requests are let in.
        threads: of HAProxy, at most eight.

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
        lines: Path | None = None,
        settings: DoorSettings = _USUAL,
        engine_key: str | None = None,
        threads: int = 1,
    ) -> None:
        self.backends = tuple(backends)
        self._engine_key = engine_key
        self._refusing: str | None = None
        self._changing = threading.RLock()
        self._folder = folder
        self._host = host
        self._asked_port = port
        self._bundle = bundle
        self._keys = tuple(keys)
        self._settings = settings
        self._metrics = folder / METRICS_SOCKET
        self._threads = threads
        self.connections = connections(open_files(), threads)
        preface = explained(self.connections, open_files())
        self._haproxy = HaproxyProcess(folder, log=log, lines=lines, preface=preface, threads=threads)
        self._runtime = self._haproxy.runtime
        self._maps = Maps(folder)
        self._traffic = Traffic(self._runtime, self._maps.lots)
        self._opened = int(time.time())
        self._entries: Entries = {
            **entries_of(self._maps, self._keys, self.backends, self._opened),
            self._maps.tokens: {},
            self._maps.reasons: {backend.name: _reason(backend, None) for backend in self.backends},
        }
        self._address = ""
        self.port = port

    @property
    def local_socket(self) -> Path:
        """Return the unix socket of the same door, without TLS; it answers `/health` and `/ready` without a key."""
        return self._folder / "door.sock"

    @property
    def base_url(self) -> str:
        """Return the URL under which a client on this machine reaches the gateway."""
        local = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- compared, not bound
        host = local.get(self._host, self._host)
        return f"{'https' if self._bundle else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def log(self) -> Path:
        """Return the file that HAProxy writes to."""
        return self._haproxy.log

    def running(self) -> bool:
        """Return whether HAProxy is alive."""
        return self._haproxy.running()

    def metrics(self) -> str:
        """Return what HAProxy counts, in Prometheus' text format; nothing of a program that was built without it.

        Raises:
            EngineError: it does not answer.
        """
        if not self._metrics.exists():
            return ""
        return metrics_page(self._metrics, log=self.log)

    def failure(self) -> AwqctlError:
        """Return the error that explains why HAProxy is gone."""
        return self._haproxy.failure(self._host, self.port)

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
            # A key that is revoked ends for what a process of before a reload still has, too.
            self._runtime.do_everywhere(f"del map {path} {word(key)}")
            del there[key]
        for key, value in wanted.items():
            if there.get(key) != value:
                self._runtime.do(f"{'set' if key in there else 'add'} map {path} {word(key)} {word(value)}")
                there[key] = value

    def admit(self, place: Place, weight: int = FULL_WEIGHT) -> None:
        """Give a place requests, by its weight among those of its backend; with weight 0 what it has ends.

        Raises:
            EngineError: HAProxy does not answer or refuses.
        """
        with self._changing:
            self._traffic.admit(place, weight)

    def withdraw(self, place: Place) -> None:
        """Take a place out of use: it gets no request and is not checked; what it has under way goes on.

        Raises:
            EngineError: HAProxy does not answer or refuses.
        """
        with self._changing:
            self._traffic.withdraw(place)

    def cut(self, place: Place) -> None:
        """Break off what a place has under way; the log has these requests as cut.

        Raises:
            EngineError: HAProxy does not answer or refuses.
        """
        for server in place.servers:
            self._runtime.do_everywhere(f"shutdown sessions server {server}")

    def refuse(self, reason: str | None) -> None:
        """Answer 503 to every new request with a valid key; None takes them again.

        Raises:
            EngineError: HAProxy does not answer or refuses.
        """
        with self._changing:
            if reason and not self._refusing:
                self._runtime.do_everywhere(f"add map {self._maps.state} refuse {word(reason)}")
            elif self._refusing and not reason:
                self._runtime.do_everywhere(f"del map {self._maps.state} refuse")
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
        rows = {(row["pxname"], row["svname"]): row for row in self._stat()}
        return tuple(
            self._traffic.state(Place(backend.name, number), rows)
            for backend in self.backends
            for number in range(1, len(backend.sockets) + 1)
        )

    def finishing(self) -> int:
        """Return how many processes of before a reload still have answers under way.

        Raises:
            EngineError: HAProxy does not answer.
        """
        return len(self._runtime.finishing())

    def figures(self) -> DoorFigures:
        """Return what HAProxy says of itself.

        Raises:
            EngineError: HAProxy does not answer.
        """
        said = self._runtime.info()
        return DoorFigures(
            pid=int(said["Pid"]),
            connections=int(said["CurrConns"]),
            max_connections=self.connections.clients,
            queued=sum(int(row["qcur"]) for row in self._stat() if row["svname"] == "BACKEND"),
            dropped_logs=int(said.get("DroppedLogs", 0)),
        )

    def reload(self, settings: DoorSettings) -> None:
        """Let requests in by other settings from now on; none is lost, and keys, places and counters stay.

        Answers that are under way go on for as long as `settings.drain_timeout_s`.

        Raises:
            EngineError: HAProxy does not accept them, or did not start with them; the settings of before stand.
        """
        with self._changing:
            before, self._settings = self._settings, settings
            try:
                self._write_files()
                self._haproxy.take_over(self._render())
            except AwqctlError:
                self._settings = before
                self._haproxy.keep(self._render())
                raise

    def renew_certificate(self, bundle: Path) -> None:
        """Show another certificate from the next connection on.

        Args:
            bundle: PEM file with private key and certificate.

        Raises:
            EngineError: HAProxy does not accept it; the one of before stays.
        """
        with self._changing:
            pem = "".join(f"{line}\n" for line in bundle.read_text(encoding="utf-8").splitlines() if line.strip())
            try:
                self._runtime.do(f"set ssl cert {self._certificate} <<\n{pem}", says="ransaction")
                self._runtime.do(f"commit ssl cert {self._certificate}", says="Success")
            except EngineError:
                with contextlib.suppress(EngineError):  # there is nothing to break off
                    self._runtime.do(f"abort ssl cert {self._certificate}", says="aborted")
                raise
            write_private(self._certificate, pem)

    def restart(self) -> None:
        """Start HAProxy again on the same port, with the same keys and places, after it died.

        Raises:
            BusyError: somebody else has taken the port.
            EngineError: HAProxy did not start.
        """
        with self._changing:
            self.stop()
            self._asked_port = self.port
            deadline = time.monotonic() + _PORT_LATE_S
            while True:
                try:
                    return self._start()
                except BusyError:
                    if time.monotonic() > deadline:
                        raise
                time.sleep(0.05)

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
        self._haproxy.stop()

    def _start(self) -> None:
        self._address, self.port = choose_address(self._host, self._asked_port)
        self._write_files()
        self._haproxy.start(self._render(), died=self.failure)
        # Threads share the port, and would with a second HAProxy that has come in the same moment.
        if self._threads > 1 and listeners(self._address) > self._threads:
            self.stop()
            raise port_in_use(self._host, self.port)

    @property
    def _certificate(self) -> Path:
        return self._folder / "door.pem"

    def _stat(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self._runtime.ask("show stat").removeprefix("# "))))

    def _write_files(self) -> None:
        """Write what the configuration names: it may have gone, where somebody cleans up temporary folders."""
        if self._bundle is not None and not self._certificate.exists():
            write_private(self._certificate, self._bundle.read_text(encoding="utf-8"))
        for path, entries in self._entries.items():
            write_private(path, "".join(f"{key} {value}\n" for key, value in entries.items()))
        write_private(self._maps.state, f"refuse {self._refusing}\n" if self._refusing else "")
        write_private(self._maps.lots, self._traffic.rows())

    def _render(self) -> str:
        return render_config(
            address=self._address,
            backends=self.backends,
            weights=self._traffic.in_force(),
            engine_key=self._engine_key,
            folder=self._folder,
            maps=self._maps,
            bundle=self._certificate if self._bundle is not None else None,
            connections=self.connections,
            settings=self._settings,
            threads=self._threads,
        )


def _reason(backend: Backend, reason: str | None) -> str:
    """Return why a backend does not answer, as text within JSON."""
    return within_json(reason or f"The model {' or '.join(backend.models)} is starting. Try again later.")
