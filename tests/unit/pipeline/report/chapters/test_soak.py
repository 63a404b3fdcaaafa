"""The chapter on the soak: what drifted, and what cannot be said."""

from collections.abc import Callable
from typing import Any

import pytest

from eval.bench.load.spec import Lengths
from eval.bench.result import BenchResult
from eval.bench.soak.drift import drifts_of
from eval.bench.soak.result import Knee, Soak, SoakSlice
from pipeline.record.record import RunRecord
from pipeline.report.charts.svg import svg_of
from pipeline.report.document import ReportDocument, Section
from tests.unit.pipeline.report.documents import report_of

MINUS = "\N{MINUS SIGN}"
Run = Callable[..., RunRecord]
Bench = Callable[..., BenchResult]
Cells = Callable[[Section, str], list[list[str]]]
SLICE_S = 10.0


def soak(fall: float = 0.0, count: int = 30, **changes: Any) -> Soak:
    """Return a soak whose throughput falls by so much, with a memory that stays."""
    slices = tuple(
        SoakSlice(
            start_s=2 + SLICE_S * number,
            output_tokens_per_s=200 * (1 - fall * (number + 0.5) / count) + number % 3,
            ttft_ms=90.0 + number % 2,
            itl_ms=None,
            memory_gib=2.5,
            requests_running=13.0,
            requests_waiting=0.0,
            kv_cache_usage=0.12,
        )
        for number in range(count)
    )
    plan = {
        "arm": "awq",
        "minutes": 5.0,
        "knee": Knee(concurrency=16, basis="sweep"),
        "share": 0.8,
        "concurrency": 13,
        "input_tokens": Lengths(low=128, high=1024),
        "output_tokens": Lengths.fixed(128),
        "lengths": "fixed by ignore_eos",
        "drift_limit": 0.05,
        "confidence": 0.95,
        "requests": 1204,
        "failed": 0,
        "duration_s": 306.0,
        "window_s": SLICE_S * count,
        "slice_s": SLICE_S,
        "slices": slices,
        "drifts": drifts_of(slices, SLICE_S, 0.05),
        "memory_of": "processes",
    }
    return Soak.model_validate(plan | changes)


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


def test_steady_arm_is_stable(make_run: Run, make_bench: Bench, cells_of: Cells) -> None:
    """Load, level, drift, interval and verdict of every quantity that was measured."""
    document = reported(make_run, make_bench, soak())
    section = chapter(document)
    assert "13 requests at once (0.8 of 16, the knee of the sweep" in section.paragraphs[2]
    assert "for 5 min 6 s of 5 min 0 s asked for, 1,204 requests." in section.paragraphs[2]
    assert "Prompts of 128 to 1,024 tokens, answers of 128." in section.paragraphs[2]
    rows = cells_of(section, "soak-drift")
    assert [(row[1], row[6]) for row in rows] == [
        ("Output throughput", "stable"),
        ("TTFT, median", "stable"),
        ("Memory", "stable"),
    ]
    assert rows[2][2:5] == ["2.50 GiB", "0.0 %", "0.0 %"]
    assert len(cells_of(section, "soak-slices")) == 30
    assert finding(document)[0] == "AWQ is stable: under load for 5 min 6 s nothing drifted beyond the limit."
    assert "the longest soak took 5 min 6 s" in " ".join(document.sections[-2].bullets)


def test_arm_that_slows_down_drifts(make_run: Run, make_bench: Bench) -> None:
    """The first page names what moved, with its interval."""
    headline, detail, tone = finding(reported(make_run, make_bench, soak(fall=0.3)))
    assert headline.startswith("AWQ drifts")
    assert detail.startswith(f"Output throughput {MINUS}3")
    assert "would have shown" in detail
    assert tone == "bad"


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
    assert "has no verdict: 3 of 9 requests failed: HTTP 500." in section.paragraphs[2]
    assert finding(document) == (
        "Whether AWQ is stable is not known: its soak is void.",
        "3 of 9 requests failed: HTTP 500.",
        "caution",
    )


def test_run_without_a_soak_says_so(make_run: Run, make_bench: Bench) -> None:
    """No empty chapter; the list of what was not measured names the key that asks for it."""
    document = reported(make_run, make_bench)
    assert "soak" not in [section.id for section in document.sections]
    assert "bench.soak.minutes=5" in " ".join(document.sections[-2].bullets)


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
