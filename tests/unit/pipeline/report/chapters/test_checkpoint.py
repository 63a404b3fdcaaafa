"""The chapter on the checkpoint, and what its audit does to the recommendation."""

from collections.abc import Callable

import pytest

from eval.accuracy.result import EvalResult
from pipeline.base.results import Gate
from pipeline.quantize.result import CoverageResult, KindAudit, QuantizeResult
from pipeline.record.record import RunRecord
from pipeline.report.document import Section
from tests.unit.pipeline.report.documents import report_of


@pytest.mark.usefixtures("no_charts")
def test_coverage_is_printed_without_rounding_up(
    make_run: Callable[..., RunRecord],
    section_of: Callable[[RunRecord, str], Section],
    cells_of: Callable[[Section, str], list[list[str]]],
    coverage: CoverageResult,
) -> None:
    """99.92 % scaled is not called 100 %; each kind has its treatment, errors and ratio."""
    section = section_of(make_run(), "checkpoint")

    assert section.paragraphs[0].startswith(
        "Of the parameters of the linear layers that the recipe does not ignore 100 % are 4 bit, and 99.9 % were scaled"
    )
    assert "the largest relative change of an output through it was 0.00041." in section.paragraphs[1]
    assert cells_of(section, "checkpoint-coverage") == [
        ["self_attn.q_proj", "8", "8", "0", "0", "30.5 %", "0.0712", "0.105", "0.820"],
        ["self_attn.o_proj", "8", "0", "8", "0", "< 0.1 %", "0.0712", "0.105", "\N{EM DASH}"],
        ["lm_head", "1", "0", "0", "1", "1.0 %", *["\N{EM DASH}"] * 3],
    ]


@pytest.mark.usefixtures("no_charts")
def test_weight_error_beyond_its_bound_is_marked(
    make_run: Callable[..., RunRecord],
    make_quantized: Callable[..., QuantizeResult],
    make_kind: Callable[..., KindAudit],
    section_of: Callable[[RunRecord, str], Section],
    coverage: CoverageResult,
) -> None:
    """The cell is bad where the error exceeds the bound, and nowhere else."""
    broken = make_kind("mlp.down_proj", 8, 8_000_000, relative_error=1.31)
    made = make_quantized(coverage=coverage.model_copy(update={"kinds": (*coverage.kinds, broken)}))
    section = section_of(make_run(made=made), "checkpoint")

    assert [row[6].tone for row in section.tables[0].rows] == ["plain", "plain", "plain", "bad"]


@pytest.mark.usefixtures("no_charts")
def test_facts_of_the_checkpoint_follow_the_result(
    make_run: Callable[..., RunRecord],
    make_quantized: Callable[..., QuantizeResult],
    section_of: Callable[[RunRecord, str], Section],
    cells_of: Callable[[Section, str], list[list[str]]],
) -> None:
    """Whole rows instead of groups, symmetric codes, recalled findings and the control's digest have their lines."""
    plain = dict(cells_of(section_of(make_run(), "checkpoint"), "checkpoint-facts"))
    made = make_quantized(
        group_size=-1,
        zero_point=False,
        recalled=12,
        backend="llm-compressor",
        backend_versions={"llmcompressor": "0.12.0.2"},
        format="pack-quantized",
        control_digest="ab" * 32,
        peak_gpu_memory_gib=7.0,
    )
    other = dict(cells_of(section_of(make_run(made=made), "checkpoint"), "checkpoint-facts"))

    assert plain["Bits, group size"] == "4 bit, groups of 64, with zero points"
    assert plain["Backend"] == "AutoAWQ (autoawq 0.2.9, torch 2.6.0)"
    assert other["Bits, group size"] == "4 bit, one group per row, symmetric"
    assert other["Backend"] == "llm-compressor (llmcompressor 0.12.0.2)"
    assert other["Format"] == "pack-quantized"
    assert other["Peak GPU memory while quantizing"] == "7.00 GiB"
    assert other.keys() - plain.keys() == {
        "Searches recalled from an attempt that broke off",
        "Digest of the round-to-nearest control",
        "Peak GPU memory while quantizing",
    }


@pytest.mark.usefixtures("no_charts")
def test_method_names_the_backend_and_what_it_did(
    make_run: Callable[..., RunRecord], section_of: Callable[[RunRecord, str], Section], controlled: EvalResult
) -> None:
    """`auto` is said to have chosen; the control has its own line where it was measured."""
    plain = section_of(make_run(), "method").bullets
    controlled = section_of(make_run(accuracy=controlled), "method").bullets

    assert plain[0].startswith("Quantization: AutoAWQ (autoawq 0.2.9, torch 2.6.0), chosen by `auto`.")
    assert "99.9 % were scaled and rounded; a further < 0.1 % were only rounded." in plain[0]
    assert not any(line.startswith("Control:") for line in plain)
    assert "rounded to nearest in 4 bit, groups of 64, without scales" in controlled[1]


@pytest.mark.usefixtures("no_charts")
def test_failed_audit_forbids_deployment(
    make_run: Callable[..., RunRecord], cells_of: Callable[[Section, str], list[list[str]]], coverage: CoverageResult
) -> None:
    """A checkpoint that failed its own gate is not recommended, whatever its scores, and the gate is in the table."""
    gate = Gate(name="coverage scaled", passed=False, statement="0.2 of the parameters were scaled, 0.5 are required.")
    report = report_of(make_run(audit=gate))
    method = next(section for section in report.sections if section.id == "method")

    assert report.recommendation.startswith("Do not deploy this AWQ checkpoint: it failed the audit")
    assert report.findings[1].headline == "The checkpoint failed 1 gate of its audit."
    assert report.findings[1].detail == gate.statement
    assert report.next_steps[0].startswith("Find out why the checkpoint failed its audit")
    assert ["quantize", "coverage scaled", "failed", gate.statement] in cells_of(method, "gates")
