"""The standard streams: UTF-8 whatever the locale is, and what follows when one is closed or full."""

import io
import locale
import os
import signal
import sys
from pathlib import Path
from typing import Any

from pipeline.base.errors import Interrupted

CLOSED_PIPE = 128 + signal.SIGPIPE
"""What a shell reports of a program whose reader went away, such as `head`."""


def enter_utf8_mode() -> None:
    """Start this command again in Python's UTF-8 mode where the locale has another encoding.

    File names and libraries follow the mode, and nothing else: it can only be chosen at the start.
    """
    line = Path("/proc/self/cmdline")  # the very bytes: what was decoded in a multibyte encoding may not go back
    if not sys.flags.utf8_mode and sys.getfilesystemencoding() != "utf-8" and sys.executable and line.is_file():
        arguments = line.read_bytes().split(b"\0")[1:-1]
        os.execv(sys.executable, [sys.executable.encode(), b"-X", b"utf8", *arguments])  # noqa: S606 -- no shell wanted


class Outlet(io.FileIO):
    """Standard output or standard error, which remembers why it could not be written, and then swallows the rest.

    Click and Rich would end the program in ways of their own, and the interpreter fails once more at its end.
    """

    failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        """Write bytes, or swallow what comes after a failure.

        Raises:
            Interrupted: nobody reads it any more.
            OSError: it cannot be written for another reason.
        """
        try:
            return memoryview(data).nbytes if self.failure else super().write(data)
        except BrokenPipeError as problem:
            self.failure = problem
            raise Interrupted("The output was closed. Run the same command again to go on where it stopped.") from None
        except OSError as problem:
            self.failure = problem
            raise


def prepare_streams() -> tuple[Outlet, Outlet]:
    """Put UTF-8 on the standard streams and return those of output and error; a terminal shows `?` for what it cannot.

    Those that were closed from the start lead nowhere, lest a file takes their place.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004 -- standard error
        os.set_inheritable(descriptor, True)  # noqa: FBT003 -- positional only
    os.close(descriptor)
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8")
    output, error = Outlet(1, "w", closefd=False), Outlet(2, "w", closefd=False)
    sys.stdout, sys.stderr = _text(output), _text(error, line_buffering=True)
    return output, error


def _text(outlet: Outlet, *, line_buffering: bool = False) -> io.TextIOWrapper:
    terminal = outlet.isatty()
    encoding, errors = (_terminal_encoding(), "replace") if terminal else ("utf-8", "backslashreplace")
    buffered = io.BufferedWriter(outlet)
    return io.TextIOWrapper(buffered, encoding, errors, line_buffering=line_buffering or terminal)


def _terminal_encoding() -> str:
    """Return the locale's encoding; ASCII says nothing about the terminal, and UTF-8 holds it."""
    name = locale.getencoding().lower()
    return "utf-8" if name in ("utf-8", "utf8", "ascii", "us-ascii", "ansi_x3.4-1968", "646") else name
