"""What the report stage reports."""

from typing import ClassVar, Literal

from pipeline.base.results import Payload
from pipeline.report.decision import Choice
from pipeline.report.document import Finding


class ReportResult(Payload):
    """What the report says in short."""

    STAGE: ClassVar = "report"
    schema_version: Literal[1] = 1
    decision: Choice | None = None
    """The one recommendation; None in results of earlier versions."""
    recommendation: str
    """Why."""
    findings: tuple[Finding, ...]
