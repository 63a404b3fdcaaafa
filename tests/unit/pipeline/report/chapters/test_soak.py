"""The chapter on the soak: what drifted, and what cannot be said."""

from collections.abc import Callable

import pytest

from eval.bench.result import BenchResult
from eval.bench.soak.drift import drifts_of
from eval.bench.soak.result import Soak
from pipeline.record.record import RunRecord
from pipeline.report.charts.svg import svg_of
from pipeline.report.document import ReportDocument, Section
from tests.unit.eval.bench.soaks import SLICE_S, soak
from tests.unit.pipeline.report.documents import report_of

pytestmark = pytest.mark.whole

MINUS = "\N{MINUS SIGN}"
Run = Callable[..., RunRecord]
Bench = Callable[..., BenchResult]
Cells = Callable[[Section, str], list[list[str]]]


def reported(make_run: Run, make_bench: Bench, *soaks: Soak) -> ReportDocument:
    """Return the report of a run with soaks."""
    return report_of(make_run(bench=make_bench().model_copy(update={"soaks": soaks})))


def chapter(document: ReportDocument) -> Section:
    """Return the chapter on the soak."""
    return next(section for section in document.sections if section.id == "soak")


def finding(document: ReportDocument) -> tuple[str, str, str]:
    """Return headline, detail and tone of what is said on the first page."""
    (found,) = [one for one in document.findings if one.topic == "Stability"]
    return found.headline, found.detail, found.tone


def limits(document: ReportDocument) -> tuple[str, ...]:
    """Return what was not measured."""
    return next(section for section in document.sections if section.id == "not-measured").bullets


def test_steady_arm_is_stable(make_run: Run, make_bench: Bench, cells_of: Cells) -> None:
    """Load, level, drift, interval and verdict of every quantity that was measured."""
    document = reported(make_run, make_bench, soak())
    section = chapter(document)
    assert "13 requests at once (0.8 of 16, the knee of the sweep" in section.paragraphs[0]
    assert "for 5 min 6 s (5 min 0 s were asked for), 1,204 requests." in section.paragraphs[0]
    assert "Prompts of 128 to 1,024 tokens, answers of 128." in section.paragraphs[0]
    rows = cells_of(section, "soak-drift")
    assert [(row[1], row[6]) for row in rows] == [
        ("Output throughput", "stable"),
        ("TTFT, median", "stable"),
        ("Memory", "stable"),
    ]
    assert rows[2][2:5] == ["2.50 GiB", "0.0 %", "0.0 %"]
    assert len(cells_of(section, "soak-slices")) == 30
    headline, detail, _ = finding(document)
    assert headline == "AWQ is stable: under load for 5 min 6 s nothing drifted beyond the limit."
    assert detail.startswith("Output throughput, median TTFT and memory are shown to be within 5.0 % of no change; in")
    assert not any("soak" in step or "drifts" in step for step in document.next_steps)
    unmeasured = " ".join(limits(document))
    assert "the longest soak took 5 min 6 s" in unmeasured
    assert "longest single run" not in unmeasured


def test_arm_that_slows_down_drifts(make_run: Run, make_bench: Bench) -> None:
    """The first page names what moved, with its interval."""
    headline, detail, tone = finding(reported(make_run, make_bench, soak(fall=0.3)))
    assert headline.startswith("AWQ drifts")
    assert detail.startswith(f"Output throughput changed by {MINUS}35.1 % (interval {MINUS}35.1")
    assert tone == "bad"


def test_arms_share_a_finding_and_a_sentence(make_run: Run, make_bench: Bench) -> None:
    """The gravest verdict gives the tone and the next step; the load of both is told once."""
    document = reported(make_run, make_bench, soak(arm="baseline"), soak(fall=0.3))
    headline, detail, tone = finding(document)
    assert headline.startswith("Baseline is stable")
    assert "AWQ drifts" in headline
    assert detail.startswith("Baseline: Output throughput, median TTFT and memory are shown to be within")
    assert "AWQ: Output throughput changed by" in detail
    assert tone == "bad"
    assert chapter(document).paragraphs[0].startswith("Baseline and AWQ: 13 requests at once")
    assert any("what drifts under load" in step for step in document.next_steps)


def test_memory_that_grows_within_the_limit_is_told_by_the_hour(make_run: Run, make_bench: Bench) -> None:
    """A megabyte in each slice of ten seconds is no drift of a twentieth, and a third of a gibibyte an hour."""
    slices = [one.model_copy(update={"memory_gib": 2.5 + place / 1024}) for place, one in enumerate(soak().slices)]
    grown = soak(slices=slices, drifts=drifts_of(slices, SLICE_S, 0.05))
    document = reported(make_run, make_bench, grown)
    assert "memory grew over the run, by 0.352 GiB an hour" in " ".join(chapter(document).paragraphs)
    assert finding(document)[2] == "good"


def test_too_few_slices_are_said(make_run: Run, make_bench: Bench, cells_of: Cells) -> None:
    """Nothing is printed for what cannot be known."""
    document = reported(make_run, make_bench, soak(count=5))
    assert {tuple(row[3:]) for row in cells_of(chapter(document), "soak-drift")} == {
        ("\N{EM DASH}", "\N{EM DASH}", "\N{EM DASH}", "undecided")
    }
    assert "not bounded by so few independent slices" in finding(document)[1]


def test_void_soak_has_its_reasons_and_no_figures(make_run: Run, make_bench: Bench) -> None:
    """Neither chart nor table of what must not be used."""
    document = reported(
        make_run, make_bench, soak(void=("3 of 9 requests failed: HTTP 500",), slices=(), drifts=(), slice_s=None)
    )
    section = chapter(document)
    assert (section.charts, section.tables) == ((), ())
    assert "has no verdict: 3 of 9 requests failed: HTTP 500." in section.paragraphs[0]
    assert finding(document) == (
        "Whether AWQ is stable is not known: its soak is void.",
        "3 of 9 requests failed: HTTP 500.",
        "caution",
    )


def test_run_without_a_soak_says_so(make_run: Run, make_bench: Bench) -> None:
    """No empty chapter; the list of what was not measured names the key that asks for it."""
    document = reported(make_run, make_bench)
    assert "soak" not in [section.id for section in document.sections]
    assert "`awqctl bench RECIPE --soak`" in " ".join(limits(document))


@pytest.mark.parametrize(("fall", "count"), [(0.0, 30), (0.3, 30), (0.0, 5)])
def test_charts_show_slices_and_trend(make_run: Run, make_bench: Bench, fall: float, count: int) -> None:
    """One per quantity, told in words, too; without a trend the slices alone are drawn."""
    charts = chapter(reported(make_run, make_bench, soak(fall, count))).charts
    assert [chart.id for chart in charts] == [
        "chart-soak-awq-throughput",
        "chart-soak-awq-ttft",
        "chart-soak-awq-memory",
    ]
    first = charts[0]
    assert len(first.series) == (2 if count == 30 else 1)
    assert first.series[0].x[0] == pytest.approx(7 / 60)
    assert ("no trend" in first.alternative) == (count == 5)
    assert all(svg_of(chart).startswith("<svg") for chart in charts)
