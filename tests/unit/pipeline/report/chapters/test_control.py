"""AWQ against plain rounding, where the control was measured."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from eval.accuracy.result import Contrast, EvalResult, TaskScore
from pipeline.base.results import Result
from pipeline.record.record import RunRecord
from pipeline.report.chapters.control import control_sentence
from pipeline.report.comparison import against_control
from pipeline.report.document import Section
from pipeline.report.language.language import ENGLISH
from pipeline.report.render.html import to_html
from pipeline.report.render.markdown import markdown_text, to_markdown
from serve.result import ServeResult
from tests.unit.pipeline.report.documents import inputs_of, not_measured_section, report_of


@pytest.mark.usefixtures("no_charts")
def test_control_stands_beside_awq_in_every_rendering(
    make_run: Callable[..., RunRecord],
    section_of: Callable[[RunRecord, str], Section],
    cells_of: Callable[[Section, str], list[list[str]]],
    controlled: EvalResult,
    endpoint: ServeResult,
) -> None:
    """The losses of both, their paired difference and the verdict; the same figures in HTML and Markdown."""
    record = make_run(accuracy=controlled, endpoint=endpoint)
    section = section_of(record, "accuracy")
    rows = cells_of(section, "accuracy-control")
    minus, plus_minus = "\N{MINUS SIGN}", "\N{PLUS-MINUS SIGN}"
    html, markdown = to_html(report_of(record)), to_markdown(report_of(record))

    assert rows[0][2:] == [
        f"0.9080 {plus_minus} 0.0113",
        f"+0.0250 {plus_minus} 0.0040",
        f"+0.0050 {plus_minus} 0.0040",
        f"+0.0200 {plus_minus} 0.0041",
        "better",
    ]
    assert rows[1][-1] == "no clear difference"
    assert section.paragraphs[2] == (
        "AWQ against plain rounding of the same model: on demo_sums rounding loses 0.0250 and AWQ loses 0.0050 "
        f"(AWQ {minus} rounding: +0.0200 {plus_minus} 0.0041 acc on the same items), AWQ is better than rounding; "
        f"on demo_cloze rounding loses 0.0060 and AWQ loses 0.0050 (AWQ {minus} rounding: +0.0010 {plus_minus} 0.0052 "
        "acc on the same items), no clear difference."
    )
    assert all(cell in unescape(html.replace("<wbr>", "")) for row in rows for cell in row)
    assert all(markdown_text(cell) in markdown for row in rows for cell in row)
    assert [row[1] for row in cells_of(section, "accuracy-changes")] == ["AWQ", "rounded", "AWQ", "rounded"]


def without_evidence(part: Result) -> dict[str, Any]:
    """Return a finding or a key figure, wherever in the results its figures stand."""
    return part.model_dump(exclude={"evidence"})


@pytest.mark.usefixtures("no_charts")
def test_control_judges_nothing(
    make_run: Callable[..., RunRecord],
    section_of: Callable[[RunRecord, str], Section],
    cells_of: Callable[[Section, str], list[list[str]]],
    two_tasks: EvalResult,
    controlled: EvalResult,
) -> None:
    """A control beyond the margin fails no gate, leads no finding and takes no key figure."""
    plain, with_control = (report_of(make_run(accuracy=one)) for one in (two_tasks, controlled))

    assert controlled.control[0].passed is False
    assert [without_evidence(one) for one in with_control.findings] == [without_evidence(one) for one in plain.findings]
    assert [without_evidence(one) for one in with_control.key_figures] == [
        without_evidence(one) for one in plain.key_figures
    ]
    assert with_control.recommendation == plain.recommendation
    section = section_of(make_run(accuracy=controlled), "accuracy")
    assert [row[-1] for row in cells_of(section, "accuracy-verdicts")] == ["passed", "passed"]
    others = next(table for table in section.tables if table.id == "accuracy-others")
    assert [(row[-1].text, row[-1].tone) for row in others.rows] == [("inconclusive", "plain"), ("passed", "plain")]


@pytest.mark.parametrize(
    ("gain", "stderr", "expected"),
    [
        (0.01, 0.005, "better"),
        (0.0097, 0.005, "no clear difference"),
        (-0.0097, 0.005, "no clear difference"),
        (-0.01, 0.005, "worse"),
        (0.0, 0.0, "no clear difference"),
        (0.5, None, "error not known"),
    ],
)
def test_an_interval_without_zero_makes_a_difference_clear(
    gain: float, stderr: float | None, expected: str, make_contrast: Callable[..., Contrast]
) -> None:
    """One that holds zero does not; without an interval nothing is claimed."""
    assert against_control(make_contrast("task", gain, stderr)) == expected


def test_control_where_lower_is_better_and_unpaired(
    make_task: Callable[..., TaskScore],
    make_accuracy: Callable[..., EvalResult],
    make_contrast: Callable[..., Contrast],
) -> None:
    """Bits per byte: the difference keeps its sign, the verdict follows the gain; unpaired says nothing of items."""
    changes = {"higher_is_better": False, "metric": "bits_per_byte"}
    awq = make_task("bits", 1.0, 1.008, 0.05).model_copy(update={**changes, "loss": 0.008})
    rounded = make_task("bits", 1.0, 1.02, 0.05, arm="rtn").model_copy(update={**changes, "loss": 0.02})
    contrast = make_contrast("bits", 0.012, 0.001, paired=False).model_copy(
        update={"metric": "bits_per_byte", "delta": -0.012}
    )
    accuracy = make_accuracy(awq, rounded).model_copy(update={"contrasts": (contrast,)})

    assert control_sentence(accuracy, ENGLISH.control) == (
        "AWQ against plain rounding of the same model: on bits rounding loses 0.0200 and AWQ loses 0.0080 "
        "(AWQ \N{MINUS SIGN} rounding: \N{MINUS SIGN}0.0120 \N{PLUS-MINUS SIGN} 0.0010 bits_per_byte, "
        "lower is better), AWQ is better than rounding."
    )


def test_control_over_many_tasks_is_counted(
    make_task: Callable[..., TaskScore],
    make_accuracy: Callable[..., EvalResult],
    make_contrast: Callable[..., Contrast],
) -> None:
    """More than three tasks do not fit a sentence; it counts the verdicts."""
    gains = {"a": 0.02, "b": 0.001, "c": -0.001, "d": -0.02, "e": 0.03}
    tasks = [make_task(name, 0.9, 0.9 + gain, 0.02, arm=arm) for name, gain in gains.items() for arm in ("awq", "rtn")]
    contrasts = tuple(make_contrast(name, gain, 0.004) for name, gain in gains.items())
    accuracy = make_accuracy(*tasks).model_copy(update={"contrasts": contrasts})

    assert control_sentence(accuracy, ENGLISH.control) == (
        "AWQ against plain rounding of the same model: of 5 tasks, AWQ is better than rounding on 2, AWQ is worse "
        "than rounding on 1 and no clear difference on 2; the table below has every task."
    )


def test_limits_say_whether_a_control_was_measured(
    make_run: Callable[..., RunRecord], two_tasks: EvalResult, controlled: EvalResult
) -> None:
    """Without one, what AWQ bought is not known; with one, only its speed is not."""
    without, with_control = (
        " ".join(not_measured_section(inputs_of(make_run(accuracy=one))).bullets) for one in (two_tasks, controlled)
    )

    assert "What AWQ bought over plain rounding" in without
    assert "What AWQ bought over plain rounding" not in with_control
    assert "Speed of the round-to-nearest control" in with_control
