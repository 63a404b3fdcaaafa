"""A report document as JSON: every figure unrounded beside its printed text."""

from pipeline.report.document import ReportDocument


def to_json(report: ReportDocument) -> str:
    """Return the same report as JSON, every figure unrounded beside its printed text."""
    return report.model_dump_json(indent=2) + "\n"
