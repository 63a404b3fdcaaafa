"""`WriterProcess`: the audit's writer as a child that is started again when it ends or hangs."""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pipeline.base.errors import AwqctlError
from pipeline.runtimes.logs import new_log
from pipeline.runtimes.process import GuardedProcess, engine_environment

if TYPE_CHECKING:
    from serve.audit.writer import Heartbeat

_GRACE_S = 10.0
_HUNG_S = 60.0
"""Without a sign of it; then it is killed."""
_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
"""Between two starts of one that ends at once; doubles from `_PAUSE_S` on."""


class WriterProcess:
    """The writer's process, and what it says.

    Args:
        arguments: of the writer.
        log: name of its log, which becomes a link to the file of the latest start.
        first_n: number of the next line before it has said anything.
        restarted: told when it had ended and was started again.

    Attributes:
        problem: why it cannot be started; None while it can.
        lost: lines of the spool that none of its starts could read.
    """

    def __init__(self, arguments: tuple[str, ...], *, log: Path, first_n: int, restarted: Callable[[], None]) -> None:
        self._arguments = arguments
        self._log = log
        self._restarted = restarted
        self._process: GuardedProcess | None = None
        self._listening: threading.Thread | None = None
        self._pause_s = 0.0
        self._next_start = 0.0
        self._lost_before = 0
        self._heard = time.monotonic()
        self.heartbeat: Heartbeat = {"pid": 0, "n": first_n, "behind_bytes": 0, "lost": 0, "problem": None}
        self.problem: str | None = None

    @property
    def lost(self) -> int:
        """Return how many lines of the spool could not be read."""
        return self._lost_before + self.heartbeat["lost"]

    def silent_s(self) -> float:
        """Return for how long it has said nothing."""
        return time.monotonic() - self._heard

    def start(self) -> None:
        """Start it.

        Raises:
            OSError: the log cannot be written.
        """
        command = (sys.executable, "-P", "-m", "serve.audit.writer", *self._arguments)
        root = Path(str(resources.files("serve"))).parent
        self._process = GuardedProcess(
            command,
            log=new_log(self._log),
            environment=engine_environment({"PYTHONPATH": str(root)}),
            pipes=True,
            grace_s=_GRACE_S,
        )
        self._heard = time.monotonic()
        self.heartbeat = {**self.heartbeat, "pid": 0}
        self._listening = threading.Thread(
            target=self._listen, args=(self._process.stdout,), name="audit-writer", daemon=True
        )
        self._listening.start()

    def stop(self) -> None:
        """Let it take what is left, and end it."""
        if self._process is None or self._listening is None:
            return
        self._process.stop()
        self._listening.join()
        self._process.__exit__(None, None, None)
        self._process = None
        self._lost_before, self.heartbeat = self.lost, {**self.heartbeat, "lost": 0}

    def keep(self) -> None:
        """Start it again where it has ended; end it where it hangs."""
        try:
            self._keep()
            self.problem = None
        except (OSError, AwqctlError) as problem:
            self.problem = f"The audit's writer cannot be started: {problem}"

    def _keep(self) -> None:
        now = time.monotonic()
        if self._process is not None and self._process.running():
            if self.silent_s() > _HUNG_S and self.heartbeat["pid"]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.heartbeat["pid"], signal.SIGKILL)
            return
        if self._process is not None:
            self.stop()
            self._next_start = now + self._pause_s
            self._pause_s = min(_LONGEST_PAUSE_S, max(_PAUSE_S, self._pause_s * 2))
        if now >= self._next_start:
            heard = self._heard
            self.start()
            self._heard = heard  # a new start is no sign of life
            self._restarted()

    def _listen(self, stream: IO[str]) -> None:
        for line in stream:
            self.heartbeat = json.loads(line)
            self._heard = time.monotonic()
            self._pause_s = 0.0
