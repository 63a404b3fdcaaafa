"""What the report says of servers that somebody runs already."""

from collections.abc import Callable

from eval.bench.load.endpoint_result import EndpointArm, EndpointLoad, EndpointPoint
from eval.bench.load.result import Distribution
from eval.bench.result import BenchResult
from pipeline.base.token_range import TokenRange
from pipeline.record.record import RunRecord
from pipeline.report.document import Section

POINTS = (
    EndpointPoint(
        concurrency=1,
        requests=8,
        failed=0,
        output_tokens_per_s=120.0,
        ttft_ms=Distribution(mean=45.0),
        tpot_ms=Distribution(mean=8.5),
        not_checked={"no prompts from the prefix cache": "the server offers no counters"},
    ),
    EndpointPoint(concurrency=4, requests=32, failed=3, void=("3 of 32 requests failed: reset",)),
)
ARM = EndpointArm(
    arm="theirs",
    load=EndpointLoad(
        endpoint="http://host",
        model="llama",
        route="/v1/completions",
        client="vllm-rs 0",
        client_ceiling_tokens_per_s=None,
        input_tokens=TokenRange.fixed(256),
        output_tokens=TokenRange.fixed(128),
        lengths="natural",
        prompt_tokens_by="words",
        seed=0,
        points=POINTS,
    ),
)


def test_servers_have_a_table_of_their_own(
    make_run: Callable[..., RunRecord],
    make_bench: Callable[..., BenchResult],
    section_of: Callable[[RunRecord, str], Section],
) -> None:
    """Figures with evidence, reasons in place of those of a void point, and what was not checked."""
    record = make_run(bench=make_bench().model_copy(update={"endpoints": (ARM,)}))
    table = next(one for one in section_of(record, "speed").tables if one.id == "endpoint-speed")
    stands, void = ([cell.text for cell in row] for row in table.rows)
    assert stands == ["theirs (llama)", "1", "8", "120", "45.0", "8.50", "yes"]
    assert void[:3] + void[6:] == ["theirs (llama)", "4", "32", "3 of 32 requests failed: reset"]
    assert all(row[3].evidence for row in table.rows if row[3].value is not None)
    assert table.note is not None
    assert "the server offers no counters" in table.note


def test_without_servers_there_is_no_table(
    make_run: Callable[..., RunRecord], section_of: Callable[[RunRecord, str], Section]
) -> None:
    """Most recipes have none."""
    assert "endpoint-speed" not in [table.id for table in section_of(make_run(), "speed").tables]
