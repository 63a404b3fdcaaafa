"""`KeyRule`: one key that is let in, and what it may."""

from dataclasses import dataclass

TEMPORARY = "awqctl-checks"
"""Name and id of keys that exist in memory alone, for what awqctl itself asks its endpoint."""


@dataclass(frozen=True)
class KeyRule:
    """One active key as the door needs it. None of a limit means none."""

    digest: str
    """SHA-256 of the key in hexadecimal."""
    id: str
    """Stands in the log."""
    name: str
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrent: int | None = None
    models: tuple[str, ...] | None = None
    """That it may ask for; None for all."""
    keeps_text_days: int | None = None
    """For how long prompts and answers of this key are kept; None: never."""


def temporary_rule(digest: str) -> KeyRule:
    """Return the rule of a key that is never written down and may everything."""
    return KeyRule(digest=digest, id=TEMPORARY, name=TEMPORARY)
