"""The forest plot: what is drawn, and what is said to those who cannot see it."""

import re
from collections.abc import Callable
from html import unescape

from eval.accuracy.result import EvalResult, TaskScore
from pipeline.record.record import RunRecord
from pipeline.report.charts.svg import svg_of
from tests.unit.pipeline.report.documents import report_of

MINUS = "\N{MINUS SIGN}"
Run = Callable[..., RunRecord]
Task = Callable[..., TaskScore]
Accuracy = Callable[..., EvalResult]


def test_forest_plot_says_what_it_shows(make_run: Run, make_task: Task, make_accuracy: Accuracy) -> None:
    """One row per task and arm, AWQ first; a fall of what is better when low is no loss; the text has every row."""
    tasks = (
        make_task("sums", 0.9, 0.85, 0.02, arm="rtn"),
        make_task("sums", 0.9, 0.88, 0.02, more_items=10),
        make_task("bits", 1.0, 0.99, 0.05, higher_is_better=False, metric="bits_per_byte"),
        make_task("bits", 1.0, 9.0, 0.05, higher_is_better=False, metric="bits_per_byte", arm="broken"),
        make_task("zero", 0.9, 0.899, 0.0),
    )
    report = report_of(make_run(accuracy=make_accuracy(*tasks)))
    chart = report.sections[0].charts[0]
    texts = [unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg_of(chart))]

    assert chart.alternative.index("sums, AWQ: +0.0200") < chart.alternative.index("sums, rounded: +0.0500")
    assert f"bits, AWQ: {MINUS}0.0100" in chart.alternative
    assert "margin 0.0500, passed." in chart.alternative
    assert texts.count("AWQ") == 3
    assert {
        "sums, margin 0.0200",
        "inconclusive",
        "passed",
        "rounded",
        "broken",
        "+8.0000",
        "margin",
        "no loss",
    } <= set(texts)
    assert "To the right is worse, for every metric." in chart.caption
    assert "Grey band" not in chart.caption


def test_forest_plot_of_one_arm_needs_no_arm_names(make_run: Run, make_task: Task, make_accuracy: Accuracy) -> None:
    """With AWQ alone the rows are the tasks; a measured floor is drawn and named; equal scores are drawn, too."""
    tasks = (make_task("sums", 0.9, 0.9, 0.02, stderr=0.0, floor=0.01), make_task("x" * 80, 0.9, 0.9, None))
    chart = report_of(make_run(accuracy=make_accuracy(*tasks))).sections[0].charts[0]
    svg = svg_of(chart)

    assert ">AWQ<" not in svg
    assert "Grey band" in chart.caption
    assert "\N{HORIZONTAL ELLIPSIS}" in svg
    assert "no margin agreed" in svg
