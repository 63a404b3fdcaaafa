"""Progress on standard error: bars with an estimate on a terminal, silence elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class Task(Protocol):
    """A unit of work whose advance can be shown."""

    def update(self, *, done: float | None = None, total: float | None = None, text: str | None = None) -> None:
        """Report how much is done, out of how much, and what is going on."""


class Reporter(Protocol):
    """Where a stage says what it is doing."""

    def note(self, text: str) -> None:
        """Say one line."""

    def warn(self, text: str) -> None:
        """Say one line that matters even when output is not a terminal."""

    def task(self, text: str, total: float | None = None) -> "TaskContext":
        """Open a task that ends with the `with` block."""


class TaskContext(Protocol):
    """Context manager around a `Task`."""

    def __enter__(self) -> Task:
        """Start showing the task."""

    def __exit__(self, *exc: object) -> None:
        """Stop showing it."""


class _BarTask:
    def __init__(self, progress: Progress, text: str, total: float | None) -> None:
        self._progress = progress
        self._id = progress.add_task(text, total=total)

    def update(self, *, done: float | None = None, total: float | None = None, text: str | None = None) -> None:
        self._progress.update(self._id, completed=done, total=total, description=text)


class _SilentTask:
    def update(self, *, done: float | None = None, total: float | None = None, text: str | None = None) -> None:
        """Show nothing."""


class ConsoleReporter:
    """Reporter on a rich console; bars only when it is a terminal."""

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        self._console = console
        self._live = console.is_terminal
        self._verbose = verbose or self._live

    def note(self, text: str) -> None:
        """Say one line on a terminal, or when asked to be verbose."""
        if self._verbose:
            self._console.print(text, highlight=False)

    def warn(self, text: str) -> None:
        """Say one line always."""
        self._console.print(f"[yellow]warning:[/yellow] {text}", highlight=False)

    @contextmanager
    def task(self, text: str, total: float | None = None) -> Iterator[Task]:
        """Show a bar with elapsed and remaining time until the block ends."""
        if not self._live:
            yield _SilentTask()
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console, transient=True) as progress:
            yield _BarTask(progress, text, total)


class SilentReporter:
    """Reporter that shows nothing; for tests and libraries."""

    def note(self, text: str) -> None:
        """Ignore."""

    def warn(self, text: str) -> None:
        """Ignore."""

    @contextmanager
    def task(self, text: str, total: float | None = None) -> Iterator[Task]:  # noqa: ARG002 -- protocol
        """Show nothing."""
        yield _SilentTask()
