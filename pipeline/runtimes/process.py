"""`GuardedProcess`: a child that never outlives its parent, with its output in a log file."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from pipeline.base.errors import AwqctlError
from pipeline.runtimes.guardian import descendants
from pipeline.runtimes.scratch import ScratchFolder

_KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_HOME",
    "LD_LIBRARY_PATH",
    "USER",
    "LD_PRELOAD",
)
_KEPT_PREFIXES = ("OMP_", "MKL_", "KMP_", "NCCL_", "VLLM_CPU_", "SSL_CERT", "REQUESTS_CA", "CURL_CA", "XDG_")


def engine_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of an engine process: an allow-list, so that no token or secret leaks into it.

    Hubs are switched off: everything an engine needs is on the disk before it starts.
    """
    environment = {k: v for k, v in os.environ.items() if k in _KEPT or k.startswith(_KEPT_PREFIXES)}
    environment |= {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        # HOME is kept, and with it the hub's token file would be.
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
        "HF_TOKEN_PATH": os.devnull,
        "DO_NOT_TRACK": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "NO_COLOR": "1",
        # torch's default lies in TMPDIR, which is a new one for every process.
        "TORCHINDUCTOR_CACHE_DIR": f"{tempfile.gettempdir()}/torchinductor_{os.getuid()}",
    }
    return environment | dict(extra or {})


class GuardedProcess:
    """A command under `guardian.py`; a context manager that stops it and everything below it.

    Its `TMPDIR` is a `ScratchFolder`: sockets in it have short names whatever the user's is, and the guardian removes
    it, also after this process was killed.

    Args:
        command: to run.
        log: file that its messages are appended to.
        environment: of the command, all of it.
        pipes: whether the caller writes to it and reads what it says.
        output: file that its standard output is appended to, in place of the log; its owner alone may read it.
        grace_s: time between SIGTERM and SIGKILL at a stop.
        cwd: folder to run it in.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str],
        pipes: bool = False,
        output: Path | None = None,
        grace_s: float = 10.0,
        cwd: Path | None = None,
    ) -> None:
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        guardian = str(resources.files("pipeline.runtimes") / "guardian.py")
        read_end, self._lifeline = os.pipe()
        self._grace_s = grace_s
        with ExitStack() as failed, ExitStack() as files:
            files.callback(os.close, read_end)
            failed.callback(os.close, self._lifeline)
            self._scratch = ScratchFolder()
            failed.callback(self._scratch.remove)
            stream = files.enter_context(log.open("ab"))
            standard = files.enter_context(_private(output)) if output else stream
            with contextlib.suppress(OSError):  # of file systems without locks
                # Inherited by all that write to it, so that `new_log` does not remove it.
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            self.process: subprocess.Popen[str] = subprocess.Popen(
                [sys.executable, "-P", "-S", guardian, str(read_end), str(grace_s), str(self._scratch.path), *command],
                stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else standard,
                stderr=stream,
                env={**environment, "TMPDIR": str(self._scratch.path)},
                cwd=cwd,
                text=True,
                pass_fds=(read_end, self._scratch.descriptor),
                start_new_session=True,
                encoding="utf-8",
            )
            failed.pop_all()

    @property
    def stdin(self) -> IO[str]:
        """Return the pipe to the command."""
        assert self.process.stdin is not None  # noqa: S101 -- narrows the type; made with pipes=True
        return self.process.stdin

    @property
    def stdout(self) -> IO[str]:
        """Return the pipe from the command."""
        assert self.process.stdout is not None  # noqa: S101 -- narrows the type; made with pipes=True
        return self.process.stdout

    def running(self) -> bool:
        """Return whether the command has not ended."""
        return self.process.poll() is None

    def wait_until(
        self,
        ready: Callable[[], bool],
        *,
        timeout_s: float,
        poll_s: float,
        died: Callable[[], AwqctlError],
        late: Callable[[], AwqctlError],
    ) -> float:
        """Return the seconds until `ready` says yes; whatever else ends the wait stops the command.

        Args:
            ready: asked while the command runs; what it raises ends the wait.
            timeout_s: when to give up.
            poll_s: pause between two questions.
            died: makes the error for a command that has ended.
            late: makes the error for one that is not ready in time.
        """
        started = time.monotonic()
        with ExitStack() as starting:
            starting.callback(self.stop)
            while time.monotonic() - started < timeout_s:
                if not self.running():
                    raise died()
                if ready():
                    starting.pop_all()
                    return time.monotonic() - started
                time.sleep(poll_s)
            raise late()

    def log_text(self) -> str:
        """Return what the command wrote to its log."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def stop(self) -> int:
        """Stop the command and all below it; return its exit status."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        try:
            return self.process.wait(self._grace_s + 20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self._scratch.remove()

    def kill(self) -> int:
        """End the command and all below it at once, stopped and hung ones, too; return its exit status.

        The guardian stays, sees that the command has ended, and cleans up.
        """
        for pid in descendants(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return self.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue


def _private(path: Path) -> IO[bytes]:
    """Return a file to append to; whoever inherits it has a shared lock on it, which says that it is written to."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    stream = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab")
    with contextlib.suppress(OSError):  # of file systems without locks
        fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return stream
