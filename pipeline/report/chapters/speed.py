"""The chapters on throughput, latency and memory."""

from eval.bench.result import ArmLoad, BenchResult, Latency, LoadPoint
from pipeline.base.format import count, number, plural, ratio, ratio_span, size, span
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.cells import figure, numbers, word, words
from pipeline.report.charts.chart_style import title_of
from pipeline.report.charts.charts import latency_chart, ratio_chart, throughput_chart
from pipeline.report.comparison import SpeedRatio, speed_ratios, weight_memory
from pipeline.report.document import Cell, Section, Table, Tone
from pipeline.report.inputs import Inputs

_PAIR = (BASELINE, AWQ)
"""What the ratios compare."""
_LATENCIES = (
    ("ttft", "TTFT", "Time to first token"),
    ("tpot", "TPOT", "Time per output token after the first, per request"),
    ("itl", "ITL", "Inter-token latency: time between two tokens, over all tokens"),
    ("e2e", "E2E", "End-to-end latency of a request"),
)
_TONES: dict[str, Tone] = {"faster": "good", "slower": "bad"}


def speed_section(inputs: Inputs) -> Section:
    """Return output throughput over concurrency, with the repeats' ranges and ratios."""
    load = inputs.load
    ratios = speed_ratios(load)
    return Section(
        id="speed",
        title="Throughput",
        paragraphs=(
            (
                f"Each request has {count(load.input_tokens)} input and {count(load.output_tokens)} output tokens. "
                f"Every point is the median of {plural(load.repeats, 'run')}; the range is the slowest and the "
                f"fastest of them. Where the ranges of baseline and AWQ overlap, the report says no clear difference."
            ),
        ),
        charts=(throughput_chart(load), ratio_chart(ratios)),
        tables=(_throughput(load, ratios, inputs.sources("bench")), _rates(load, inputs.sources("bench"))),
    )


def _throughput(load: BenchResult, ratios: tuple[SpeedRatio, ...], sources: tuple[str, ...]) -> Table:
    points = {(arm, one.concurrency): one for arm, one in _points(load)}
    rows = tuple(
        (
            word(str(one.concurrency)),
            *(_speed(points[arm, one.concurrency]) for arm in _PAIR),
            figure(one.median, ratio),
            word(ratio_span(one.low, one.high)),
            word(one.direction, _TONES.get(one.direction, "plain")),
        )
        for one in ratios
    )
    return Table(
        id="throughput",
        title="Output throughput, tokens/s",
        columns=(
            *words("Concurrency"),
            *numbers("Baseline (range)", "AWQ (range)", "AWQ / baseline", "Range of the ratio"),
            *words("AWQ is"),
        ),
        rows=rows,
        origin="measured",
        note="Range of the ratio: slowest AWQ over fastest baseline run, to fastest AWQ over slowest baseline run.",
        sources=sources,
    )


def _speed(point: LoadPoint) -> Cell:
    low, high = point.output_tokens_per_s_min, point.output_tokens_per_s_max
    return figure(point.output_tokens_per_s, lambda value: f"{number(value)} ({span(low, high)})")


def _rates(load: BenchResult, sources: tuple[str, ...]) -> Table:
    rows = tuple(
        (
            word(str(point.concurrency)),
            word(title_of(arm)),
            figure(point.requests, count),
            figure(point.requests_per_s),
            figure(point.total_tokens_per_s),
            figure(point.duration_s),
        )
        for arm, point in _points(load)
    )
    return Table(
        id="rates",
        title="Requests and total throughput",
        columns=(
            *words("Concurrency", "Arm"),
            *numbers("Requests per run", "Requests/s", "Input + output tokens/s", "Run, s"),
        ),
        rows=rows,
        origin="measured",
        sources=sources,
        folded=True,
    )


def latency_section(inputs: Inputs) -> Section:
    """Return mean, median and tail latencies of every arm."""
    load = inputs.load
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
        charts=(latency_chart(load, "ttft"), latency_chart(load, "tpot")),
        tables=tuple(
            _latency(
                load,
                field,
                f"{short}, ms",
                explanation,
                inputs.sources("bench"),
                folded=field in ("itl", "e2e"),
            )
            for field, short, explanation in _LATENCIES
        ),
    )


def _latency(
    load: BenchResult, field: str, title: str, explanation: str, sources: tuple[str, ...], *, folded: bool
) -> Table:
    rows = []
    for arm, point in _points(load):
        latency: Latency = getattr(point, field)
        values = (latency.mean_ms, latency.p50_ms, latency.p95_ms, latency.p99_ms)
        name = word(title_of(arm))
        rows.append((word(str(point.concurrency)), name, *(figure(value) for value in values)))
    return Table(
        id=f"latency-{field}",
        title=title,
        columns=(*words("Concurrency", "Arm"), *numbers("Mean", "p50", "p95", "p99")),
        rows=tuple(rows),
        origin="measured",
        note=f"{explanation}.",
        sources=sources,
        folded=folded,
    )


def _points(load: BenchResult) -> tuple[tuple[str, LoadPoint], ...]:
    """Return (arm, point) pairs, the arms of a concurrency beside each other, in the order of the recipe."""
    pairs = [(one.arm, point) for one in load.arms for point in one.points]
    return tuple(sorted(pairs, key=lambda pair: pair[1].concurrency))


def memory_section(inputs: Inputs) -> Section:
    """Return memory of weights and KV cache as the engine reports it, and sizes on disk."""
    quantize, load = inputs.quantize, inputs.load
    memory = weight_memory(quantize, load)
    arms = (load.of(BASELINE), load.of(AWQ))
    files = (quantize.source_bytes, quantize.checkpoint_bytes)
    rows = (
        *_reported_weights(arms),
        (word("Weight files on disk"), *(figure(bytes_, size) for bytes_ in files)),
        (word("KV cache, tokens"), *(figure(one.memory.kv_cache_tokens, count) for one in arms)),
        (
            word(f"Requests of {count(load.of(AWQ).memory.context_tokens)} tokens at once"),
            *(figure(one.memory.max_concurrency) for one in arms),
        ),
        (word("Engine start, s"), *(figure(one.start_seconds) for one in arms)),
        (word("Data type of activations"), *(word(one.dtype) for one in arms)),
    )
    return Section(
        id="memory",
        title="Memory",
        paragraphs=(
            (
                f"The weights take {size(memory.baseline_bytes)} before and {size(memory.awq_bytes)} with AWQ, a "
                f"factor of {ratio(memory.times_smaller)} ({memory.basis}). {_cache_sentence(inputs)}"
            ),
        ),
        tables=(
            Table(
                id="memory-table",
                title="Memory and engine",
                columns=(*words("Item"), *numbers("Baseline", "AWQ")),
                rows=rows,
                origin="measured",
                note=_memory_note(arms),
                sources=(*inputs.sources("bench"), *inputs.sources("quantize")),
            ),
        ),
    )


def _reported_weights(arms: tuple[ArmLoad, ...]) -> tuple[tuple[Cell, ...], ...]:
    if any(one.memory.weights_from == "files" for one in arms):
        return ()
    cells = (figure(one.memory.weights_gib, "{:.2f}".format) for one in arms)
    return ((word("Weights in the engine, GiB"), *cells),)


def _memory_note(arms: tuple[ArmLoad, ...]) -> str:
    if any(one.memory.weights_from == "files" for one in arms):
        return "The CPU engine does not report the memory of its weights; the size of the files stands for it."
    return "The engine states its memory at start, rounded to 0.01 GiB."


def _cache_sentence(inputs: Inputs) -> str:
    if inputs.on_cpu:
        return (
            f"On the CPU the KV cache has a fixed size ({inputs.recipe.engine.cpu_kv_cache_gib} GiB), so smaller "
            f"weights do not enlarge it."
        )
    return "Memory that the weights leave free goes to the KV cache, so smaller weights let more requests run at once."
