"""What the report stage reports."""

from typing import ClassVar, Literal

from pipeline.base.results import Payload
from pipeline.report.document import Finding


class ReportResult(Payload):
    """What the report says in short."""

    STAGE: ClassVar = "report"
    schema_version: Literal[1] = 1
    recommendation: str
    findings: tuple[Finding, ...]
