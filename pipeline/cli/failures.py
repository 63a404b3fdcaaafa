"""Failures at the process edge: each becomes a sentence on standard error and an exit code of the contract."""

import errno
import os
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path

import click

from pipeline.base.errors import Interrupted
from pipeline.base.homes import leads_to_home, variable_for
from pipeline.cli.streams import CLOSED_PIPE, Outlet

_NO_WAY = (errno.EEXIST, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)
_WRONG_PATH = (errno.EISDIR, *_NO_WAY)
"""What the system says of a path that no right and no space would make usable."""
_LONGEST_PATH = 300
_NO_HOME = (errno.EACCES, errno.EPERM, errno.EROFS, *_NO_WAY)
"""What the system says of a home in which nothing can be written."""

_PLAIN = {
    "is not a valid integer range": "is not a whole number",
    "is not a valid integer": "is not a whole number",
    "is not a valid float range": "is not a number",
    "is not a valid float": "is not a number",
}
"""What Click says of numbers, in plain words; the longer text first."""


def say(message: str, status: int) -> int:
    """Print a sentence to standard error; return the exit code."""
    with suppress(OSError, Interrupted):
        click.echo(f"awqctl: {message.translate(_VISIBLE)}", err=True)
    return status


_VISIBLE = {code: ascii(chr(code))[1:-1] for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
"""Control characters of what a file or a stranger's model says, which a terminal would obey."""


def _shortened(path: object) -> str:
    text = str(path)
    return text if len(text) <= _LONGEST_PATH else f"{text[:_LONGEST_PATH]}..."


def wrong_usage(problem: click.ClickException) -> int:
    """Say what is wrong with a command line and where its usage is explained; return the exit code."""
    if isinstance(problem, click.exceptions.NoArgsIsHelpError):
        with suppress(OSError, Interrupted):
            problem.show()
        return problem.exit_code
    message = problem.format_message().strip()
    for jargon, plain in _PLAIN.items():
        message = message.replace(jargon, plain)
    text = message if message.endswith((".", ")", "?")) else f"{message}."
    context = problem.ctx if isinstance(problem, click.UsageError) else None
    return say(f"{text} See `{context.command_path} --help`." if context else text, problem.exit_code)


def written(output: Outlet, error: Outlet, status: int) -> int:
    """Return the exit code of a command that ended with `status`, in case that a reader went away or a disk is full."""
    problems = [outlet.failure for outlet in (output, error) if outlet.failure]
    if any(problem.errno == errno.EPIPE for problem in problems):
        return CLOSED_PIPE
    if output.failure is None:
        return status
    return say(f"Standard output cannot be written: {output.failure.strerror}. Free space, or send it elsewhere.", 4)


def system_failure(problem: OSError) -> int:
    """Say what the system refused and what helps; return the exit code."""
    known = {
        errno.ENOSPC: "The disk is full. Free space",
        errno.EFBIG: "A file may not grow as large as it has to. Raise `ulimit -f`",
        errno.EDQUOT: "The disk quota is used up. Free space",
        errno.EACCES: "Permission denied. Check the owner of the path",
        errno.EROFS: "The file system is read-only. Choose another folder with --out",
        errno.EMFILE: "Too many open files. Raise `ulimit -n`",
    }
    no_home = problem.errno in _NO_HOME or (problem.errno == errno.ENOENT and leads_to_home(problem.filename))
    if no_home and problem.filename and (variable := variable_for(Path(str(problem.filename)))):
        advice = f"Set {variable} to a folder that can be written and run the same command again."
        return say(f"{_shortened(problem.filename)} cannot be used: {problem.strerror}. {advice}", 4)
    if problem.errno in _WRONG_PATH:
        path = _shortened(problem.filename)
        return say(f"{path} cannot be used: {problem.strerror}. Correct the path.", 2)
    if problem.errno == errno.ENOENT and problem.filename is None:  # only asking for the current folder names no file
        return say("The current folder is gone. Change to one that is there and run the same command again.", 4)
    if problem.errno not in known:
        return bug()
    where = f" ({problem.filename})" if problem.filename else ""
    return say(f"{known[problem.errno]}{where} and run the same command again.", 4)


def bug() -> int:
    """Write the traceback of the current exception to a log file and name it; return the exit code."""
    from pipeline.base.credentials import redacted

    details = redacted(traceback.format_exc())
    try:
        descriptor, where = tempfile.mkstemp(prefix="awqctl-", suffix=".log")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(details)
    except OSError:
        where = f"\n{details}"
    summary = details.strip().splitlines()[-1]
    return say(f"Unexpected failure, please report it: {summary[:200]} Details: {where}", 1)
