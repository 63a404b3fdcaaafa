"""Pieces of a report: each has a name of its own, and a figure without a source makes no report."""

import pytest

from pipeline.report.document import Cell, Column, ReportDocument, Table
from pipeline.report.printed import UnsourcedFigureError, figures_of, printed


def with_cell(report: ReportDocument, cell: Cell, *, numeric: bool = True) -> ReportDocument:
    """Return the report with one more table of one row."""
    table = Table(
        id="more",
        title="More",
        columns=(Column(title="arm", numeric=False), Column(title="speed", numeric=numeric)),
        rows=((Cell(text="AWQ"), cell),),
    )
    first, *others = report.sections
    return report.model_copy(update={"sections": (first.model_copy(update={"tables": (table,)}), *others)})


def test_names_are_unique(report: ReportDocument) -> None:
    """So that a piece is found again in any format."""
    names = [one.id for one in printed(report)]
    assert len(names) == len(set(names)) > 300


@pytest.mark.parametrize(
    "cell",
    [
        Cell(text="12", value=12.0, origin="measured"),
        Cell(text="12 to 14", origin="measured"),
        Cell(text="12", value=12.0, evidence=("record.json#/recipe/name",)),
    ],
)
def test_figure_without_source_is_refused(report: ReportDocument, cell: Cell) -> None:
    """Without a key or an origin; the message names table, row and column."""
    with pytest.raises(UnsourcedFigureError, match=r"'More' \(more\), row 'AWQ', column 'speed'"):
        figures_of(with_cell(report, cell))


def test_words_need_no_source(report: ReportDocument) -> None:
    """Also those with digits, in a column of words."""
    assert figures_of(with_cell(report, Cell(text="W4A16"), numeric=False))


def test_origins_look_different(report: ReportDocument) -> None:
    """Each has a word and a sign of its own."""
    labels = report.labels
    assert len(set(labels.marks.values())) == len(set(labels.origins.values())) == 4
