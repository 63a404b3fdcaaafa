"""Progress on a terminal: the stage and its steps on lines of their own, redrawn in place and gone at the end."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn
from rich.progress import Task as Row
from rich.progress_bar import ProgressBar
from rich.table import Column
from rich.text import Text

from pipeline.base.lines import print_literally, stamp
from pipeline.base.progress import Task
from pipeline.base.steps import Step

_WIDE = 100
"""Columns from which on there is room for bars beside the words."""
_NARROW = 80
"""Columns below which figures are short, so that something is left of the words."""


class BarReporter:
    """Reporter on a terminal. What is open shares one display; notes and warnings stand above it and stay.

    Args:
        console: the terminal.
        steps_stay: whether each step also leaves a line with its time.
    """

    def __init__(self, console: Console, *, steps_stay: bool = False) -> None:
        self._console = console
        self._steps_stay = steps_stay
        self._display: Progress | None = None

    def note(self, text: str, *, head: str = "") -> None:
        """Say one line that stays."""
        print_literally(self._console, (head, "bold"), ": " if head else "", text)

    def warn(self, text: str) -> None:
        """Say one line that stays and begins with `warning:`."""
        print_literally(self._console, ("warning:", "yellow"), " ", text)

    @contextmanager
    def stage(self, name: str, place: str = "") -> Iterator[None]:
        """Show the stage, which of how many it is, and how long it runs."""
        with self._shown(f"{place}, {name}" if place else name, None):
            yield

    @contextmanager
    def task(self, text: str, total: float | None = None) -> Iterator[Task]:
        """Show what is done, how much of it, since when, and until when where that is known."""
        self.begun(text)
        with self._shown(text, total) as task:
            yield task

    def begun(self, text: str) -> None:
        """Leave a line about a step, where that is wanted."""
        if self._steps_stay:
            print_literally(self._console, f"{stamp()} {text}")

    @contextmanager
    def _shown(self, text: str, total: float | None) -> Iterator["_Bar"]:
        outermost = self._display is None
        display = self._display or self._new_display()
        self._display = display
        if outermost:
            display.start()
        bar = _Bar(self, display, Step(text, total, time.monotonic()))
        try:
            yield bar
        finally:
            display.remove_task(bar.row)
            if outermost:
                display.stop()
                self._display = None

    def _new_display(self) -> Progress:
        # What goes to standard output while it is shown must not be led to standard error, unless both are the screen.
        return Progress(
            *_columns(self._console.width),
            console=self._console,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),
        )


class _Bar:
    """A task of a `BarReporter`."""

    def __init__(self, reporter: BarReporter, display: Progress, step: Step) -> None:
        self._reporter = reporter
        self._step = step
        self.row = display.add_task("", step=step)

    def update(self, *, done: float | None = None, total: float | None = None, text: str | None = None) -> None:
        """Show how far it is."""
        if self._step.update(time.monotonic(), done=done, total=total, text=text):
            self._reporter.begun(self._step.text)


def _columns(width: int) -> tuple[ProgressColumn, ...]:
    """Return what a row shows on a terminal of `width` columns."""
    bars, short = (_Bars(),) if width >= _WIDE else (), width < _NARROW
    return (
        SpinnerColumn(),
        # Cut where the terminal ends: the figures have to stay visible.
        _Words(lambda step: Text(step.text, no_wrap=True, overflow="ellipsis"), Column()),
        *bars,
        _Words(
            lambda step: Text(step.advance(short=short), style="progress.percentage"),
            Column(no_wrap=True, justify="right"),
        ),
        _Words(
            lambda step: Text(step.times(time.monotonic(), short=short), style="progress.elapsed"), Column(no_wrap=True)
        ),
    )


class _Words(ProgressColumn):
    """What a function makes of a row's step."""

    def __init__(self, words: Callable[[Step], Text], column: Column) -> None:
        super().__init__(column)
        self._words = words

    def render(self, task: Row) -> Text:
        return self._words(task.fields["step"])


class _Bars(ProgressColumn):
    """A bar, which moves to and fro where there is no total."""

    def render(self, task: Row) -> ProgressBar:
        step: Step = task.fields["step"]
        return ProgressBar(
            total=step.total, completed=step.done, width=20, pulse=not step.total, animation_time=task.get_time()
        )
