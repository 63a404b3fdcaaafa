"""Progress where nothing can be redrawn: a line per stage and step, and one a minute while a step lasts."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

from pipeline.base.progress import Task
from pipeline.base.steps import Step

_EVERY_S = 60.0


def print_literally(console: Console, *parts: str | tuple[str, str], whole: bool = False) -> None:
    """Print texts, some with a style, as they are: names of files and messages of engines have brackets, no markup.

    Args:
        console: where to.
        parts: texts, or texts with a style.
        whole: as one line, however long.
    """
    console.print(Text.assemble(*parts), highlight=False, soft_wrap=whole)


def stamp() -> str:
    """Return the time of day, with the date: a run may last for days."""
    return datetime.now(UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


class LineReporter:
    """Reporter for pipes, logs and terminals that cannot move the cursor.

    Args:
        console: where to.
        every_s: how long nothing may be said while something runs.
    """

    def __init__(self, console: Console, *, every_s: float = _EVERY_S) -> None:
        self._console = console
        self._every_s = every_s
        self._lock = threading.RLock()
        self._open: list[Step] = []
        self._stage = ""
        self._said_at = 0.0

    def note(self, text: str, *, head: str = "") -> None:
        """Say one line with the time in front."""
        self._say(f"{head}: {text}" if head else text)

    def warn(self, text: str) -> None:
        """Say one line that begins with `warning:`."""
        print_literally(self._console, ("warning:", "yellow"), " ", text, whole=True)

    @contextmanager
    def stage(self, name: str, place: str = "") -> Iterator[None]:  # noqa: ARG002 -- what a note says
        """Put the stage's name before its steps, and say how long it runs while it has none."""
        self._stage = name
        try:
            with self._running(Step("", None, time.monotonic())):
                yield
        finally:
            self._stage = ""

    @contextmanager
    def task(self, text: str, total: float | None = None) -> Iterator[Task]:
        """Say what begins, each further step, and once a minute how far it is."""
        step = Step(text, total, time.monotonic())
        self._say(self._of(text))
        with self._running(step):
            yield _Lines(self, step)

    def begun(self, step: Step) -> None:
        """Say that a task came to another step."""
        self._say(self._of(step.text))

    @contextmanager
    def _running(self, step: Step) -> Iterator[None]:
        """Keep the step among the open ones; the outermost has a thread that speaks for the innermost."""
        with self._lock:
            self._open.append(step)
        ended = threading.Event()
        speaker = threading.Thread(target=self._speak, args=(ended,), daemon=True) if len(self._open) == 1 else None
        if speaker:
            speaker.start()
        try:
            yield
        finally:
            with self._lock:
                self._open.remove(step)
            ended.set()
            if speaker:
                speaker.join()

    def _speak(self, ended: threading.Event) -> None:
        while not ended.wait(min(1.0, self._every_s)):
            with self._lock:
                if self._open and time.monotonic() - self._said_at >= self._every_s:
                    self._say(self._state(self._open[-1], time.monotonic()))

    def _state(self, step: Step, now: float) -> str:
        return self._of(", ".join(part for part in (step.text, step.advance(), step.times(now)) if part))

    def _of(self, text: str) -> str:
        return f"{self._stage}: {text}" if self._stage else text

    def _say(self, text: str) -> None:
        with self._lock:
            self._said_at = time.monotonic()
            print_literally(self._console, f"{stamp()} {text}", whole=True)


class _Lines:
    """A task of a `LineReporter`."""

    def __init__(self, reporter: LineReporter, step: Step) -> None:
        self._reporter = reporter
        self._step = step

    def update(self, *, done: float | None = None, total: float | None = None, text: str | None = None) -> None:
        """Take in how far it is; a line only for another step."""
        if self._step.update(time.monotonic(), done=done, total=total, text=text):
            self._reporter.begun(self._step)
