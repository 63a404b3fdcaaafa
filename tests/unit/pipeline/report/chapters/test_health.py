"""The chapter on the machine's health: figures with their places, what was not well, and what was not reported."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from eval.bench.metrics import metrics_of
from eval.bench.result import BenchResult
from pipeline.hardware.health.check import HealthCheck
from pipeline.hardware.health.summary import HealthSummary
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord, StageResult
from pipeline.report.chapters.health import HEALTH, health_limits, health_section
from pipeline.report.document import Section
from pipeline.report.inputs import Inputs
from tests.fakes.nvml import SILENT, GpuState, healthy
from tests.unit.eval.bench.runs import healthy_host, run
from tests.unit.eval.bench.soaks import soak
from tests.unit.pipeline.hardware.health.recordings import recorded

WELL = healthy(pid=os.getpid())
NARROW = [replace(state, width=8, celsius=70) for state in WELL]


@pytest.fixture
def inputs(
    make_recipe: Callable[..., Recipe],
    make_record: Callable[..., RunRecord],
    make_stage: Callable[..., StageResult],
    make_bench: Callable[..., BenchResult],
) -> Callable[..., Inputs]:
    """Return a maker of what a report is made from, the same health in every run."""

    def make(*healths: HealthSummary | None, before: Sequence[HealthCheck] = ()) -> Inputs:
        bench = with_health(make_bench(), healths)
        return Inputs(make_recipe(), make_record(make_recipe(), bench=make_stage("bench", bench, health=before)))

    return make


def with_health(bench: BenchResult, healths: Sequence[HealthSummary | None]) -> BenchResult:
    """Return a result with one run per health at every point."""
    runs = tuple(run(number=number + 1).model_copy(update={"health": one}) for number, one in enumerate(healths))
    arms = tuple(
        arm.model_copy(update={"points": tuple(point.model_copy(update={"runs": runs}) for point in arm.points)})
        for arm in bench.arms
    )
    return bench.model_copy(update={"arms": arms})


def health_of(script: list[GpuState]) -> HealthSummary:
    """Return what a load on such a GPU says."""
    return recorded(script)[1]


def texts(section: Section, table: str) -> list[list[str]]:
    """Return the printed cells of a table."""
    (found,) = (one for one in section.tables if one.id == table)
    return [[cell.text for cell in row] for row in found.rows]


def test_gpu_figures_over_the_runs(inputs: Callable[..., Inputs]) -> None:
    """Two runs, the second hotter and on a narrow link: the worse of both, and the mean energy, with their places."""
    section = health_section(inputs(health_of(WELL), health_of(NARROW)))
    (gpus,) = (one for one in section.tables if one.id == "health-gpus")
    row = [cell.text for cell in gpus.rows[0]]
    assert row == ["1", "Baseline", "0: NVIDIA H200", "98", "120", "70", "25", "650", "700", "1,980", "0 %", "1.95"]
    assert gpus.rows[0][5].evidence == tuple(
        f"bench/results.json#/arms/0/points/0/runs/{number}/health/gpus/0/temperature_c/max" for number in (0, 1)
    )
    assert "counters" in gpus.note
    assert ["GPU 0", "PCIe link", "warning", "x8 of x16"] in [cells[:4] for cells in texts(section, "health-checks")]


def test_machine_without_a_gpu(inputs: Callable[..., Inputs]) -> None:
    """Processors and memory are told, and no table of GPUs; that nothing reports energy is said."""
    made = inputs(healthy_host())
    section = health_section(made)
    assert [table.id for table in section.tables] == ["health-host"]
    assert texts(section, "health-host")[0] == ["1", "Baseline", "2.5 %", "0 %", "8.00", "—", "—"]
    assert "no GPU reported" in " ".join(health_limits(made))


def test_what_is_not_reported_is_said(inputs: Callable[..., Inputs]) -> None:
    """A GPU that supports nothing has dashes, and each thing is named among what was not measured."""
    made = inputs(health_of([SILENT] * 4))
    assert set(texts(health_section(made), "health-gpus")[0][3:]) == {"—"}
    said = " ".join(health_limits(made))
    assert "GPU 0, memory errors" in said
    assert "GPU 0, clocks" in said


def test_warnings_before_the_measurement_are_told(inputs: Callable[..., Inputs]) -> None:
    """The gate's findings stand in the record."""
    now, _, _ = recorded([replace(state, limit=500_000) for state in WELL])
    before = [check for check in now if check.state != "pass"]
    assert ["GPU 0", "power limit", "warning", "500 W of 700 W by default"] in [
        cells[:4] for cells in texts(health_section(inputs(healthy_host(), before=before)), "health-before")
    ]


def test_soak_stands_beside_the_points(
    inputs: Callable[..., Inputs], make_bench: Callable[..., BenchResult], make_stage: Callable[..., StageResult]
) -> None:
    """Its rows come last; a void soak has none."""
    soaks = (soak(health=health_of(NARROW)), soak(health=health_of(WELL), void=("lost replies",)))
    bench = with_health(make_bench(), [health_of(WELL)]).model_copy(update={"soaks": soaks})
    made = inputs(None)
    record = made.record.model_copy(update={"stages": {"bench": make_stage("bench", bench)}})
    rows = texts(health_section(replace(made, record=record)), "health-gpus")
    assert len(rows) == 7
    assert rows[-1][:2] == ["13, soak", "AWQ"]
    assert rows[-1][5] == "70"


def test_results_without_health_have_no_chapter(inputs: Callable[..., Inputs]) -> None:
    """Results of earlier versions: that nothing was read stands among what was not measured."""
    made = inputs(None)
    assert not HEALTH.stands_in(made)
    assert "no readings" in HEALTH.absent(made.say)


def test_metrics_of_health(make_bench: Callable[..., BenchResult]) -> None:
    """Energy per token, highest temperature and share of throttling, with the concurrency as step."""
    found: dict[Any, float] = {
        (metric.name, metric.step): metric.value
        for metric in metrics_of(with_health(make_bench(), [health_of(WELL), health_of(NARROW)]))
    }
    assert found["awq_joules_per_output_token", 4] == pytest.approx(1.95)
    assert found["awq_max_temperature_c", 4] == 70
    assert found["awq_throttle_share", 1] == 0
