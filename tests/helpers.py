"""What tests share: the command line, a reporter that keeps what it hears, waiting, and who still works in a folder."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
import psutil
from click.testing import CliRunner, Result

from pipeline.base.progress import SilentReporter
from pipeline.cli.main import cli

METRIC_NAME = re.compile(r"[/\w.\- :]+")
"""What MLflow takes for the name of a metric; tests/integration/test_tracking.py asks MLflow itself."""


def command(*arguments: object, settings: tuple[str, ...] = (), python: str | Path = sys.executable) -> list[str]:
    """Return the command line of `awqctl`; every setting is one `--set`."""
    options = [part for one in settings for part in ("--set", one)]
    return [str(python), "-m", "pipeline.cli", *map(str, arguments), *options]


def awqctl(
    *arguments: object,
    settings: tuple[str, ...] = (),
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 120,
    python: str | Path = sys.executable,
) -> subprocess.CompletedProcess[str]:
    """Run `awqctl` in a fresh interpreter, 80 columns wide unless `env`, the whole environment, says otherwise."""
    line = command(*arguments, settings=settings, python=python)
    environment = {"COLUMNS": "80", **(os.environ if env is None else env)}
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=cwd, env=environment, timeout=timeout)


def invoke(*arguments: object, of: click.Command = cli, raises: bool = False) -> Result:
    """Run a command in this process, 80 columns wide; an error is in the result, or raised as it is."""
    runner = CliRunner(env={"COLUMNS": "80"})
    line = [str(one) for one in arguments]
    return runner.invoke(of, line, standalone_mode=not raises, catch_exceptions=not raises)


class RecordingReporter(SilentReporter):
    """Shows nothing and keeps everything; it is its own task."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.totals: list[float | None] = []
        """Totals of the tasks, in the order in which they began."""
        self.updates: list[tuple[float | None, float | None, str]] = []
        """How much is done, out of how much, and what is going on."""

    def note(self, text: str, *, head: str = "") -> None:
        """Keep a note with its head."""
        self.notes.append(f"{head}: {text}" if head else text)

    def warn(self, text: str) -> None:
        """Keep a warning."""
        self.warnings.append(text)

    @contextmanager
    def task(self, text: str, total: float | None = None) -> Iterator["RecordingReporter"]:  # noqa: ARG002 -- protocol
        """Keep the total of a task."""
        self.totals.append(total)
        yield self

    def update(self, *, done: float | None = None, total: float | None = None, text: str | None = None) -> None:
        """Keep one step of a task."""
        self.updates.append((done, total, text or ""))


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Return whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.1)


def working_in(folder: Path) -> list[str]:
    """Return processes that still work in `folder`: every engine inherits the folder its command was started in."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(folder):
                found.append(" ".join(process.cmdline()) or process.name())
    return found
