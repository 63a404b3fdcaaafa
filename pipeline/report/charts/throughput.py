"""The charts of speed, from results to series."""

from collections.abc import Sequence

from eval.bench.comparison import SpeedRatio, deciding_repeats
from eval.bench.result import ArmLoad, BenchResult, Latency, LoadPoint
from eval.statistics.repeats import CONFIDENCE, mean_interval
from pipeline.base.format import certainty, number, ratio
from pipeline.recipe.arms import AWQ
from pipeline.report.cells import DIRECTION_TONES, few_or, runs_keys
from pipeline.report.document import Chart, Mark, Series, Statistic
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.throughput import Throughput
from pipeline.report.language.en.words import Words

_RANGE = ("output_tokens_per_s_min", "output_tokens_per_s_max")
_Level = tuple[int, LoadPoint | None]
"""A concurrency and what stands there; None where the point is void."""


def levels_of(arm: ArmLoad) -> tuple[_Level, ...]:
    """Return every concurrency of an arm in rising order, with its point."""
    points: list[_Level] = [(point.concurrency, point) for point in arm.points]
    return tuple(sorted([*points, *((point.concurrency, None) for point in arm.void_points)], key=lambda one: one[0]))


def throughput_chart(inputs: Inputs) -> Chart:
    """Return output throughput over concurrency: means with their intervals, and the slowest and fastest run."""
    load, say = inputs.load, inputs.say.throughput
    return Chart(
        id="chart-throughput",
        kind="line",
        title=say.chart,
        caption=say.chart_caption(certainty(CONFIDENCE)) + _void_caption(load, say),
        alternative=say.chart_alternative("; ".join(_spoken(arm, say) for arm in load.arms if arm.points)),
        x_title=inputs.say.throughput.concurrency,
        y_title=say.chart_y,
        series=tuple(one for arm in load.arms if arm.points for one in _throughput(arm, inputs)),
    )


def _throughput(arm: ArmLoad, inputs: Inputs) -> tuple[Series, Series]:
    """Return an arm's means with the interval of each, and the range of its runs."""
    levels, say, first = levels_of(arm), inputs.say.throughput, deciding_repeats(inputs.load)
    runs = [(point, f"output_tokens_per_s_runs/{run}") for point in arm.points for run in range(_amount(point))]
    intervals = [
        point and mean_interval(point.output_tokens_per_s_runs, CONFIDENCE, first=first) for _, point in levels
    ]
    mean = Series(
        name=say.title_of(arm.arm),
        arm=arm.arm,
        statistic="mean",
        x=tuple(concurrency for concurrency, _ in levels),
        y=tuple(point and point.output_tokens_per_s for _, point in levels),
        low=tuple(interval and interval[0] for interval in intervals),
        high=tuple(interval and interval[1] for interval in intervals),
        labels=void_labels(levels, say),
        unit=say.chart_unit,
        origin="measured",
        evidence=inputs.evidence.of_all([*((point, "output_tokens_per_s") for point in arm.points), *runs]),
    )
    ends = Series(
        name=say.range_of(say.title_of(arm.arm)),
        arm=arm.arm,
        statistic="bounds",
        x=mean.x,
        low=tuple(point and point.output_tokens_per_s_min for _, point in levels),
        high=tuple(point and point.output_tokens_per_s_max for _, point in levels),
        unit=say.chart_unit,
        origin="measured",
        evidence=inputs.evidence.of_all((point, field) for point in arm.points for field in _RANGE),
    )
    return mean, ends


def void_labels(levels: Sequence[_Level], say: Words) -> tuple[str, ...]:
    """Return what is said of each point: that it is void, or nothing."""
    return tuple("" if point else say.void for _, point in levels)


def _void_caption(load: BenchResult, say: Words) -> str:
    return say.void_caption if load.void_points else ""


def _amount(point: LoadPoint) -> int:
    return len(point.output_tokens_per_s_runs)


def _spoken(arm: ArmLoad, say: Throughput) -> str:
    pairs = [say.at(number(point.output_tokens_per_s), str(point.concurrency)) for point in arm.points]
    return say.arm(say.title_of(arm.arm), say.listing(pairs))


def ratio_chart(ratios: Sequence[SpeedRatio], inputs: Inputs) -> Chart:
    """Return AWQ's throughput over the baseline's, with the interval that the repeats allow."""
    say = inputs.say.throughput
    spoken = [say.ratio(ratio(one.value), str(one.concurrency), say.directions[one.direction]) for one in ratios]
    return Chart(
        id="chart-ratio",
        kind="dot",
        title=say.ratio_chart,
        caption=say.ratio_caption,
        alternative=say.ratio_alternative("; ".join(spoken)),
        x_title=inputs.say.throughput.concurrency,
        y_title=say.ratio_y,
        series=(
            Series(
                name=say.ratio_name,
                arm=AWQ,
                statistic="mean",
                x=tuple(one.concurrency for one in ratios),
                y=tuple(one.value for one in ratios),
                low=tuple(one.interval[0] if one.interval else None for one in ratios),
                high=tuple(one.interval[1] if one.interval else None for one in ratios),
                labels=tuple(say.directions[one.direction] for one in ratios),
                tones=tuple(DIRECTION_TONES.get(one.direction, "plain") for one in ratios),
                unit="",
                origin="measured",
                evidence=tuple(
                    key for one in ratios for key in runs_keys(one, inputs.evidence, "output_tokens_per_s_runs")
                ),
            ),
        ),
        marks=(Mark(axis="y", value=1, text=say.ratio_mark),),
    )


def latency_chart(inputs: Inputs, field: str) -> Chart:
    """Return p50, p95 and p99 of a latency over concurrency for every arm, as far as requests carry them."""
    load, say = inputs.load, inputs.say.latency
    at, name = inputs.say.throughput.at, say.names[field]
    parts = [
        say.tail(
            say.title_of(arm.arm),
            say.listing(
                [at(few_or(_latency(point, field).p95_ms, say), str(point.concurrency)) for point in arm.points]
            ),
        )
        for arm in load.arms
        if arm.points
    ]
    percentiles = [_percentile(arm, field, percentile, inputs) for arm in load.arms for percentile in _PERCENTILES]
    return Chart(
        id=f"chart-{field}",
        kind="line",
        title=say.chart(name),
        caption=say.chart_caption + _void_caption(load, say),
        alternative=say.chart_alternative(name, "; ".join(parts)),
        x_title=inputs.say.throughput.concurrency,
        y_title=say.chart_y,
        series=tuple(one for one in percentiles if any(value is not None for value in one.y)),
    )


_PERCENTILES: tuple[Statistic, ...] = ("p50", "p95", "p99")


def _percentile(arm: ArmLoad, field: str, percentile: Statistic, inputs: Inputs) -> Series:
    """Return a percentile over concurrency, with gaps where too few requests carry it and where a point is void."""
    levels, name = levels_of(arm), f"{percentile}_ms"
    latencies = [point and _latency(point, field) for _, point in levels]
    values = [one and getattr(one, name) for one in latencies]
    return Series(
        name=f"{inputs.say.latency.title_of(arm.arm)} {percentile}",
        arm=arm.arm,
        statistic=percentile,
        x=tuple(concurrency for concurrency, _ in levels),
        y=tuple(values),
        labels=void_labels(levels, inputs.say.latency),
        unit="ms",
        origin="measured",
        evidence=inputs.evidence.of_all(
            (one, name) for one, value in zip(latencies, values, strict=True) if one is not None and value is not None
        ),
    )


def _latency(point: LoadPoint, field: str) -> Latency:
    found: Latency = getattr(point, field)
    return found
