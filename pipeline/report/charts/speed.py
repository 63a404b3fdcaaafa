"""The charts of speed, from results to series."""

from collections.abc import Sequence

from eval.bench.result import ArmLoad, Latency, LoadPoint
from pipeline.base.format import listed, number, ratio
from pipeline.recipe.arms import AWQ
from pipeline.report.charts.chart_style import title_of
from pipeline.report.comparison import Direction, SpeedRatio
from pipeline.report.document import Chart, Mark, Series, Statistic, Tone
from pipeline.report.evidence import Evidence
from pipeline.report.inputs import Inputs

_LATENCY_NAMES = {"ttft": "Time to first token (TTFT)", "tpot": "Time per output token (TPOT)"}
_CONCURRENCY = "Concurrency, requests in flight"
_RANGE = ("output_tokens_per_s", "output_tokens_per_s_min", "output_tokens_per_s_max")
_TONES: dict[Direction, Tone] = {"faster": "good", "slower": "bad"}


def throughput_chart(inputs: Inputs) -> Chart:
    """Return output throughput over concurrency: medians as lines, slowest to fastest run as bands."""
    load = inputs.load
    return Chart(
        id="chart-throughput",
        kind="line",
        title="Output throughput over concurrency",
        caption="Median of the repeats; bars and bands from the slowest to the fastest run.",
        alternative=f"Line chart. Output tokens per second, {'; '.join(map(_spoken, load.arms))}.",
        x_title=_CONCURRENCY,
        y_title="Output tokens per second",
        series=tuple(_throughput(arm, inputs.evidence) for arm in load.arms),
    )


def _throughput(arm: ArmLoad, evidence: Evidence) -> Series:
    return Series(
        name=title_of(arm.arm),
        arm=arm.arm,
        statistic="median",
        x=tuple(point.concurrency for point in arm.points),
        y=tuple(point.output_tokens_per_s for point in arm.points),
        low=tuple(point.output_tokens_per_s_min for point in arm.points),
        high=tuple(point.output_tokens_per_s_max for point in arm.points),
        unit="tokens/s",
        origin="measured",
        evidence=evidence.of_all((point, field) for point in arm.points for field in _RANGE),
    )


def _spoken(arm: ArmLoad) -> str:
    pairs = [f"{number(point.output_tokens_per_s)} at {point.concurrency}" for point in arm.points]
    return f"{title_of(arm.arm)}: {listed(pairs)}"


def ratio_chart(ratios: Sequence[SpeedRatio], inputs: Inputs) -> Chart:
    """Return AWQ's throughput over the baseline's, with the range that the repeats allow."""
    return Chart(
        id="chart-ratio",
        kind="dot",
        title="Speed of AWQ relative to the baseline",
        caption="Dots: medians; bars: range of the repeats. A hollow dot means no clear difference.",
        alternative="Dot chart. "
        + "; ".join(f"{ratio(one.median)} at concurrency {one.concurrency}, {one.direction}" for one in ratios)
        + ".",
        x_title=_CONCURRENCY,
        y_title="AWQ / baseline; above 1 AWQ is faster",
        series=(
            Series(
                name="AWQ / baseline",
                arm=AWQ,
                statistic="median",
                x=tuple(one.concurrency for one in ratios),
                y=tuple(one.median for one in ratios),
                low=tuple(one.low for one in ratios),
                high=tuple(one.high for one in ratios),
                labels=tuple(one.direction for one in ratios),
                tones=tuple(_TONES.get(one.direction, "plain") for one in ratios),
                unit="",
                origin="measured",
                evidence=inputs.evidence.of_all(
                    (point, field) for one in ratios for point in one.points for field in _RANGE
                ),
            ),
        ),
        marks=(Mark(axis="y", value=1, text="as fast"),),
    )


def latency_chart(inputs: Inputs, field: str) -> Chart:
    """Return p50 and p95 of a latency over concurrency for every arm."""
    load, name = inputs.load, _LATENCY_NAMES[field]
    parts = [
        f"{title_of(arm.arm)} p95 "
        + listed([f"{number(_latency(point, field).p95_ms)} at {point.concurrency}" for point in arm.points])
        for arm in load.arms
    ]
    return Chart(
        id=f"chart-{field}",
        kind="line",
        title=f"{name} over concurrency",
        caption="Solid: p50; dashed: p95. Medians of the repeats.",
        alternative=f"Line chart. {name} in milliseconds: {'; '.join(parts)}.",
        x_title=_CONCURRENCY,
        y_title="Milliseconds; lower is better",
        series=tuple(
            _percentile(arm, field, percentile, inputs.evidence) for arm in load.arms for percentile in _PERCENTILES
        ),
    )


_PERCENTILES: tuple[Statistic, ...] = ("p50", "p95")


def _percentile(arm: ArmLoad, field: str, percentile: Statistic, evidence: Evidence) -> Series:
    latencies = [_latency(point, field) for point in arm.points]
    return Series(
        name=f"{title_of(arm.arm)} {percentile}",
        arm=arm.arm,
        statistic=percentile,
        x=tuple(point.concurrency for point in arm.points),
        y=tuple(one.p50_ms if percentile == "p50" else one.p95_ms for one in latencies),
        unit="ms",
        origin="measured",
        evidence=evidence.of_all((one, f"{percentile}_ms") for one in latencies),
    )


def _latency(point: LoadPoint, field: str) -> Latency:
    found: Latency = getattr(point, field)
    return found
