"""Progress on standard error: bars with an estimate on a terminal, silence elsewhere."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class Task(Protocol):
    """A unit of work whose advance can be shown."""

    def update(self, *, done: float | None = None, total: float | None = None, text: str | None = None) -> None:
        """Report how much is done, out of how much, and what is going on."""


class Reporter(Protocol):
    """Where a stage says what it is doing."""

    def note(self, text: str, *, head: str = "") -> None:
        """Say one line, literally; the head and a colon stand before it."""

    def warn(self, text: str) -> None:
        """Say one line, literally, that matters even when output is not a terminal."""

    def task(self, text: str, total: float | None = None) -> AbstractContextManager[Task]:
        """Open a task that ends with the `with` block."""


class _BarTask:
    def __init__(self, progress: Progress, text: str, total: float | None) -> None:
        self._progress = progress
        self.id = progress.add_task(text, total=total)

    def update(self, *, done: float | None = None, total: float | None = None, text: str | None = None) -> None:
        self._progress.update(self.id, completed=done, total=total, description=text)


class _SilentTask:
    def update(self, *, done: float | None = None, total: float | None = None, text: str | None = None) -> None:
        """Show nothing."""


class ConsoleReporter:
    """Reporter on a rich console; bars only when it is a terminal. Open tasks share one live display."""

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        self._console = console
        self._live = console.is_terminal
        self._verbose = verbose or self._live
        self._display: Progress | None = None

    def note(self, text: str, *, head: str = "") -> None:
        """Say one line on a terminal, or when asked to be verbose."""
        if self._verbose:
            self._print((head, "bold"), ": " if head else "", text)

    def warn(self, text: str) -> None:
        """Say one line always."""
        self._print(("warning:", "yellow"), " ", text)

    def _print(self, *parts: str | tuple[str, str]) -> None:
        """Print texts, some with a style; none is markup, because file names and messages of engines have brackets."""
        self._console.print(Text.assemble(*parts), highlight=False)

    @contextmanager
    def task(self, text: str, total: float | None = None) -> Iterator[Task]:
        """Show a bar with elapsed and remaining time until the block ends."""
        if not self._live:
            yield _SilentTask()
        elif self._display is not None:
            yield from self._shown(self._display, text, total)
        else:
            with Progress(*_columns(), console=self._console, transient=True) as display:
                self._display = display
                try:
                    yield from self._shown(display, text, total)
                finally:
                    self._display = None

    def _shown(self, display: Progress, text: str, total: float | None) -> Iterator[Task]:
        task = _BarTask(display, text, total)
        try:
            yield task
        finally:
            display.remove_task(task.id)


def _columns() -> tuple[ProgressColumn, ...]:
    return (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )


class SilentReporter:
    """Reporter that shows nothing; for tests and libraries."""

    def note(self, text: str, *, head: str = "") -> None:
        """Ignore."""

    def warn(self, text: str) -> None:
        """Ignore."""

    @contextmanager
    def task(self, text: str, total: float | None = None) -> Iterator[Task]:  # noqa: ARG002 -- protocol
        """Show nothing."""
        yield _SilentTask()
