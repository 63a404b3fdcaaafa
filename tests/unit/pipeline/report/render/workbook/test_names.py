"""Names of sheets and cells are what Excel takes, each once."""

from pipeline.report.render.workbook.names import cell_names, sheet_names


def test_sheets_are_short_plain_and_each_once() -> None:
    """Forbidden signs are left out, long titles cut, and what is then alike counted, whatever the case."""
    long = "a" * 40
    assert sheet_names(["Cost/benefit: [1]", "roi", "ROI", long, long, "'"]) == [
        "Cost benefit   1", "roi", "ROI_2", "a" * 31, f"{'a' * 29}_2", "-",
    ]  # fmt: skip


def test_cells_are_called_as_their_inputs() -> None:
    """Whatever a variant is called, its name is none of a cell's address, and differs from all others."""
    assert cell_names(["a-1.watts", "a_1.watts", "A.1.watts", "A1"]) == {
        "a-1.watts": "in_a_1_watts",
        "a_1.watts": "in_a_1_watts_2",
        "A.1.watts": "in_A_1_watts_3",
        "A1": "in_A1",
    }
