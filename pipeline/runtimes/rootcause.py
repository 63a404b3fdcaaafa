"""Digs the root cause out of the long log of a program that failed."""

import re
from collections.abc import Sequence

_ERROR_LINE = re.compile(
    r"(?:^|[\s:])(?:[a-z_][\w.]*\.)?(?P<kind>[A-Z]\w*(?:Error|Exception|Exit|Refused)|error|ERROR): (?P<text>\S.*)$"
)
_PREFIX = re.compile(r"^(?:\([^)]*\)\s*)?(?:(?:ERROR|INFO|WARNING)\s+[\d-]+\s+[\d:.]+\s+(?:\[[^\]]*\]\s*)?)?")
"""What stands in front of a message: the process, and the logger's level, date, time and place."""
_CONSEQUENCES = ("SystemExit", "CalledProcessError", "CancelledError", "Cannot connect to")
_LONGEST = 300


def root_cause(log: str, *, consequences: Sequence[str] = (), deaths: Sequence[str] = ()) -> str:
    """Return the first error in a log that is not the consequence of another, as one sentence.

    Falls back to what a killed process leaves behind, then to the last line with text. Pydantic's "1 validation
    error" keeps the two lines that follow it.

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
    last = next((line.strip() for line in reversed(lines) if line.strip()), "it ended without a word")
    return _sentence(last)


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1].rstrip() + "…"
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
