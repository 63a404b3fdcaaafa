"""`AuditStatus`: what the audit says of itself."""

from pipeline.base.results import Result


class AuditStatus(Result):
    """The audit's writer."""

    lines: int
    """Written since the endpoint started."""
    behind_bytes: int
    """Of the spool that it has not taken yet."""
    lost: int
    """Lines that are known to be lost."""
    problem: str | None = None
