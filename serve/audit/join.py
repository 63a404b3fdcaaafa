"""What HAProxy and the engines say of the same request, joined into one line of the audit. Standard library only.

Lines of the door are taken in their order: one that an engine answered waits for the engine's line, which is there
before as a rule; those behind it wait with it, two seconds at most.
"""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from serve.audit.names import Names
from serve.gateway.routes import ROUTES as DOOR_ROUTES

ROUTES = tuple(route.partition(" ")[2] for route in DOOR_ROUTES if route.startswith("POST "))
"""Whose answers have a line of the engine, too."""
_WAIT_S = 2.0
_LATE_S = 60.0
"""How long it is remembered that a request's line went without its usage."""
_ORPHAN_S = 600.0
"""Longer than any client takes an answer that its engine has finished; then the door's line is lost."""
_ENDED = 2
"""Letters of HAProxy's termination state; what follows is about cookies."""


@dataclass
class _Usage:
    """What engines said of one request: of each that tried it."""

    raw: list[str]
    first_seen: float
    prompt_tokens: int = 0
    completion_tokens: int = 0
    exact: bool = True
    first_token_ms: float | None = None
    key: str = "-"

    def add(self, line: dict[str, Any]) -> None:
        self.prompt_tokens += line["prompt_tokens"]
        self.completion_tokens += line["completion_tokens"]
        self.exact = self.exact and line["exact"]
        self.key = line.get("key", "-")
        if line["first_token_ms"] is not None:
            self.first_token_ms = line["first_token_ms"]

    def tokens(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "tokens_exact": self.exact,
        }


@dataclass
class _Waiting:
    """A line of the door or an event, in order."""

    line: dict[str, Any]
    origin: Any
    seen: float
    event: bool = False


class Join:
    """Takes lines in, gives documents out in the order of the door's lines.

    Args:
        names: of keys and releases.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._waiting: deque[_Waiting] = deque()
        self._usage: dict[str, _Usage] = {}
        self._without: dict[str, float] = {}

    @property
    def waiting(self) -> int:
        """Return how many lines of the door wait to be given out."""
        return len(self._waiting)

    @property
    def unmatched(self) -> int:
        """Return how many requests are known by their engines alone."""
        return len(self._usage)

    def unmatched_lines(self) -> list[str]:
        """Return the engines' lines whose request has no line yet."""
        return [raw for usage in self._usage.values() for raw in usage.raw]

    def add_usage(self, text: bytes, now: float) -> None:
        """Take a line of an engine.

        Raises:
            ValueError: it cannot be read.
        """
        raw = text.decode(errors="replace")
        line = _document(raw, "id", "prompt_tokens", "completion_tokens", "exact", "first_token_ms")
        usage = self._usage.setdefault(line["id"], _Usage([], now))
        usage.raw.append(raw)
        usage.add(line)

    def add_door(self, text: bytes, now: float, origin: Any) -> None:
        """Take a line of the door; `origin` is given out with its document.

        Raises:
            ValueError: it cannot be read.
        """
        line = _document(text.decode(errors="replace"), "at", "id", "key", "method", "path", "status", "place", "ended")
        self._waiting.append(_Waiting(line, origin, now))

    def add_event(self, text: bytes, now: float, origin: Any) -> None:
        """Take a line of the supervisor; `origin` is given out with its document.

        Raises:
            ValueError: it cannot be read.
        """
        line = _document(text.decode(errors="replace"), "at", "event")
        self._waiting.append(_Waiting(line, origin, now, event=True))

    def add_said(self, sentence: str, now: float, origin: Any) -> None:
        """Take what the writer has to say in the place of a line that it could not read."""
        self._waiting.append(_Waiting(said(sentence), origin, now, event=True))

    def ready(self, now: float, *, all_of_them: bool = False) -> Iterator[tuple[dict[str, Any], Any]]:
        """Yield the documents that need not wait any more, without number and hash, and where each is from.

        Args:
            now: monotonic.
            all_of_them: nothing more will come.
        """
        while self._waiting:
            first = self._waiting[0]
            if first.event:
                self._waiting.popleft()
                yield {"at": first.line["at"], "kind": "event", "event": first.line["event"]}, first.origin
                continue
            usage = self._usage.get(first.line["id"])
            answered = _answered_by_engine(first.line)
            if answered and usage is None and not all_of_them and now - first.seen < _WAIT_S:
                return
            self._waiting.popleft()
            if usage:
                del self._usage[first.line["id"]]
            elif answered:
                self._without[first.line["id"]] = now
            yield self._request(first.line, usage), first.origin

    def late(self, now: float) -> Iterator[dict[str, Any]]:
        """Yield a document for each engine's line that came after its request's, or whose request has none."""
        for request, usage in list(self._usage.items()):
            too_late = request in self._without
            if not too_late and now - usage.first_seen < _ORPHAN_S:
                continue
            del self._usage[request]
            key = {"id": request, "key": self._names.key(usage.key), "key_id": usage.key, **usage.tokens()}
            if too_late:
                yield {"at": _now(), "kind": "event", **key, "event": "The usage of a request came after its line."}
            else:
                lost = "The door's line of this request is lost: HAProxy was killed."
                yield {"at": _now(), "kind": "request", **key, "status": -1, "cut": True, "event": lost}
        self._without = {request: at for request, at in self._without.items() if now - at < _LATE_S}

    def _request(self, line: dict[str, Any], usage: _Usage | None) -> dict[str, Any]:
        ended = line["ended"][:_ENDED]
        queued = line.get("queued_ms", 0)
        first = usage.first_token_ms if usage else None
        return {
            "at": line["at"],
            "kind": "request",
            "id": line["id"],
            "key": self._names.key(line["key"]),
            "key_id": line["key"],
            "source": line.get("source", "-"),
            "method": line["method"],
            "path": line["path"],
            "model": line.get("model", "-"),
            "release": self._names.release(line["place"], line["at"]),
            "status": line["status"],
            "cut": line["status"] < 0 or ended[1:] == "D",
            "ended": ended,
            **(usage.tokens() if usage else {}),
            "queued_ms": queued,
            **({} if first is None else {"first_token_ms": round(first + max(queued, 0), 1)}),
            "total_ms": line.get("total_ms", 0),
            "bytes": line.get("bytes", 0),
            "place": line["place"],
        }


def said(sentence: str) -> dict[str, Any]:
    """Return the document of an event that happens now."""
    return {"at": _now(), "kind": "event", "event": sentence}


def _answered_by_engine(line: dict[str, Any]) -> bool:
    return line["place"] != "-" and line["method"] == "POST" and line["path"] in ROUTES


def _document(text: str, *needed: str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(text)
    except RecursionError as problem:
        raise ValueError("it is nested too deep") from problem
    if not isinstance(document, dict) or (missing := [name for name in needed if name not in document]):
        raise ValueError(f"it lacks {', '.join(missing)}" if isinstance(document, dict) else "it is no object")
    return document


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
