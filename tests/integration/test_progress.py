"""Progress of a process: on a real terminal, in a pipe, in the log of a CI service."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import command

STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
LOOK = """
from pipeline.cli.common import emit, reporter
with reporter().task("looking"):
    emit(True, {}, "")
"""


def test_lines_leave_at_once(tmp_path: Path) -> None:
    """What a pipe gets does not wait for the end of the command, nor for a full buffer."""
    script = tmp_path / "waiting.py"
    script.write_text(
        "import sys\nfrom pipeline.cli.common import reporter\n"
        "with reporter().task('waiting for the test'):\n    sys.stdin.readline()\n"
    )
    with subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        assert process.stderr.readline().endswith("waiting for the test\n")
        process.stdin.write("\n")


def on_terminal(**environment: str) -> tuple[str, str]:
    """Return standard output, which is a pipe, and what some work writes to the terminal that is standard error."""
    ours, theirs = pty.openpty()
    settings = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR", "COLUMNS")}
    with subprocess.Popen(
        [sys.executable, "-c", LOOK],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=settings | {"TERM": "xterm"} | environment,
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the terminal's end, as Linux says it
                break
            shown += part
        output = process.communicate()[0]
    os.close(ours)
    return output.decode(), shown.decode()


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}], ids=["colour", "no colour"])
def test_rows_on_a_real_terminal(environment: dict[str, str]) -> None:
    """Work on a terminal is drawn and taken away; standard output holds the document alone."""
    output, shown = on_terminal(**environment)
    json.loads(output)
    assert "elapsed" in shown
    assert "\x1b[" in shown
    assert ("\x1b[3" in shown) is not bool(environment)


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"CI": "1"}], ids=str)
def test_lines_where_nothing_should_be_redrawn(environment: dict[str, str]) -> None:
    """A terminal that cannot, or the log of a CI service, gets lines."""
    _, shown = on_terminal(**environment)
    assert re.match(f"{STAMP} looking", shown)
    assert "\x1b" not in shown


def test_lines_in_a_pipe() -> None:
    """Without a terminal: lines on standard error, even where colours are forced; the document alone elsewhere."""
    answer = subprocess.run(
        command("quantize", "demo", "--dry-run", "--json"),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"FORCE_COLOR": "1"},
    )
    json.loads(answer.stdout)
    assert re.match(f"{STAMP} looking at packaged:demo\n", answer.stderr)
