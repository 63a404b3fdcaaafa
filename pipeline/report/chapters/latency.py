"""The chapter on latency."""

from eval.bench.result import BenchResult, Latency
from pipeline.report.cells import numbers, shown, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.chapters.throughput import NOT_BENCHED
from pipeline.report.charts.chart_style import title_of
from pipeline.report.charts.speed import latency_chart
from pipeline.report.comparison import points_of
from pipeline.report.document import Section, Table
from pipeline.report.inputs import Inputs

_LATENCIES = (
    ("ttft", "TTFT", "Time to first token"),
    ("tpot", "TPOT", "Time per output token after the first, per request"),
    ("itl", "ITL", "Inter-token latency: time between two tokens, over all tokens"),
    ("e2e", "E2E", "End-to-end latency of a request"),
)
_FIGURES = ("mean_ms", "p50_ms", "p95_ms", "p99_ms")


def latency_section(inputs: Inputs) -> Section:
    """Return mean, median and tail latencies of every arm."""
    return Section(
        id="latency",
        title="Latency",
        paragraphs=(
            (
                "Percentiles are taken over requests, for ITL over tokens; each figure is the median of the "
                "repeats. Ranges of the repeats are not recorded for latencies, so small differences are not "
                "judged here. At a concurrency above what the engine batches, TTFT includes waiting in its queue."
            ),
        ),
        charts=(latency_chart(inputs, "ttft"), latency_chart(inputs, "tpot")),
        tables=tuple(
            _latency(
                inputs,
                field,
                f"{short}, ms",
                explanation,
                folded=field in ("itl", "e2e"),
            )
            for field, short, explanation in _LATENCIES
        ),
    )


def _latency(inputs: Inputs, field: str, title: str, explanation: str, *, folded: bool) -> Table:
    rows = []
    for arm, point in points_of(inputs.load):
        latency: Latency = getattr(point, field)
        name = word(title_of(arm))
        rows.append((word(str(point.concurrency)), name, *(shown(inputs.evidence, latency, one) for one in _FIGURES)))
    return Table(
        id=f"latency-{field}",
        title=title,
        columns=(*words("Concurrency", "Arm"), *numbers("Mean", "p50", "p95", "p99")),
        rows=tuple(rows),
        origin="measured",
        note=f"{explanation}.",
        sources=inputs.sources(BenchResult.STAGE),
        folded=folded,
    )


LATENCY = Chapter(id="latency", write=latency_section, needs=(BenchResult,), absent=lambda _say: NOT_BENCHED)
