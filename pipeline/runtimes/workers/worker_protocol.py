"""The worker's side of the JSON-lines protocol; standard library only.

Requests come as one JSON object per line on standard input. Answers go out the same way on what was standard
output; standard output itself is turned into standard error first, so that a library that prints cannot
disturb the protocol.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any, TextIO


class Channel:
    """Where a worker reports."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def send(self, event: str, **fields: Any) -> None:
        """Send one event."""
        self._stream.write(json.dumps({"event": event, **fields}) + "\n")
        self._stream.flush()

    def progress(self, text: str, done: float | None = None, total: float | None = None) -> None:
        """Report how far the work is."""
        self.send("progress", text=text, done=done, total=total)


def open_channel() -> Channel:
    """Take over standard output for the protocol; later prints go to standard error."""
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return Channel(stream)


def serve(handlers: dict[str, Callable[[dict[str, Any], Channel], dict[str, Any]]]) -> None:
    """Answer requests `{"call": name, "request": {...}}` until standard input closes."""
    channel = open_channel()
    for line in sys.stdin:
        message = json.loads(line)
        try:
            answer = handlers[message["call"]](message["request"], channel)
        except Exception as problem:  # noqa: BLE001 -- process edge: every failure becomes an error event
            traceback.print_exc()
            text = " ".join(str(problem).split()) or "no message"
            channel.send("error", kind=type(problem).__name__, message=text[:600])
        else:
            channel.send("result", data=answer)
