"""What stages say on the way: the protocol of a reporter, and one that says nothing."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Task(Protocol):
    """A unit of work whose advance can be shown."""

    def update(self, *, done: float | None = None, total: float | None = None, text: str | None = None) -> None:
        """Report how much is done, out of how much, and what is going on; another text is another step."""


class Reporter(Protocol):
    """Where a stage says what it is doing."""

    def note(self, text: str, *, head: str = "") -> None:
        """Say one line, literally; the head and a colon stand before it."""

    def warn(self, text: str) -> None:
        """Say one line, literally, that matters even to those who want to hear nothing else."""

    def stage(self, name: str, place: str = "") -> AbstractContextManager[None]:
        """Show a stage, and its place among all, as running until the `with` block ends; its steps go by its name."""

    def task(self, text: str, total: float | None = None) -> AbstractContextManager[Task]:
        """Open a task that ends with the `with` block."""


class SilentTask:
    """A task that shows nothing."""

    def update(self, *, done: float | None = None, total: float | None = None, text: str | None = None) -> None:
        """Show nothing."""


class SilentReporter:
    """Reporter that shows nothing; for tests and libraries."""

    def note(self, text: str, *, head: str = "") -> None:
        """Ignore."""

    def warn(self, text: str) -> None:
        """Ignore."""

    @contextmanager
    def stage(self, name: str, place: str = "") -> Iterator[None]:  # noqa: ARG002 -- protocol
        """Show nothing."""
        yield

    @contextmanager
    def task(self, text: str, total: float | None = None) -> Iterator[Task]:  # noqa: ARG002 -- protocol
        """Show nothing."""
        yield SilentTask()


class QuietReporter(SilentReporter):
    """Reporter that hands on warnings alone."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def warn(self, text: str) -> None:
        """Say a warning."""
        self._reporter.warn(text)
