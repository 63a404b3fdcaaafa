"""The figures of native charts are those of the document; only staircases and margins are computed."""

import pytest

from pipeline.report.document import Chart, Labels, Mark, ReportDocument, Series
from pipeline.report.render.slides.points import Points, points_of


@pytest.fixture(scope="module")
def labels(report: ReportDocument) -> Labels:
    """Return the labels of a report."""
    return report.labels


def series(**changes: object) -> Series:
    """Return a series of two figures."""
    given = {
        "name": "AWQ",
        "arm": "awq",
        "x": (1, 4),
        "y": (1.0, 2.0),
        "unit": "",
        "origin": "measured",
        "evidence": (),
    }
    return Series.model_validate({**given, **changes})


def chart(kind: str, *parts: Series, marks: tuple[Mark, ...] = ()) -> Chart:
    """Return a chart of them."""
    texts = dict.fromkeys(("id", "title", "caption", "alternative", "x_title", "y_title"), "text")
    return Chart.model_validate({"kind": kind, "series": parts, "marks": marks, **texts})


def test_a_line_keeps_its_figures_ranges_and_gaps(labels: Labels) -> None:
    """What is void stays empty."""
    (made,) = points_of(chart("line", series(y=(1.0, None), low=(0.5, None), high=(1.5, None))), labels)
    assert (made.x, made.y, made.low, made.high) == ((1, 4), (1.0, None), (0.5, None), (1.5, None))


def test_a_range_alone_becomes_its_ends(labels: Labels) -> None:
    """Without a line between the places, and named in the language of the report."""
    made = points_of(chart("line", series(y=(), low=(1.0, 2.0), high=(3.0, 4.0), statistic="bounds")), labels)
    assert [(one.name, one.y, one.line) for one in made] == [
        ("AWQ, lowest", (1.0, 2.0), False),
        ("AWQ, highest", (3.0, 4.0), False),
    ]


def test_a_staircase_has_its_corners(labels: Labels) -> None:
    """A level holds up to the load at which it ends; all series are as long as the longest."""
    flat = series(name="Flat", x=(20.0,), y=(7.0,), low=(7.0,), high=(7.0,))
    made = points_of(chart("step", flat, series(x=(10.0, 20.0), y=(5.0, 9.0), low=(5.0, 5.0), high=(9.0, 9.0))), labels)
    found = {one.name: tuple(zip(one.x, one.y, strict=True)) for one in made}
    assert found["AWQ"] == ((0.0, 5.0), (10.0, 5.0), (10.0, 9.0), (20.0, 9.0))
    assert found["Flat"] == ((0.0, 7.0), (20.0, 7.0), (20.0, 7.0), (20.0, 7.0))
    assert set(found) == {"Flat", "AWQ", "AWQ, lowest", "AWQ, highest"}


def test_a_forest_is_in_agreed_margins(labels: Labels) -> None:
    """A task without one fills the axis with its widest range; intervals and bounds of the gate are lines."""
    tasks = {"x": ("a", "b")}
    margins = series(name="Margin", arm=None, statistic="margin", y=(0.02, None), **tasks)
    said = {"low": (-0.01, 0.0), "high": (0.03, 0.4), "labels": ("passed", "-"), "tones": ("good", "plain")}
    bounds = series(name="Bounds", statistic="bounds", y=(), low=(-0.005, None), high=(0.025, None), **tasks)
    made = points_of(chart("forest", margins, series(y=(0.01, 0.2), **said, **tasks), bounds), labels)
    awq, *ranges, none, margin = made
    assert (awq.x, awq.y) == (pytest.approx((0.5, 0.5)), (2.0, 1.0))
    assert awq.labels == ("a: +0.0100, passed", "b: +0.2000, -")
    assert [(one.name, one.x, one.y) for one in ranges] == [
        ("AWQ, a", pytest.approx((-0.5, 1.5)), (2.0, 2.0)),
        ("AWQ, b", pytest.approx((0.0, 1.0)), (1.0, 1.0)),
        ("Bounds, a", pytest.approx((-0.25, 1.25)), (2.0, 2.0)),
    ]
    assert (none.x, margin.x, margin.name) == ((0.0, 0.0), (1.0, 1.0), "Margin")


def test_crossings_lie_on_the_mark(labels: Labels) -> None:
    """With what they can be along the concurrency; the mark crosses all that is drawn."""
    crossing = series(name="Crossing", x=(2.5,), y=(), low=(1.5,), high=(3.5,), statistic="bounds")
    made = points_of(chart("crossover", series(), crossing, marks=(Mark(axis="y", value=1, text="as fast"),)), labels)
    shown: list[tuple[str, tuple[float | str, ...]]] = [(one.name, one.x) for one in made]
    assert shown == [("AWQ", (1, 4)), ("Crossing", (2.5,)), ("Crossing", (1.5, 3.5)), ("as fast", (1.0, 4.0))]
    assert {one.y for one in made[1:]} == {(1.0,), (1.0, 1.0)}


def test_the_trend_of_a_time_has_its_ends(labels: Labels) -> None:
    """The slices are dots, the trend and its ends are lines."""
    trend = series(name="Trend", statistic="trend", low=(0.5, 1.5), high=(1.5, 2.5))
    made: tuple[Points, ...] = points_of(chart("time", series(name="Slices"), trend), labels)
    assert [(one.name, one.line, one.markers) for one in made] == [
        ("Slices", False, True),
        ("Trend", True, False),
        ("Trend, lowest", True, False),
        ("Trend, highest", True, False),
    ]
    mark = points_of(
        chart("step", series(low=(1, 2), high=(1, 2)), marks=(Mark(axis="x", value=3, text="load"),)), labels
    )[-1]
    assert (mark.x, mark.y) == ((3, 3), (0.0, 2.0))
