"""The lines of the audit: what HAProxy writes, what an engine writes, and the one that is made of both.

HAProxy and the engines append to regular files (the spool), which never keeps either waiting and never loses a line
while the disk has room; the writer of the audit takes them from there.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from pipeline.base.moment import Moment
from pipeline.base.results import Result


class DoorLine(Result):
    """One request as HAProxy saw it, written when its answer ended.

    A line of the file that does not begin with `{` is HAProxy's own, at a reload, and no request.
    """

    at: str
    """When it arrived: UTC, ISO 8601, milliseconds."""
    id: str
    """Of the request; the engine is told in `X-Request-Id`, and the client is, too."""
    source: str
    """Address that it came from."""
    key: str
    """Id of the key; `-` without a valid one."""
    method: str
    path: str
    """Without the query string."""
    model: str
    """That the request named; `-` where it named none that can be read."""
    status: int
    """-1 where the client got none."""
    bytes: int
    place: str
    """Backend and place that answered, or that failed to (`model-1/place-2`); `-` for what no engine was asked."""
    ended: str
    """HAProxy's termination state (`%tsc`); `--` for an answer that came whole."""
    queued_ms: int
    first_byte_ms: int
    """From the arrival to the first byte of the answer; -1 without."""
    total_ms: int
    retries: Annotated[int, BeforeValidator(int)]
    """HAProxy writes `+1` where another engine took the request over."""


class UsageLine(Result):
    """One request as the engine's server saw it."""

    id: str
    key: str = "-"
    """Id of the key, as the door told the engine."""
    prompt_tokens: int
    completion_tokens: int
    exact: bool
    """The engine's own count. Otherwise its client hung up: the pieces that were sent before, and of the request a
    token for every four bytes."""
    first_token_ms: float | None
    """From the arrival at the engine to the first piece of text; None where none came, or the answer came whole."""
    total_ms: float


class KeptText(Result):
    """Prompt and answer of one request, of a key that is allowed to keep them; in a file of its own, never chained."""

    id: str
    request: str
    answer: str


class AuditLine(Result):
    """One line of the audit."""

    n: int
    """From 0, without a gap, over all files."""
    at: Moment
    kind: Literal["request", "event"] = "request"
    """An event is what the supervisor did: a release, a key, a loss."""
    id: str = "-"
    key: str = "-"
    """Name of the key."""
    key_id: str = "-"
    source: str = "-"
    method: str = "-"
    path: str = "-"
    model: str = "-"
    release: str = "-"
    status: int = 0
    cut: bool = False
    """The answer ended before its end."""
    ended: str = "--"
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    tokens_exact: bool | None = None
    queued_ms: int = 0
    first_token_ms: float | None = None
    total_ms: int = 0
    bytes: int = 0
    place: str = "-"
    event: str | None = None
    """What happened, as a sentence."""
    previous: str
    """SHA-256 of the line before, of its bytes without the line break."""
