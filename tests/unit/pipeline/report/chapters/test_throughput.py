"""What the chapter on throughput says that it did not measure."""

from collections.abc import Callable

from eval.bench.load.endpoint_result import PromptsFile
from eval.bench.result import BenchResult
from pipeline.record.record import RunRecord
from pipeline.report.document import Section

OWN = PromptsFile(name="prompts.jsonl", sha256="ab", count=500, repeated_between_loads=False)


def test_own_prompts_are_not_called_synthetic(
    make_run: Callable[..., RunRecord],
    make_bench: Callable[..., BenchResult],
    section_of: Callable[[RunRecord, str], Section],
) -> None:
    """Nor are they said to have the length that made prompts would have had."""
    record = make_run(bench=make_bench().model_copy(update={"prompts": OWN}))
    limits = " ".join(section_of(record, "not-measured").bullets)

    assert "one of 500 prompts of your own, with 128 output tokens" in limits
    assert "prompts were your own" in limits
    assert "synthetic" not in limits
    assert "256 input" not in limits
