"""The table of serve/RELIABILITY.md is what the scenarios wrote, and nothing else."""

from pathlib import Path

from tests.chaos.__main__ import SCENARIOS
from tests.chaos.row import PAGE, Row, keep, page_with, read_rows, stamped, table


def test_page_has_the_rows_of_the_file() -> None:
    """Nobody has written a figure by hand."""
    page = PAGE.read_text(encoding="utf-8")
    assert page_with(page, table(read_rows(), list(SCENARIOS))) == page


def test_every_row_is_of_a_scenario() -> None:
    """A scenario that was renamed leaves no row behind."""
    assert set(read_rows()) <= set(SCENARIOS)


def test_latest_row_takes_the_place_of_the_last(tmp_path: Path) -> None:
    """A row is kept by its scenario, with the time and what else ran."""
    file = tmp_path / "rows.json"
    for reached in ("no", "yes"):
        row = Row(what="w", asked="a", reached=reached, passed=reached == "yes", requests=3)
        keep(stamped(row, "one", 1.26, 0.52), file)
    (kept,) = read_rows(file).values()
    assert (kept.name, kept.reached, kept.passed, kept.seconds, kept.load) == ("one", "yes", True, 1.3, 0.5)
    assert kept.at


def test_missed_figure_is_seen() -> None:
    """The table says so, in the order of the scenarios."""
    rows = {name: Row(what=name, asked="a", reached="r", passed=name == "b") for name in ("a", "b")}
    lines = table(rows, ["b", "c", "a"]).splitlines()[2:]
    assert [("**no**" in line, line.split("|")[1].strip()) for line in lines] == [(False, "b"), (True, "a")]


def test_only_the_table_of_the_page_changes() -> None:
    """What stands before and after it stays."""
    page = page_with("before\n<!-- rows: written by tests.chaos -->\nold\n<!-- end of rows -->\nafter\n", "new")
    assert page.startswith("before\n")
    assert page.endswith("\nafter\n")
    assert "new" in page
    assert "old" not in page
