"""HAProxy's processes while a gateway is open: started, taken over by new ones at a reload, stopped."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.base.errors import AwqctlError, EngineError
from pipeline.engines.address import port_in_use
from pipeline.runtimes.haproxy import alerts, check_config, check_version, find_haproxy, haproxy_environment
from pipeline.runtimes.logs import new_log
from pipeline.runtimes.process import GuardedProcess
from pipeline.runtimes.rootcause import cause_of_death, signal_of
from serve.gateway.files import write_private
from serve.gateway.haproxy_config import with_descriptors
from serve.gateway.runtime_api import RuntimeApi

_START_TIMEOUT_S = 15.0
_GRACE_S = 5.0
_HARMLESS = ("no server available", "FD limit")
"""Said whenever no engine is up, and where the bound on connections is our own; HAProxy lives on."""


class HaproxyProcess:
    """One HAProxy, and the process above it that starts another one at a reload.

    Args:
        folder: private folder for the configuration and the sockets.
        log: name of HAProxy's log, which becomes a link to the file of this start.
        lines: file that gets a line for each request; None for the log.
        preface: what stands above HAProxy's own words in the log.
        threads: as the configuration says.

    Attributes:
        runtime: to ask it, and to change it.
        log: the file that it writes to.
    """

    def __init__(self, folder: Path, *, log: Path, lines: Path | None, preface: str, threads: int) -> None:
        self.runtime = RuntimeApi(folder / "control.sock", folder / "master.sock")
        self.log = log
        self._log_link = log
        self._lines = lines
        self._preface = preface
        self._threads = threads
        self._configuration = folder / "haproxy.cfg"
        self._candidate = folder / "next.cfg"
        self._process: GuardedProcess | None = None

    def start(self, configuration: str, *, died: Callable[[], AwqctlError]) -> None:
        """Start it, and return once it answers.

        Args:
            configuration: its text.
            died: makes the error where it ends instead.

        Raises:
            EnvironmentLackError: there is no HAProxy that can be used.
            BusyError: somebody else has the port.
            EngineError: it does not accept the configuration, or does not start.
        """
        binary = find_haproxy()
        environment = haproxy_environment(binary)
        write_private(self._configuration, configuration)
        if self._process is None:  # Later on clients wait, and what differs are weights alone.
            check_version(binary)
            check_config(binary, self._configuration, environment)
        self.log = new_log(self._log_link)
        self.log.write_text(self._preface, encoding="utf-8")
        command = [str(binary), "-W", "-db", "-S", f"{self.runtime.master},mode,600", "-f", str(self._configuration)]
        self._process = GuardedProcess(
            with_descriptors(command, self._threads),
            log=self.log,
            output=self._lines,
            environment=environment,
            grace_s=_GRACE_S,
        )
        self._process.wait_until(self._answers, timeout_s=_START_TIMEOUT_S, poll_s=0.05, died=died, late=self._lateness)

    def take_over(self, configuration: str) -> None:
        """Have a new process take the port over from the one that serves, with its counters.

        Raises:
            EngineError: HAProxy does not accept the configuration, or did not start with it.
        """
        binary = find_haproxy()
        write_private(self._candidate, configuration)
        check_config(binary, self._candidate, haproxy_environment(binary))
        self._candidate.replace(self._configuration)
        before, counters = self.runtime.process(), self.runtime.counters()
        said = self.runtime.start_new_worker()
        deadline = time.monotonic() + _START_TIMEOUT_S
        while self._serving() in (None, before) or not self._can_reload():
            if time.monotonic() > deadline:
                reasons = alerts(said) or ["it says nothing"]
                raise EngineError(f"HAProxy did not start with the new settings: {reasons[0]}.", log=self.log)
            time.sleep(0.05)
        self.runtime.do_all(counters)

    def keep(self, configuration: str) -> None:
        """Have this configuration read at the next reload, after another one was not taken."""
        write_private(self._configuration, configuration)

    def running(self) -> bool:
        """Return whether it is alive."""
        return self._process is not None and self._process.running()

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.stop()

    def failure(self, host: str, port: int) -> AwqctlError:
        """Return the error that explains why it is gone, which listened there."""
        text = self._process.log_text() if self._process else ""
        found = [alert for alert in alerts(text) if not any(said in alert for said in _HARMLESS)]
        status = self._process.process.poll() if self._process else None
        if not found or signal_of(status) is not None:
            return EngineError(f"HAProxy ended unexpectedly: {cause_of_death(status, '')}", log=self.log)
        reason = next((alert for alert in found if "bind" in alert), found[0])
        if "Address already in use" in reason:
            return port_in_use(host, port)
        return EngineError(f"HAProxy ended unexpectedly: {reason.rstrip('.')}.", log=self.log)

    def _answers(self) -> bool:
        """Return whether both answer, the process that serves and the one above it, which may be later."""
        return self._can_reload() and self._serving() is not None

    def _can_reload(self) -> bool:
        """Return whether the process above is there; at a reload it starts itself anew."""
        with contextlib.suppress(EngineError):
            self.runtime.finishing()
            return True
        return False

    def _serving(self) -> int | None:
        with contextlib.suppress(EngineError):
            return self.runtime.process()
        return None

    def _lateness(self) -> EngineError:
        return EngineError(f"HAProxy was not ready after {_START_TIMEOUT_S:.0f} s. Look at its log.", log=self.log)
