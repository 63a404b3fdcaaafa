"""What became of a request, as a service level sees it."""

from typing import Literal

from serve.audit.lines import AuditLine
from serve.gateway.rules import TEMPORARY

Outcome = Literal["answered", "failed", "abandoned", "refused", "limited", "unknown_key"]
"""`failed`: 5xx, no answer, or one that was cut; `abandoned`: the client left before its end; `refused`: 4xx, the
client's own mistake; `limited`: 429; `unknown_key`: it never was let in."""
_LIMITED = 429
_CLIENT = frozenset("Cc")
"""First letter of HAProxy's termination state where the client ended it, or went silent."""


def outcome_of(line: AuditLine) -> Outcome:
    """Return what became of a request."""
    if line.key_id == "-":
        return "unknown_key"
    if line.ended[:1] in _CLIENT:
        return "abandoned"
    if line.cut or line.status < 0 or line.status >= 500:  # noqa: PLR2004 -- HTTP's own classes
        return "failed"
    if line.status == _LIMITED:
        return "limited"
    return "refused" if line.status >= 400 else "answered"  # noqa: PLR2004


def generates(line: AuditLine) -> bool:
    """Return whether a client asked a model for something; lists of models are answered in no time and would flatter.

    What awqctl itself asks (`awqctl serve audit` is hostile) says nothing of what clients got. A request whose line at
    the door is lost has no method; engines are asked for nothing else.
    """
    return line.kind == "request" and line.method in {"POST", "-"} and line.key_id != TEMPORARY
