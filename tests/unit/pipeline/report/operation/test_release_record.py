"""What the record of a served release says of speed and costs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.record.record import RECORD, RunRecord, save_record
from pipeline.report.operation.release_record import benchmark_of, price_of, record_of
from serve.monitoring.promises import ServedCheckpoint

Run = Callable[..., RunRecord]


def _served(folder: Path, name: str = "tiny") -> ServedCheckpoint:
    return ServedCheckpoint(model=name, release="1", checkpoint=str(folder / "checkpoint"))


def test_the_record_lies_beside_the_checkpoint(make_run: Run, tmp_path: Path) -> None:
    """Of two models neither speaks for both; without a record, or with a broken one, there is nothing to compare."""
    assert record_of([_served(tmp_path)]) is None
    save_record(make_run(), tmp_path / RECORD)
    found = record_of([_served(tmp_path)])
    assert found is not None
    assert found.recipe == make_run().recipe
    assert record_of([_served(tmp_path), _served(tmp_path, "other")]) is None
    (tmp_path / RECORD).write_text("{")
    assert record_of([_served(tmp_path)]) is None


def test_the_benchmark_of_the_served_arm(make_run: Run) -> None:
    """Its concurrency, its median time per token, and how long its prompts were."""
    record = make_run()
    found = benchmark_of(record)
    points = next(arm for arm in record.stages["bench"].payload["arms"] if arm["arm"] == "awq")["points"]
    assert [one.concurrency for one in found] == [point["concurrency"] for point in points]
    assert [one.tpot_ms for one in found] == [point["tpot"]["p50_ms"] for point in points]
    assert found[0].input_tokens > 0


def test_what_is_stated_comes_before_what_is_recorded(make_run: Run) -> None:
    """What the record planned is told beside it; where neither is known nothing is priced."""
    record = make_run()
    recorded, stated = price_of(record, None), price_of(record, 3.5)
    assert recorded is not None
    assert stated is not None
    assert (recorded.source, stated.source, stated.usd_per_hour) == ("record", "stated", 3.5)
    assert recorded.usd_per_hour == record.stages["roi"].payload["hourly_usd"]["value"]
    assert (
        recorded.planned_usd_per_mtok
        == stated.planned_usd_per_mtok
        == pytest.approx(
            next(one for one in record.stages["roi"].payload["arms"] if one["arm"] == "awq")["usd_per_mtok_at_load"][
                "value"
            ]
        )
    )
    assert price_of(None, None) is None
    assert benchmark_of(None) == ()
