"""Progress: bars on a terminal, silence elsewhere."""

import io

from rich.console import Console

from pipeline.base.progress import ConsoleReporter


def reporter(*, terminal: bool) -> tuple[ConsoleReporter, io.StringIO]:
    """Return a reporter and what it writes to."""
    stream = io.StringIO()
    return ConsoleReporter(Console(file=stream, force_terminal=terminal, width=100)), stream


def test_nested_tasks_share_one_display() -> None:
    """A task inside a task shows both, and the display ends with the outer one."""
    shown, stream = reporter(terminal=True)
    for _ in range(2):
        with shown.task("outer", total=2) as outer:
            with shown.task("inner") as inner:
                inner.update(text="inner, further")
            outer.update(done=1)
    assert "outer" in stream.getvalue()


def test_lines_are_literal() -> None:
    """Paths and the messages of engines have brackets, which are no markup; no colon makes a picture either."""
    shown, stream = reporter(terminal=False)
    text = "RuntimeError: [enforce fail at alloc_cpu.cpp:113] of [/tmp/x] and :smile:"
    shown.warn(text)
    ConsoleReporter(Console(file=stream, width=100), verbose=True).note(text, head="[eval]")
    assert stream.getvalue() == f"warning: {text}\n[eval]: {text}\n"


def test_tasks_are_literal() -> None:
    """So are the names of tasks beside a bar."""
    shown, stream = reporter(terminal=True)
    with shown.task("reading [bold]x[/tmp/x]"):
        pass
    assert "reading [bold]x[/tmp/x]" in stream.getvalue()


def test_nothing_but_warnings_without_a_terminal() -> None:
    """Logs of automated runs hold no bars."""
    quiet, stream = reporter(terminal=False)
    with quiet.task("work", total=1) as task:
        task.update(done=1)
    quiet.note("a note")
    assert stream.getvalue() == ""
    quiet.warn("careful")
    assert stream.getvalue() == "warning: careful\n"
