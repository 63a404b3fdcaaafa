"""A report of dummy weights says so wherever it says anything, and recommends nothing."""

from collections.abc import Callable

import pytest

from eval.bench.dummy_weights import DummyWeights
from eval.bench.engine_proof import EngineProof, MemoryParts, PeakMemory
from eval.bench.result import BenchResult
from pipeline.record.record import RunRecord, StageResult
from pipeline.report.document import ReportDocument, Section
from pipeline.report.render.html import to_html
from pipeline.report.render.markdown import to_markdown
from tests.unit.pipeline.report.documents import report_of

pytestmark = pytest.mark.whole

DUMMY = DummyWeights(
    model="org/model",
    commit=None,
    configuration="config.json",
    tokenizer="stand-in",
    group_size=128,
    zero_point=True,
)
PROOF = EngineProof(
    integer_math="W4A16",
    attention_backend=None,
    kv_cache_dtype="auto",
    dtype="bfloat16",
    compilation="NONE",
    graphs="NONE",
    variables={"VLLM_CPU_KVCACHE_SPACE": "1"},
    memory=MemoryParts(
        weights_gib=0.5,
        kv_cache_gib=1.0,
        activation_peak_gib=None,
        graphs_gib=None,
        peak=PeakMemory(source="processes", gib=2.25, samples=9, every_s=1.0),
        rest_gib=0.75,
    ),
)


@pytest.fixture
def report(make_run: Callable[..., RunRecord]) -> ReportDocument:
    """The report of a run that measured dummy weights and nothing else."""
    record = make_run()
    bench = record.find(BenchResult)
    assert bench is not None
    arms = tuple(
        arm.model_copy(
            update={"proof": PROOF, "memory": arm.memory.model_copy(update={"weights_from": "configuration"})}
        )
        for arm in bench.arms
    )
    stage: StageResult = record.stages["bench"].model_copy(
        update={"payload": bench.model_copy(update={"dummy_weights": DUMMY, "arms": arms}).model_dump(mode="json")}
    )
    return report_of(record.model_copy(update={"stages": {"bench": stage}}))


def memory(report: ReportDocument) -> Section:
    """Return the chapter on memory."""
    return next(section for section in report.sections if section.id == "memory")


def test_it_is_the_first_thing_said(report: ReportDocument) -> None:
    """Of the findings, on the cover and in every format."""
    assert report.findings[0].headline == "Dummy weights: speed and memory only."
    assert "config.json of org/model" in report.findings[0].detail
    assert any("dummy weights" in fact.text for fact in report.cover.facts)
    for text in (to_html(report), to_markdown(report)):
        assert "Dummy weights: speed and memory only." in text


def test_nothing_is_recommended(report: ReportDocument) -> None:
    """Neither to deploy nor not to; the next step is a real run."""
    assert report.recommendation.startswith("No recommendation: the weights were made up")
    assert len(report.next_steps) == 1


def test_memory_needs_no_checkpoint(report: ReportDocument) -> None:
    """What the weights would take is calculated, and called so."""
    section = memory(report)
    assert "calculated from the model's configuration" in section.paragraphs[0]
    assert "Weight files on disk" not in {row[0].text for row in section.tables[0].rows}


def test_memory_is_told_in_parts_and_what_ran_beside_it(report: ReportDocument) -> None:
    """Rows that no engine states are left out: on a CPU there are no graphs."""
    parts, ran = memory(report).tables
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in parts.rows}
    assert rows["KV cache, GiB"] == ["1.00", "1.00"]
    assert rows["Rest under load, GiB"] == ["0.75", "0.75"]
    assert rows["Peak under load, GiB"] == ["2.25", "2.25"]
    assert "CUDA graphs, GiB" not in rows
    words = {row[0].text: row[1].text for row in ran.rows}
    assert "Attention backend" not in words
    assert (words["Compilation"], words["Variables of the engine"]) == ("NONE", "VLLM_CPU_KVCACHE_SPACE=1")


def test_real_weights_are_not_called_dummies(make_run: Callable[..., RunRecord]) -> None:
    """A run that loaded weights has none of these sentences."""
    assert "ummy weights" not in to_html(report_of(make_run()))
