"""`DoorWatch`: HAProxy started again within moments of its death, while the engines go on."""

import threading
import time
from collections.abc import Callable
from typing import Self

from pipeline.base.errors import AwqctlError, EnvironmentLackError
from serve.gateway.gateway import Gateway
from serve.supervisor.restarts import Restarts

_EVERY_S = 0.2


class DoorWatch:
    """Watches the gateway in a thread; a context manager.

    Args:
        gateway: that is up.
        warn: told of deaths.

    Attributes:
        failure: why it is given up; None while it is not.
    """

    def __init__(self, gateway: Gateway, warn: Callable[[str], None]) -> None:
        self.failure: AwqctlError | None = None
        self._gateway = gateway
        self._warn = warn
        self._restarts = Restarts()
        self._up_since = time.monotonic()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="door", daemon=True)

    @property
    def restarts(self) -> int:
        """Return how often HAProxy was started again."""
        return self._restarts.count

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ending.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ending.wait(_EVERY_S) and self.failure is None:
            if not self._gateway.running():
                self._start_again(self._gateway.failure())

    def _start_again(self, problem: AwqctlError) -> None:
        """Start it at once after its first death, and after a pause when it dies again and again."""
        while not self._ending.is_set():
            now = time.monotonic()
            delay = self._restarts.died(now, served_s=now - self._up_since)
            if delay is None:
                self.failure = problem
                return
            self._warn(f"{problem} It is started again; the engines go on.")
            if self._restarts.count > 1:
                self._ending.wait(delay / 2)
            try:
                self._gateway.restart()
            except AwqctlError as further:
                problem = further
            except OSError as further:
                problem = EnvironmentLackError(f"HAProxy could not be started: {further}. Free what it lacks.")
            else:
                self._up_since = time.monotonic()
                return
