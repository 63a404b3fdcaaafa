"""The chapter on throughput."""

from eval.bench.result import BenchResult, LoadPoint
from pipeline.base.format import count, number, plural, ratio, ratio_span, span
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.cells import figure, numbers, shown, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.charts.chart_style import title_of
from pipeline.report.charts.speed import ratio_chart, throughput_chart
from pipeline.report.comparison import SpeedRatio, points_of, speed_ratios
from pipeline.report.document import Cell, Section, Table, Tone
from pipeline.report.evidence import Evidence, Keys
from pipeline.report.inputs import Inputs
from pipeline.roi.result import RoiResult

NOT_BENCHED = "Throughput and latency were not measured: `awqctl bench` was not run."
_PAIR = (BASELINE, AWQ)
"""What the ratios compare."""
_EXTREMES = ("output_tokens_per_s_min", "output_tokens_per_s_max")
_TONES: dict[str, Tone] = {"faster": "good", "slower": "bad"}


def throughput_section(inputs: Inputs) -> Section:
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
        charts=(throughput_chart(inputs), ratio_chart(ratios, inputs)),
        tables=(_throughput(ratios, inputs), _rates(inputs)),
    )


def _throughput(ratios: tuple[SpeedRatio, ...], inputs: Inputs) -> Table:
    rows = tuple(
        (
            word(str(one.concurrency)),
            *(_speed(point, inputs.evidence) for point in one.points),
            figure(one.median, ratio, evidence=_keys(one, inputs.evidence, "output_tokens_per_s")),
            word(ratio_span(one.low, one.high), evidence=_keys(one, inputs.evidence, *_EXTREMES)),
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
        sources=inputs.sources(BenchResult.STAGE),
    )


def _keys(one: SpeedRatio, evidence: Evidence, *fields: str) -> Keys:
    return evidence.of_all((point, field) for point in one.points for field in fields)


def _speed(point: LoadPoint, evidence: Evidence) -> Cell:
    low, high = point.output_tokens_per_s_min, point.output_tokens_per_s_max
    return shown(evidence, point, "output_tokens_per_s", lambda value: f"{number(value)} ({span(low, high)})")


def _rates(inputs: Inputs) -> Table:
    evidence = inputs.evidence
    rows = tuple(
        (
            word(str(point.concurrency)),
            word(title_of(arm)),
            shown(evidence, point, "requests", count),
            shown(evidence, point, "requests_per_s"),
            shown(evidence, point, "total_tokens_per_s"),
            shown(evidence, point, "duration_s"),
        )
        for arm, point in points_of(inputs.load)
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
        sources=inputs.sources(BenchResult.STAGE),
        folded=True,
    )


def throughput_limits(inputs: Inputs) -> tuple[str, ...]:
    """Return what the sweep does not answer; empty sentences where it does."""
    load = inputs.load
    highest = max(point.concurrency for point in load.of(AWQ).points)
    return (
        _hardware(inputs),
        _one_machine(inputs),
        (
            f"Other lengths: every request had {count(load.input_tokens)} input and {count(load.output_tokens)} output "
            f"tokens. Real traffic mixes lengths."
        ),
        (
            f"Real traffic: prompts were synthetic and at most {count(highest)} requests were in flight. Bursts and "
            f"queues beyond that were not measured."
        ),
        _duration(load),
        "Energy, power and temperature.",
        "Each speed was measured once." if load.repeats == 1 else "",
    )


def _hardware(inputs: Inputs) -> str:
    if not inputs.on_cpu:
        return ""
    return (
        "GPU speed: the run used the CPU. Its throughput, latency and costs say nothing about a GPU, where other "
        "kernels run. The accuracy figures are of the same weights, but GPU kernels round differently."
    )


def _one_machine(inputs: Inputs) -> str:
    assumed = "; the costs assume that n machines carry n times the load" if inputs.has(RoiResult) else ""
    return f"One machine: {inputs.hardware}. Several machines behind a balancer were not measured{assumed}."


def _duration(load: BenchResult) -> str:
    longest = max(point.duration_s for arm in _PAIR for point in load.of(arm).points)
    return f"Long runs: the longest single run took {count(longest)} s. Behaviour over hours was not measured."


THROUGHPUT = Chapter(
    id="speed",
    write=throughput_section,
    needs=(BenchResult,),
    limits=throughput_limits,
    absent=lambda _say: NOT_BENCHED,
)
