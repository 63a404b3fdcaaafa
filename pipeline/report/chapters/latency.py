"""The chapter on latency."""

from eval.bench.result import BenchResult, Latency
from pipeline.report.cells import numbers, shown, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.charts.chart_style import title_of
from pipeline.report.charts.throughput import latency_chart
from pipeline.report.comparison import points_of
from pipeline.report.document import Section, Table
from pipeline.report.inputs import Inputs

_LATENCIES = ("ttft", "tpot", "itl", "e2e")
_FIGURES = ("mean_ms", "p50_ms", "p95_ms", "p99_ms")


def latency_section(inputs: Inputs) -> Section:
    """Return mean, median and tail latencies of every arm."""
    say = inputs.say.latency
    return Section(
        id="latency",
        title=say.title,
        paragraphs=(say.method,),
        charts=(latency_chart(inputs, "ttft"), latency_chart(inputs, "tpot")),
        tables=tuple(_latency(inputs, field, folded=field in ("itl", "e2e")) for field in _LATENCIES),
    )


def _latency(inputs: Inputs, field: str, *, folded: bool) -> Table:
    say = inputs.say.latency
    rows = []
    for arm, point in points_of(inputs.load):
        latency: Latency = getattr(point, field)
        name = word(title_of(arm))
        rows.append((word(str(point.concurrency)), name, *(shown(inputs.evidence, latency, one) for one in _FIGURES)))
    return Table(
        id=f"latency-{field}",
        title=say.tables[field],
        columns=(*words(*say.columns[:2]), *numbers(*say.columns[2:])),
        rows=tuple(rows),
        origin="measured",
        note=say.notes[field],
        sources=inputs.sources(BenchResult.STAGE),
        folded=folded,
    )


LATENCY = Chapter(id="latency", write=latency_section, needs=(BenchResult,), absent=lambda say: say.throughput.absent)
