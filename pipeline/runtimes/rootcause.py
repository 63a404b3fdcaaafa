"""Why a program ended: the signal that ended it, or the root cause in its long log."""

import re
import signal
from collections.abc import Sequence

_ERROR_LINE = re.compile(
    r"(?:^|[\s:])(?:[a-z_][\w.]*\.)?(?P<kind>[A-Z]\w*(?:Error|Exception|Exit|Refused)|error|ERROR): (?P<text>\S.*)$"
)
_PREFIX = re.compile(r"^(?:\([^)]*\)\s*)?(?:(?:ERROR|INFO|WARNING)\s+[\d-]+\s+[\d:.]+\s+(?:\[[^\]]*\]\s*)?)?")
"""What stands in front of a message: the process, and the logger's level, date, time and place."""
_CONSEQUENCES = ("SystemExit", "CalledProcessError", "CancelledError", "Cannot connect to")
_LONGEST = 300
_HARMLESS = re.compile(r"^(?:\([^)]*\)\s*)?(?:INFO|DEBUG|WARNING)\b|\bHTTP/\d")
"""Log lines below the level of errors, and those of an access log, whatever words are in them."""
_COMPLAINT = re.compile(
    r"error|fatal|fail|cannot|can't|could not|unable|exception|abort|killed|fault|corrupt|terminate called|assert"
    r"|out of memory|no space|no such|not found|no module|denied|refus|unrecognized|unsatisfiable|invalid|unsupported",
    re.IGNORECASE,
)
"""Words of a last line that says why the program ended."""
_BY_SIGNAL = {
    signal.SIGKILL: "most likely because memory ran out: `journalctl -k` or `dmesg` then names it as killed, a "
    "container counts oom_kill. Free memory, raise the limit, or use smaller settings",
    signal.SIGSEGV: "a crash in native code, such as a driver or library that does not fit",
    signal.SIGABRT: "native code gave up",
    signal.SIGBUS: "most likely /dev/shm or the disk is full, or a file that it had open was cut",
    signal.SIGILL: "the processor lacks an instruction that it was built for",
    signal.SIGTERM: "somebody else asked it to stop",
    signal.SIGINT: "somebody else asked it to stop",
    signal.SIGHUP: "somebody else asked it to stop",
}
_CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)
_NO_ERROR = "without an error in its log."


def root_cause(log: str, *, consequences: Sequence[str] = (), deaths: Sequence[str] = ()) -> str:
    """Return the first error in a log that is not the consequence of another, as one sentence.

    Falls back to what a killed process leaves behind, then to the last line with text if that is a complaint.
    Pydantic's "1 validation error" keeps the two lines that follow it.

    Args:
        log: its text.
        consequences: what marks an error of this program as the consequence of another, beside what Python itself says.
        deaths: what its other processes say of one that was killed.
    """
    lines = [_PREFIX.sub("", line).rstrip() for line in log.splitlines()]
    for number, line in enumerate(lines):
        found = _ERROR_LINE.search(line)
        if found and not any(known in line for known in (*_CONSEQUENCES, *consequences)):
            text = found["text"] if found["kind"].lower() == "error" else f"{found['kind']}: {found['text']}"
            if "validation error" in line:
                text = " ".join([text, *(following.strip() for following in lines[number + 1 : number + 3])])
            return _sentence(text)
    if any(sign in line for line in lines for sign in deaths):
        return "one of its processes ended without a word, most often killed because memory ran out."
    last = next((line for line in reversed(log.splitlines()) if line.strip()), "")
    if _COMPLAINT.search(last) and not _HARMLESS.search(last):
        return _sentence(_PREFIX.sub("", last))
    return f"it ended {_NO_ERROR}"


def cause_of_death(
    status: int | None, log: str, *, consequences: Sequence[str] = (), deaths: Sequence[str] = ()
) -> str:
    """Return why a program ended, as a sentence: the signal that ended it comes before what its log says.

    Args:
        status: its exit status; 128 and the signal's number, or that number below zero, for one that was killed. None
            for a program that runs and is of no use any more.
        log: its text.
        consequences: as for `root_cause`.
        deaths: as for `root_cause`.
    """
    said = root_cause(log, consequences=consequences, deaths=deaths)
    number = signal_of(status)
    if number is None:
        return f"it ended with status {status} {_NO_ERROR}" if status is not None and said.endswith(_NO_ERROR) else said
    told = f"it was ended by {signal_name(number)}"
    if number in _BY_SIGNAL:
        told += f", {_BY_SIGNAL[signal.Signals(number)]}"
    return f"{told}. Its log says: {said}" if number in _CRASHES and not said.endswith(_NO_ERROR) else f"{told}."


def signal_of(status: int | None) -> int | None:
    """Return the signal that an exit status stands for; None for a program that ended by itself, or has not ended."""
    number = 0 if status is None else -status if status < 0 else status - 128
    return number if 0 < number < signal.NSIG else None


def signal_name(number: int) -> str:
    """Return `SIGKILL` for 9, and `signal 40` for one without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1].rstrip() + "…"
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
