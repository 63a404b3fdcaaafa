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
from pipeline.engines.address import choose_address, port_in_use
from pipeline.runtimes.haproxy import alerts, check_config, check_version, find_haproxy, haproxy_environment
from pipeline.runtimes.logs import new_log
from pipeline.runtimes.process import GuardedProcess
from pipeline.runtimes.rootcause import cause_of_death, signal_of
from serve.gateway.backends import FULL_WEIGHT, Backend, DoorFigures, Place, PlaceState, Weights
from serve.gateway.connections import connections, explained, open_files
from serve.gateway.files import write_private
from serve.gateway.haproxy_config import METRICS_SOCKET, render_config
from serve.gateway.maps import Entries, Maps, entries_of, within_json
from serve.gateway.metrics_page import metrics_page
from serve.gateway.rules import KeyRule
from serve.gateway.runtime_api import RuntimeApi, word
from serve.gateway.settings import DoorSettings
from serve.gateway.shares import leaders, lots

_START_TIMEOUT_S = 15.0
_PORT_ATTEMPTS = 3
_GRACE_S = 5.0
_USUAL = DoorSettings()
_HARMLESS = ("no server available", "FD limit")
"""Said whenever no engine is up, and where the bound on connections is our own; HAProxy lives on."""


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
        self._lines = lines
        self._settings = settings
        self._metrics = folder / METRICS_SOCKET
        self._runtime = RuntimeApi(folder / "control.sock", folder / "master.sock")
        self._maps = Maps(folder)
        self._opened = int(time.time())
        self._entries: Entries = {
            **entries_of(self._maps, self._keys, self.backends, self._opened),
            self._maps.tokens: {},
            self._maps.reasons: {backend.name: _reason(backend, None) for backend in self.backends},
        }
        self._lots: dict[str, tuple[Place, ...]] = {}
        self._process: GuardedProcess | None = None
        self._address = ""
        self.port = port
        self.connections = connections(open_files())

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
        return self._log

    def running(self) -> bool:
        """Return whether HAProxy is alive."""
        return self._process is not None and self._process.running()

    def metrics(self) -> str:
        """Return what HAProxy counts, in Prometheus' text format; nothing of a program that was built without it.

        Raises:
            EngineError: it does not answer.
        """
        if not self._metrics.exists():
            return ""
        return metrics_page(self._metrics, log=self._log)

    def failure(self) -> AwqctlError:
        """Return the error that explains why HAProxy is gone."""
        text = self._process.log_text() if self._process else ""
        found = [alert for alert in alerts(text) if not any(said in alert for said in _HARMLESS)]
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
            self._weights.of[place] = weight
            self._share(place.backend)
            self._set_state(place, "ready")

    def withdraw(self, place: Place) -> None:
        """Take a place out of use: it gets no request and is not checked; what it has under way goes on.

        Raises:
            EngineError: HAProxy does not answer or refuses.
        """
        with self._changing:
            self._weights.of.pop(place, None)
            self._set_state(place, "maint")
            self._share(place.backend)

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
            self._state(Place(backend.name, number), rows)
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
                self._take_over()
            except AwqctlError:
                self._settings = before
                write_private(self._configuration, self._render())
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
        check_version(binary)
        self._address, self.port = choose_address(self._host, self._asked_port)
        self._write_files()
        write_private(self._configuration, self._render())
        environment = haproxy_environment(binary)
        check_config(binary, self._configuration, environment)
        self._log = new_log(self._log_link)
        self._log.write_text(explained(self.connections, open_files()), encoding="utf-8")
        command = [str(binary), "-W", "-db", "-S", f"{self._runtime.master},mode,600", "-f", str(self._configuration)]
        self._process = GuardedProcess(
            command, log=self._log, output=self._lines, environment=environment, grace_s=_GRACE_S
        )
        self._process.wait_until(
            self._answers, timeout_s=_START_TIMEOUT_S, poll_s=0.05, died=self.failure, late=self._lateness
        )

    def _take_over(self) -> None:
        """Have a new process of HAProxy take the port over from the one that serves."""
        binary = find_haproxy()
        candidate = self._folder / "next.cfg"
        self._write_files()
        write_private(candidate, self._render())
        check_config(binary, candidate, haproxy_environment(binary))
        candidate.replace(self._configuration)
        before, counters = self._runtime.process(), self._runtime.counters()
        said = self._runtime.start_new_worker()
        deadline = time.monotonic() + _START_TIMEOUT_S
        while self._serving() in (None, before) or not self._can_reload():
            if time.monotonic() > deadline:
                reasons = alerts(said) or ["it says nothing"]
                raise EngineError(f"HAProxy did not start with the new settings: {reasons[0]}.", log=self._log)
            time.sleep(0.05)
        self._runtime.do_all(counters)

    def _can_reload(self) -> bool:
        """Return whether the process above is there again: it starts itself anew at a reload."""
        try:
            self._runtime.finishing()
        except EngineError:
            return False
        return True

    def _serving(self) -> int | None:
        try:
            return self._runtime.process()
        except EngineError:
            return None

    @property
    def _configuration(self) -> Path:
        return self._folder / "haproxy.cfg"

    @property
    def _certificate(self) -> Path:
        return self._folder / "door.pem"

    def _set_state(self, place: Place, state: str) -> None:
        for server in place.servers:
            self._runtime.do(f"set server {server} state {state}")

    def _share(self, backend: str) -> None:
        """Share the requests of a backend by the weights of its places."""
        weights = self._weights_of(backend)
        leading = leaders(weights)
        for place in weights:
            for server in place.servers:
                self._runtime.do(f"set weight {server} {FULL_WEIGHT if place in leading else 0}")
        if self._lots.get(backend, ()) != lots(weights):
            self._lots[backend] = lots(weights)
            version = self._runtime.ask(f"prepare map {self._maps.lots}").rpartition(" ")[2]
            if rows := self._lot_rows():
                self._runtime.do(f"add map @{version} {self._maps.lots} <<\n{rows}")
            self._runtime.do(f"commit map @{version} {self._maps.lots}")

    def _weights_of(self, backend: str) -> dict[Place, int]:
        return {place: weight for place, weight in self._weights.of.items() if place.backend == backend}

    def _lot_rows(self) -> str:
        return "".join(
            f"{backend}:{lot} place-{place.number}\n"
            for backend, drawn in self._lots.items()
            for lot, place in enumerate(drawn)
        )

    def _stat(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self._runtime.ask("show stat").removeprefix("# "))))

    def _state(self, place: Place, rows: dict[tuple[str, str], dict[str, str]]) -> PlaceState:
        found = [rows[server.split("/")[0], server.split("/")[1]] for server in place.servers]
        return PlaceState(
            backend=place.backend,
            number=place.number,
            status=found[0]["status"],
            weight=self._weights.of.get(place, 0),
            sessions=sum(int(row["scur"]) for row in found),
            queued=sum(int(row["qcur"] or 0) for row in found),
            total=sum(int(row["stot"]) for row in found),
        )

    def _write_files(self) -> None:
        """Write what the configuration names: it may have gone, where somebody cleans up temporary folders."""
        if self._bundle is not None and not self._certificate.exists():
            write_private(self._certificate, self._bundle.read_text(encoding="utf-8"))
        for path, entries in self._entries.items():
            write_private(path, "".join(f"{key} {value}\n" for key, value in entries.items()))
        write_private(self._maps.state, f"refuse {self._refusing}\n" if self._refusing else "")
        write_private(self._maps.lots, self._lot_rows())

    def _render(self) -> str:
        shares = {
            place: FULL_WEIGHT if place in leaders(self._weights_of(place.backend)) else 0 for place in self._weights.of
        }
        return render_config(
            address=self._address,
            backends=self.backends,
            weights=Weights(shares),
            engine_key=self._engine_key,
            folder=self._folder,
            maps=self._maps,
            bundle=self._certificate if self._bundle is not None else None,
            connections=self.connections,
            settings=self._settings,
        )

    def _answers(self) -> bool:
        """Return whether both answer, the process that serves and the one above it, which may be later."""
        with contextlib.suppress(EngineError):
            self._runtime.finishing()
            return self._serving() is not None
        return False

    def _lateness(self) -> EngineError:
        return EngineError(f"HAProxy was not ready after {_START_TIMEOUT_S:.0f} s. Look at its log.", log=self._log)


def _reason(backend: Backend, reason: str | None) -> str:
    """Return why a backend does not answer, as text within JSON."""
    return within_json(reason or f"The model {' or '.join(backend.models)} is starting. Try again later.")
