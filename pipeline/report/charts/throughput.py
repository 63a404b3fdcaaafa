"""The charts of speed, from results to series."""

from collections.abc import Sequence

from eval.bench.comparison import SpeedRatio
from eval.bench.result import ArmLoad, Latency, LoadPoint
from pipeline.base.format import number, ratio
from pipeline.recipe.arms import AWQ
from pipeline.report.cells import DIRECTION_TONES, few_or, runs_keys
from pipeline.report.document import Chart, Mark, Series, Statistic
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.throughput import Throughput

_RANGE = ("output_tokens_per_s", "output_tokens_per_s_min", "output_tokens_per_s_max")


def throughput_chart(inputs: Inputs) -> Chart:
    """Return output throughput over concurrency: means as lines, slowest to fastest run as bands."""
    load, say = inputs.load, inputs.say.throughput
    return Chart(
        id="chart-throughput",
        kind="line",
        title=say.chart,
        caption=say.chart_caption,
        alternative=say.chart_alternative("; ".join(_spoken(arm, say) for arm in load.arms if arm.points)),
        x_title=inputs.say.throughput.concurrency,
        y_title=say.chart_y,
        series=tuple(_throughput(arm, inputs) for arm in load.arms if arm.points),
    )


def _throughput(arm: ArmLoad, inputs: Inputs) -> Series:
    return Series(
        name=inputs.say.throughput.title_of(arm.arm),
        arm=arm.arm,
        statistic="mean",
        x=tuple(point.concurrency for point in arm.points),
        y=tuple(point.output_tokens_per_s for point in arm.points),
        low=tuple(point.output_tokens_per_s_min for point in arm.points),
        high=tuple(point.output_tokens_per_s_max for point in arm.points),
        unit=inputs.say.throughput.chart_unit,
        origin="measured",
        evidence=inputs.evidence.of_all((point, field) for point in arm.points for field in _RANGE),
    )


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
    """Return p50 and p95 of a latency over concurrency for every arm."""
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
    return Chart(
        id=f"chart-{field}",
        kind="line",
        title=say.chart(name),
        caption=say.chart_caption,
        alternative=say.chart_alternative(name, "; ".join(parts)),
        x_title=inputs.say.throughput.concurrency,
        y_title=say.chart_y,
        series=tuple(
            one
            for arm in load.arms
            for percentile in _PERCENTILES
            if (one := _percentile(arm, field, percentile, inputs)).x
        ),
    )


_PERCENTILES: tuple[Statistic, ...] = ("p50", "p95")


def _percentile(arm: ArmLoad, field: str, percentile: Statistic, inputs: Inputs) -> Series:
    """Return a percentile at the concurrencies that carry it."""
    known = [
        (point.concurrency, latency, value)
        for point in arm.points
        if (value := getattr(latency := _latency(point, field), f"{percentile}_ms")) is not None
    ]
    return Series(
        name=f"{inputs.say.latency.title_of(arm.arm)} {percentile}",
        arm=arm.arm,
        statistic=percentile,
        x=tuple(concurrency for concurrency, _, _ in known),
        y=tuple(value for _, _, value in known),
        unit="ms",
        origin="measured",
        evidence=inputs.evidence.of_all((latency, f"{percentile}_ms") for _, latency, _ in known),
    )


def _latency(point: LoadPoint, field: str) -> Latency:
    found: Latency = getattr(point, field)
    return found
