"""What the record of the served release says: its benchmark, and what its machine costs."""

from collections.abc import Iterable
from pathlib import Path

from eval.bench.result import BenchResult
from pipeline.base.errors import MissingStageError, UsageError
from pipeline.record.record import RECORD, RunRecord, load_record
from pipeline.roi.result import RoiResult
from serve.monitoring.drift import BenchmarkLevel
from serve.monitoring.operation import Price
from serve.monitoring.promises import ServedCheckpoint

_ARM = "awq"


def record_of(served: Iterable[ServedCheckpoint]) -> RunRecord | None:
    """Return the record beside the checkpoint of an endpoint's only model; None where there is none that can be read.

    Of several models each has its own, and neither times nor costs of one are those of all.
    """
    models = tuple(served)
    if len(models) != 1:
        return None
    try:
        return load_record(Path(models[0].checkpoint).parent / RECORD)
    except (UsageError, OSError):
        return None


def benchmark_of(record: RunRecord | None) -> tuple[BenchmarkLevel, ...]:
    """Return the levels of the benchmark, of points that stand."""
    try:
        load = record.result(BenchResult) if record else None
    except MissingStageError:
        return ()
    if load is None or load.prompts is not None:  # of one's own prompts it is not known how long they are
        return ()
    points = next((arm.points for arm in load.arms if arm.arm == _ARM), ())
    return tuple(
        BenchmarkLevel(concurrency=point.concurrency, tpot_ms=point.tpot.p50_ms, input_tokens=load.input_tokens.middle)
        for point in points
        if point.tpot.p50_ms
    )


def price_of(record: RunRecord | None, usd_per_hour: float | None) -> Price | None:
    """Return what the machine costs: as stated, else as the record has it; None where neither says it."""
    try:
        costs = record.result(RoiResult) if record else None
    except MissingStageError:
        costs = None
    planned = next((arm.usd_per_mtok_at_load.value for arm in costs.arms if arm.arm == _ARM), None) if costs else None
    if usd_per_hour is not None:
        return Price(usd_per_hour=usd_per_hour, source="stated", planned_usd_per_mtok=planned)
    if costs is None or costs.hourly_usd.value is None:
        return None
    return Price(usd_per_hour=costs.hourly_usd.value, source="record", planned_usd_per_mtok=planned)
