"""Every figure of the report says where it came from, and in which file of the run it is found."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eval.accuracy.result import EvalResult
from eval.alarm.result import Fidelity
from eval.comparison.result import NoiseFloor
from pipeline.record.record import RunRecord, save_record
from pipeline.report.document import Cell, ReportDocument, Table
from serve.result import ServeResult
from tests.unit.pipeline.report.documents import report_of

RESULTS = {"eval": "eval/results.json", "bench": "bench/results.json", "roi": "roi/roi.json"}
"""What the stages write beside the record."""


@pytest.fixture
def record(
    make_run: Callable[..., RunRecord],
    controlled: EvalResult,
    make_fidelity: Callable[..., Fidelity],
    endpoint: ServeResult,
) -> RunRecord:
    """Return a run that measured whatever can be measured: control, noise floor, alarm and endpoint."""
    floor = NoiseFloor(
        task="demo_sums",
        metric="acc",
        items=1000,
        concurrency=(16, 8),
        delta=0.001,
        changed=3,
        flips_to_wrong=2,
        flips_to_right=1,
        floor=0.004,
    )
    fidelity = (make_fidelity("awq", absurd=False), make_fidelity("rtn", absurd=True))
    return make_run(
        accuracy=controlled.model_copy(update={"fidelity": fidelity, "noise_floor": (floor,)}), endpoint=endpoint
    )


@pytest.fixture
def look(record: RunRecord, tmp_path: Path) -> Callable[[str], Any]:
    """Return a function that looks up a key in the files that such a run leaves behind."""
    save_record(record, tmp_path / "record.json")
    for stage, name in RESULTS.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(json.dumps(record.stages[stage].payload))

    def found(key: str) -> Any:
        file, pointer = key.split("#/", 1)
        value = json.loads((tmp_path / file).read_text())
        for part in pointer.split("/"):
            value = value[int(part) if isinstance(value, list) else part]
        return value

    return found


def cells_of(report: ReportDocument) -> Iterator[tuple[Table, Cell]]:
    """Return every cell of every table."""
    for table in (*report.summary, *(table for section in report.sections for table in section.tables)):
        for row in table.rows:
            for cell in row:
                yield table, cell


def test_every_figure_has_origin_and_evidence(record: RunRecord, look: Callable[[str], Any]) -> None:
    """A figure with one key is the very number in that file; one with several was calculated from them."""
    report = report_of(record)
    figures = [(table, cell) for table, cell in cells_of(report) if cell.value is not None]

    assert len(figures) > 200
    for table, cell in figures:
        assert cell.origin or table.origin, (table.id, cell.text)
        assert cell.evidence, (table.id, cell.text)
        found = [look(key) for key in cell.evidence]
        assert len(found) > 1 or found == [cell.value], (table.id, cell.text)


def test_words_made_of_figures_have_evidence_too(record: RunRecord, look: Callable[[str], Any]) -> None:
    """Intervals, bounds and flips are numbers in words: their cells name both."""
    spans = [cell for _, cell in cells_of(report_of(record)) if cell.value is None and cell.evidence]

    assert len(spans) > 10
    assert all(isinstance(look(key), int | float) for cell in spans for key in cell.evidence)


def test_key_figures_findings_and_charts_are_found(record: RunRecord, look: Callable[[str], Any]) -> None:
    """So are the figures of the first page and of every series; a series has one place for each of its figures."""
    report = report_of(record)
    charts = [chart for section in report.sections for chart in section.charts]
    series = [one for chart in charts for one in chart.series]
    keys = [key for one in (*report.key_figures, *report.findings, *series) for key in one.evidence]

    assert [look(key) for key in keys].count(None) == 0
    assert all(one.evidence for one in (*report.key_figures, *series))
    assert [finding.topic for finding in report.findings if not (finding.evidence and finding.origin)] == []
    for one in series:
        for values in (one.y, one.low, one.high, one.labels, one.tones):
            assert len(values) in (0, len(one.x)), one.name
