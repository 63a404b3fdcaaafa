"""The charts of speed, from result models to `Chart`."""

from collections.abc import Sequence
from typing import Any

from eval.bench.result import ArmLoad, BenchResult, Latency, LoadPoint
from pipeline.base.format import listed, number, ratio
from pipeline.report.charts.chart_style import (
    BLUE,
    GREY,
    MUTED,
    SMALL,
    colours_of,
    concurrency_axis,
    draw,
    end_labels,
    headline,
    horizontal_grid,
    marker_of,
    title_of,
)
from pipeline.report.comparison import SpeedRatio
from pipeline.report.document import Chart

_LATENCY_NAMES = {"ttft": "Time to first token (TTFT)", "tpot": "Time per output token (TPOT)"}


def throughput_chart(load: BenchResult) -> Chart:
    """Return output throughput over concurrency: medians as lines, slowest to fastest run as bands."""
    colours = colours_of(arm.arm for arm in load.arms)

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        ends = []
        for arm in load.arms:
            points, colour = arm.points, colours[arm.arm]
            x = [point.concurrency for point in points]
            y = [point.output_tokens_per_s for point in points]
            low = [point.output_tokens_per_s_min for point in points]
            high = [point.output_tokens_per_s_max for point in points]
            axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
            errors = [_minus(y, low), _minus(high, y)]
            axes.errorbar(x, y, yerr=errors, fmt="none", ecolor=colour, elinewidth=1.6, capsize=4)
            axes.plot(x, y, color=colour, marker=marker_of(arm.arm))
            ends.append((f"{title_of(arm.arm)} {number(y[-1])}", y[-1], colour, "bold"))
        axes.set_ylim(0, _headroom(point.output_tokens_per_s_max for point in _all_points(load)))
        end_labels(axes, _highest(load), ends)
        _finish(axes, load, "Output tokens per second")

    return Chart(
        id="chart-throughput",
        title="Output throughput over concurrency",
        caption="Median of the repeats; bars and bands from the slowest to the fastest run.",
        alternative=f"Line chart. Output tokens per second, {'; '.join(map(_spoken, load.arms))}.",
        svg=draw("chart-throughput", 400, paint),
    )


def _spoken(arm: ArmLoad) -> str:
    pairs = [f"{number(point.output_tokens_per_s)} at {point.concurrency}" for point in arm.points]
    return f"{title_of(arm.arm)}: {listed(pairs)}"


def ratio_chart(ratios: Sequence[SpeedRatio]) -> Chart:
    """Return AWQ's throughput over the baseline's, with the range that the repeats allow."""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        top = max([2.0, *(one.high for one in ratios)]) * 1.12
        axes.axhline(1, color=GREY, linewidth=2)
        for place, one in enumerate(ratios):
            clear = one.direction in ("faster", "slower")
            axes.plot(
                [place, place],
                [one.low, one.high],
                color=BLUE,
                linewidth=9,
                alpha=0.25,
                solid_capstyle="round",
            )
            axes.plot(place, one.median, marker="o", color=BLUE, markerfacecolor=BLUE if clear else "white", mew=2.4)
            text = f"{ratio(one.median)}"
            axes.annotate(
                text,
                (place, one.high),
                (0, 12),
                textcoords="offset points",
                ha="center",
                color=BLUE,
                weight="bold",
            )
        axes.set_xlim(-0.6, 1.18 * len(ratios) - 0.5)
        axes.set_ylim(0, top)
        axes.set_xticks(range(len(ratios)), [str(one.concurrency) for one in ratios])
        axes.set_xlabel("Concurrency, requests in flight")
        axes.annotate(
            "as fast", (1, 1), (-2, -20), xycoords=("axes fraction", "data"), textcoords="offset points",
            ha="right", fontsize=SMALL, color=MUTED,
        )  # fmt: skip
        horizontal_grid(axes)
        headline(axes, "AWQ / baseline; above 1 AWQ is faster")

    return Chart(
        id="chart-ratio",
        title="Speed of AWQ relative to the baseline",
        caption="Dots: medians; bars: range of the repeats. A hollow dot means no clear difference.",
        alternative="Dot chart. "
        + "; ".join(f"{ratio(one.median)} at concurrency {one.concurrency}, {one.direction}" for one in ratios)
        + ".",
        svg=draw("chart-ratio", 400, paint),
    )


def latency_chart(load: BenchResult, field: str) -> Chart:
    """Return p50 and p95 of a latency over concurrency for every arm."""
    colours = colours_of(arm.arm for arm in load.arms)

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        ends = []
        for arm in load.arms:
            colour = colours[arm.arm]
            x = [point.concurrency for point in arm.points]
            middle = [_latency(point, field).p50_ms for point in arm.points]
            tail = [_latency(point, field).p95_ms for point in arm.points]
            axes.fill_between(x, middle, tail, color=colour, alpha=0.10, linewidth=0)
            axes.plot(x, middle, color=colour, marker=marker_of(arm.arm))
            axes.plot(x, tail, color=colour, linewidth=1.6, linestyle=(0, (4, 2.5)))
            name = title_of(arm.arm)
            ends += [(f"{name} p50", middle[-1], colour, "bold"), (f"{name} p95", tail[-1], colour, "normal")]
        axes.set_ylim(0, _headroom(_latency(point, field).p95_ms for point in _all_points(load)))
        end_labels(axes, _highest(load), ends)
        _finish(axes, load, "Milliseconds; lower is better")

    name = _LATENCY_NAMES[field]
    parts = [
        f"{title_of(arm.arm)} p95 "
        + listed([f"{number(_latency(point, field).p95_ms)} at {point.concurrency}" for point in arm.points])
        for arm in load.arms
    ]
    return Chart(
        id=f"chart-{field}",
        title=f"{name} over concurrency",
        caption="Solid: p50; dashed: p95. Medians of the repeats.",
        alternative=f"Line chart. {name} in milliseconds: {'; '.join(parts)}.",
        svg=draw(f"chart-{field}", 400, paint),
    )


def _finish(axes: Any, load: BenchResult, text: str) -> None:
    concurrencies = sorted({point.concurrency for point in _all_points(load)})
    concurrency_axis(axes, concurrencies)
    horizontal_grid(axes)
    headline(axes, text)


def _highest(load: BenchResult) -> int:
    return max(point.concurrency for point in _all_points(load))


def _all_points(load: BenchResult) -> tuple[LoadPoint, ...]:
    return tuple(point for arm in load.arms for point in arm.points)


def _latency(point: LoadPoint, field: str) -> Latency:
    found: Latency = getattr(point, field)
    return found


def _headroom(values: Any) -> float:
    return 1.12 * max(values) or 1.0


def _minus(first: Sequence[float], second: Sequence[float]) -> list[float]:
    return [max(0.0, one - other) for one, other in zip(first, second, strict=True)]
