"""The chapter on the plan: predicted against measured, each with origin and evidence, or why not."""

from collections.abc import Callable

import pytest

from pipeline.plan.corrections import Corrections
from pipeline.record.record import RunRecord
from pipeline.report.chapters.plan import plan_section
from pipeline.report.document import Section
from tests.unit.eval.bench.plans import H100, PROCESSOR, measured
from tests.unit.eval.bench.test_plan_errors import learned
from tests.unit.pipeline.report.documents import inputs_of, not_measured_section, report_of

SectionOf = Callable[[RunRecord, str], Section]
CellsOf = Callable[[Section, str], list[list[str]]]
GPUS = tuple(gpu.name for gpu in H100.gpus)


@pytest.fixture
def chapter(make_run: Callable[..., RunRecord]) -> Callable[..., Section]:
    """Return a function that makes the chapter of a benchmark."""

    def made(*, gpus: tuple[str, ...] = (), **settings: object) -> Section:
        result = measured(machine=H100 if gpus else PROCESSOR, **settings)  # type: ignore[arg-type]
        run = make_run(gpus=gpus)
        stage = run.stages["bench"].model_copy(update={"payload": result.model_dump(mode="json")})
        record = run.model_copy(update={"stages": {"bench": stage}})
        return plan_section(inputs_of(record))

    return made


def test_a_processor_is_not_calibrated(chapter: Callable[..., Section], cells_of: CellsOf) -> None:
    """Tokens and concurrency are compared with the log; of speed the chapter says what to do."""
    section = chapter(shares=(0.05, 0.005))
    memory, speed = cells_of(section, "plan-memory"), cells_of(section, "plan-speed")
    assert ["KV cache, tokens", "Baseline", "32,768", "32,768", "0.0 %"] in memory
    assert [row[-1] for row in memory if row[0] == "KV cache, GiB"] == ["stated, not planned"]
    assert {row[6] for row in speed} == {"not calibrated on this machine"}
    assert "awqctl plan fit" in " ".join(section.paragraphs)


def test_a_gpu_has_errors_and_intervals(chapter: Callable[..., Section], cells_of: CellsOf) -> None:
    """A device that attains three fifths of what is planned: faster planned than measured, outside or inside told."""
    section = chapter(gpus=GPUS, shares=(0.45, 0.5))
    rows = {(row[0], row[1]): row for row in cells_of(section, "plan-speed")}
    assert rows["1", "Output tokens per second"][6].startswith("+53")
    assert rows["1", "Output tokens per second"][7] == "no"
    assert rows["1", "TTFT, ms"][7] == "yes"
    assert rows["4", "TTFT, ms"][4] == "\N{EM DASH}"
    assert rows["4", "TTFT, ms"][6] == "planned for a free engine alone"
    assert rows["\N{EM DASH}", "Knee, concurrency"][3] == "64"
    assert "not calibrated on this GPU" in " ".join(section.paragraphs)


def test_figures_have_origin_and_evidence(chapter: Callable[..., Section]) -> None:
    """The plan's stand in the result as modelled, the others as measured; an error comes from both."""
    table = next(one for one in chapter(gpus=GPUS).tables if one.id == "plan-memory")
    planned, seen, error = table.rows[0][2:5]
    assert (planned.origin, seen.origin) == ("modelled", "measured")
    assert planned.evidence == ("bench/results.json#/plans/0/figures/weights_gib",)
    assert seen.evidence == ("bench/results.json#/arms/0/memory/weights_gib",)
    assert error.evidence == (*planned.evidence, *seen.evidence)


def test_corrections_are_told_with_the_uncorrected_error(chapter: Callable[..., Section], cells_of: CellsOf) -> None:
    """How many runs, and a column with the error that the plan has without them."""
    section = chapter(gpus=GPUS, shares=(0.5, 0.4), corrections=learned(0.5))
    row = next(row for row in cells_of(section, "plan-speed") if row[1] == "Output tokens per second")
    assert "calibrated by 1 run of this machine" in " ".join(section.paragraphs)
    assert float(row[6].strip("+ %")) < float(row[8].strip("+ %"))


def test_a_run_that_is_graded_by_itself_says_so(make_run: Callable[..., RunRecord]) -> None:
    """The caution stands in the chapter."""
    result = measured(corrections=learned(0.6))
    plan = result.plans[0].model_copy(update={"in_sample": True})
    run = make_run(gpus=GPUS)
    payload = result.model_copy(update={"plans": (plan,)}).model_dump(mode="json")
    record = run.model_copy(update={"stages": {"bench": run.stages["bench"].model_copy(update={"payload": payload})}})
    section = plan_section(inputs_of(record))
    assert "fitted from this very run" in " ".join(section.paragraphs)


def test_what_cannot_be_planned_stands_with_its_reason(chapter: Callable[..., Section], cells_of: CellsOf) -> None:
    """Rows stay, without planned figures."""
    section = chapter(gpus=GPUS, config=None, corrections=Corrections())
    assert {row[4] for row in cells_of(section, "plan-memory")} == {"no model of this configuration is planned"}


def test_results_without_a_plan_have_no_chapter(make_run: Callable[..., RunRecord]) -> None:
    """What is missing is named among what was not measured."""
    inputs = inputs_of(make_run())
    assert not any(one.id == "plan" for one in report_of(make_run()).sections)
    assert any("What the plan says" in bullet for bullet in not_measured_section(inputs).bullets)
