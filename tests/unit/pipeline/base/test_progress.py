"""Progress: rows that are redrawn on a terminal, lines with a time elsewhere."""

import io
import re

import pytest
from rich.console import Console

from pipeline.base.bars import BarReporter
from pipeline.base.lines import LineReporter
from pipeline.base.progress import QuietReporter, Reporter
from tests.helpers import wait_for

STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


def bars(width: int = 100, **options: bool) -> tuple[BarReporter, io.StringIO]:
    """Return a reporter on a terminal of some width and what it writes to."""
    stream = io.StringIO()
    return BarReporter(Console(file=stream, force_terminal=True, width=width), **options), stream


def lines(every_s: float = 60) -> tuple[LineReporter, io.StringIO]:
    """Return a reporter without a terminal and what it writes to."""
    stream = io.StringIO()
    return LineReporter(Console(file=stream, width=60), every_s=every_s), stream


def work(reporter: Reporter) -> None:
    """Go through a stage with two steps in each of two tasks, one in the other."""
    reporter.note("not run yet", head="stage 2 of 6, eval")
    with reporter.stage("eval", "stage 2 of 6"), reporter.task("outer", total=8) as outer:
        with reporter.task("inner: loading") as inner:
            inner.update(text="inner: asking", done=1, total=3)
            inner.update(text="inner: asking", done=2, total=3)
        outer.update(done=3)
    reporter.note("passed in 5 s", head="stage 2 of 6, eval")


def test_one_display_for_what_is_open() -> None:
    """The stage and its place stand above its tasks; nothing of them stays but the notes."""
    shown, stream = bars()
    work(shown)
    assert "stage 2 of 6, eval" in stream.getvalue()
    assert "outer" in stream.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_figures_stay_visible_on_narrow_terminals(width: int) -> None:
    """Words are cut, not the figures, and no row is wider than the terminal."""
    shown, stream = bars(width)
    with (
        shown.stage("eval", "stage 2 of 6"),
        shown.task("a text that no terminal of eighty columns holds " * 3, total=8),
    ):
        pass
    rows = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", row) for row in re.split(r"[\r\n]+", stream.getvalue())]
    cut = [row.rstrip() for row in rows if "a text" in row]
    assert cut
    assert all(row.endswith("0:00 elapsed") and len(row) <= width for row in cut)
    assert all(("0 of 8" if width >= 80 else "0 %") in row for row in cut)


def test_steps_may_stay() -> None:
    """With -v every step leaves a line with its time, which the display does not take away."""
    shown, stream = bars(steps_stay=True)
    work(shown)
    assert [text in stream.getvalue() for text in ("inner: loading\n", "inner: asking\n")] == [True, True]


def test_a_line_for_each_stage_and_step() -> None:
    """In order, each with its time, steps under the name of their stage; advances alone are no steps."""
    shown, stream = lines()
    work(shown)
    said = stream.getvalue().splitlines()
    assert all(re.match(f"{STAMP} ", line) for line in said)
    assert [line[20:] for line in said] == [
        "stage 2 of 6, eval: not run yet",
        "eval: outer",
        "eval: inner: loading",
        "eval: inner: asking",
        "stage 2 of 6, eval: passed in 5 s",
    ]


def test_long_steps_are_not_silent() -> None:
    """As long as a step lasts, a line now and then says how far it is."""
    shown, stream = lines(every_s=0.01)
    with shown.task("reading", total=8) as task:
        task.update(done=3)
        wait_for(lambda: stream.getvalue().count("reading, 3 of 8, 0:0") >= 2, 20)


def test_a_stage_without_a_step_is_not_silent() -> None:
    """What no step speaks of is told by the stage's name."""
    shown, stream = lines(every_s=0.01)
    with shown.stage("report"):
        wait_for(lambda: "report: 0:0" in stream.getvalue(), 20)


def test_lines_are_literal() -> None:
    """Paths and the messages of engines have brackets, which are no markup; no colon is a picture, no width a cut."""
    shown, stream = lines()
    text = "RuntimeError: [enforce fail at alloc_cpu.cpp:113] of [/tmp/x] and :smile:"
    shown.warn(text)
    shown.note(text, head="[eval]")
    with shown.task(text):
        pass
    warning, *others = stream.getvalue().splitlines()
    assert warning == f"warning: {text}"
    assert [line[20:] for line in others] == [f"[eval]: {text}", text]


def test_rows_are_literal() -> None:
    """So are the names of tasks beside a bar."""
    shown, stream = bars()
    with shown.task("reading [bold]x[/tmp/x]"):
        pass
    assert "reading [bold]x[/tmp/x]" in stream.getvalue()


def test_quiet_is_warnings_alone() -> None:
    """With -q nothing else is said."""
    shown, stream = lines()
    work(QuietReporter(shown))
    assert stream.getvalue() == ""
    QuietReporter(shown).warn("careful")
    assert stream.getvalue() == "warning: careful\n"
