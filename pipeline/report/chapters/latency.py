"""The chapter on latency."""

from eval.bench.comparison import Quantity, SpeedRatio, speed_ratios
from eval.bench.result import PERCENTILES, BenchResult, Latency
from pipeline.base.format import ratio
from pipeline.report.cells import direction_cell, figure, interval_cell, is_long, numbers, shown, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.charts.throughput import latency_chart
from pipeline.report.comparison import points_of
from pipeline.report.document import Cell, Section, Table
from pipeline.report.evidence import Keys
from pipeline.report.inputs import Inputs

_LATENCIES = ("ttft", "tpot", "itl", "e2e")
_CARRIED = ("p95_ms", "p99_ms")
_COMPARED: tuple[Quantity, ...] = ("ttft", "tpot")


def latency_section(inputs: Inputs) -> Section:
    """Return mean, median and tail latencies of every arm."""
    say = inputs.say.latency
    return Section(
        id="latency",
        title=say.title,
        paragraphs=(say.method,),
        charts=tuple(chart for field in _COMPARED if (chart := latency_chart(inputs, field)).series),
        tables=(*_ratios(inputs), *(_latency(inputs, field, folded=field in ("itl", "e2e")) for field in _LATENCIES)),
    )


def _ratios(inputs: Inputs) -> tuple[Table, ...]:
    """Return how the medians compare; no table where nothing is compared."""
    say = inputs.say.latency
    rows = tuple(
        (
            word(str(one.concurrency)),
            word(say.names[quantity]),
            figure(one.value, ratio, evidence=_keys(one, quantity, "p50_ms", inputs)),
            interval_cell(one, say, inputs.evidence, quantity),
            direction_cell(one, inputs.say.throughput),
        )
        for quantity in _COMPARED
        for one in speed_ratios(inputs.load, quantity)
    )
    table = Table(
        id="latency-ratios",
        title=say.ratios,
        columns=(*words(*say.ratios_columns[:2]), *numbers(*say.ratios_columns[2:4]), *words(*say.ratios_columns[4:])),
        rows=rows,
        origin="measured",
        note=say.ratios_note,
        sources=inputs.sources(BenchResult.STAGE),
    )
    return (table,) if rows else ()


def _keys(one: SpeedRatio, quantity: Quantity, field: str, inputs: Inputs) -> Keys:
    return inputs.evidence.of_all((getattr(point, quantity), field) for point in one.points)


def _latency(inputs: Inputs, field: str, *, folded: bool) -> Table:
    say = inputs.say.latency
    rows = []
    for arm, point in points_of(inputs.load):
        latency: Latency = getattr(point, field)
        name = word(say.title_of(arm))
        rows.append((word(str(point.concurrency)), name, *(_percentile(latency, one, inputs) for one in PERCENTILES)))
    return Table(
        id=f"latency-{field}",
        title=say.tables[field],
        columns=(*words(*say.columns[:2]), *numbers(*say.columns[2:])),
        rows=tuple(rows),
        origin="measured",
        note=say.notes[field],
        sources=inputs.sources(BenchResult.STAGE),
        folded=folded or is_long(rows),
    )


def _percentile(latency: Latency, field: str, inputs: Inputs) -> Cell:
    few = getattr(latency, field) is None and field in _CARRIED
    return word(inputs.say.latency.too_few) if few else shown(inputs.evidence, latency, field)


LATENCY = Chapter(id="latency", write=latency_section, needs=(BenchResult,), absent=lambda say: say.throughput.absent)
