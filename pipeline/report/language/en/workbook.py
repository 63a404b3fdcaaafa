"""Sheets, headings and notes of the Excel workbook."""

from collections.abc import Mapping

from pipeline.report.language.en.words import Words


class WorkbookSentences(Words):
    """What the workbook says beside the chapters."""

    summary_sheet = "Summary"
    evidence_sheet = "Evidence"
    chart_data_sheet = "Chart data"
    further_sheet = "Further chapters"
    sheets: Mapping[str, tuple[str, ...]] = {
        "Accuracy": ("accuracy",),
        "Speed": ("speed", "crossover", "latency", "per-user", "profile"),
        "Memory": ("memory", "plan"),
        "Costs": ("costs",),
        "Operation": ("soak", "endpoint", "health"),
        "Checkpoint": ("checkpoint",),
        "Method": ("method", "environment", "not-measured", "files"),
    }
    """The chapters of each sheet, by their ids; all others stand on the last one."""

    back = "To the summary"
    sheets_title = "Sheets of this workbook"
    recommendation = "Recommendation"
    key_figures = "Key figures"
    findings = "Findings"
    topic = "Topic"
    verdict = "Verdict"
    chart_not_drawn = "Excel has no such chart: its figures stand in the tables of this chapter."

    chart_ranges = (
        "In Excel's charts a range is a bar around its point: the interval where it is known, else from the slowest to "
        "the fastest run. Very wide ones run out of the chart."
    )
    evidence_title = "Where every figure stands"
    evidence_note = "File of the run and JSON pointer in it; several where a figure was calculated from them."
    evidence_columns = ("Chapter", "Table", "Row", "Column", "Printed", "Unrounded", "Origin", "File and pointer")

    def printed(self, column: str) -> str:
        """Return the heading of a column with the whole text that a report prints in the column before."""
        return f"{column}, as printed"

    def below(self, name: str) -> str:
        """Return the heading of how far a range reaches below its figures."""
        return f"{name}, range below"

    def above(self, name: str) -> str:
        """Return the heading of how far a range reaches above its figures."""
        return f"{name}, range above"
