"""`awqctl serve --detach`: the endpoint in a session of its own, which outlives the terminal that it was started from.

It is the same command in another process. What it would print, the document for programs, comes through a pipe; what it
says on the way goes into a log.
"""

import fcntl
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from pipeline.base.errors import AwqctlError
from pipeline.base.progress import Reporter
from pipeline.runtimes.logs import new_log
from pipeline.runtimes.rootcause import cause_of_death, signal_of
from serve.endpoint import EndpointFolder
from serve.supervisor.foreground import Serving
from serve.supervisor.ownership import owned

_POLL_S = 0.5
_SPEAKER = "awqctl: "
_WARNING = "warning: "


class FailedStartError(AwqctlError):
    """The endpoint ended instead of being up; has its exit code and what it said last."""

    def __init__(self, message: str, exit_code: int, *, log: Path) -> None:
        super().__init__(message, log=log)
        self.exit_code = exit_code


def serve_in_background(command: Sequence[str], folder: EndpointFolder, *, log: Path, reporter: Reporter) -> Serving:
    """Start the command, which serves and prints a `Serving` document; return that once the endpoint is up.

    Whatever interrupts the wait stops the endpoint.

    Args:
        command: with `--json`.
        folder: of the endpoint.
        log: file for what it says; a link to that of the latest start.
        reporter: told how far it is.

    Raises:
        BusyError: the endpoint runs already.
        FailedStartError: it did not come up.
    """
    with owned(folder):
        pass  # nobody else does; the new process will
    file = new_log(log)
    with file.open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)  # inherited, so that `new_log` does not remove it
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stream,
            start_new_session=True,
            text=True,
            encoding="utf-8",
        )
    try:
        document = _document(process, file, reporter)
    except BaseException:
        process.send_signal(signal.SIGTERM)
        process.wait()
        raise
    for warning in (line for line in _lines(file) if line.startswith(_WARNING)):
        reporter.warn(warning.removeprefix(_WARNING))
    if document is None:
        status = process.wait()
        raise FailedStartError(_last_words(file, status), max(status, 1), log=file)
    return document.model_copy(update={"log": str(file)})


def _document(process: "subprocess.Popen[str]", log: Path, reporter: Reporter) -> Serving | None:
    """Return what the process prints; None where it ends without."""
    reader = _Reader(process)
    with reporter.task("starting in the background") as task:
        while not reader.wait(_POLL_S):
            task.update(text=_said_last(log) or None)
    return reader.document


class _Reader:
    """Reads a document in a thread, so that whoever waits can say something meanwhile."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.document: Serving | None = None
        self._process = process
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Return whether it came, or never will."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _read(self) -> None:
        text = ""
        for line in self._process.stdout or ():
            text += line
            if line.startswith("}"):
                self.document = _parsed(text)
                return


def _parsed(text: str) -> Serving | None:
    try:
        return Serving.model_validate_json(text)
    except ValidationError:
        return None


def _said_last(log: Path) -> str:
    """Return the last line that is no warning, without its time stamp."""
    lines = [line for line in _lines(log) if not line.startswith(_WARNING)]
    date_and_time = 2
    return " ".join(lines[-1].split()[date_and_time:]) if lines else ""


def _last_words(log: Path, status: int) -> str:
    """Return the message that the command ended with, as it would stand on a terminal."""
    if signal_of(status) is not None:
        return f"The endpoint ended before it was up: {cause_of_death(status, '')}"
    lines = _lines(log)
    begins = [place for place, line in enumerate(lines) if line.startswith(_SPEAKER)]
    if not begins:
        return "The endpoint ended before it was up, without a word."
    return "\n".join(lines[begins[-1] :]).removeprefix(_SPEAKER)


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines()
