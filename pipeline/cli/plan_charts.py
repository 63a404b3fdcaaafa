"""The charts of a plan's page, as SVG that takes its colours from the page."""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from math import log10
from typing import Any

from pipeline.base.format import count, number

_WIDTH, _ROOF_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 640, 420, 280, 56, 40
_RIGHT, _TOP = 12, 14
PARTS = (
    ("weights", "weights_gib"),
    ("activations", "activations_gib"),
    ("outside of torch", "non_torch_gib"),
    ("CUDA graphs", "cuda_graphs_gib"),
    ("KV cache", "kv_cache_gib"),
)
"""Of the memory, in the order of the colours."""
CURVES = (0, 1, 4, 3, 5, 6, 7, 2)
"""Colours of lines that cross each other: neighbours differ most."""
_BAR = 26
_APART = 30
"""Between the points of a roofline that say how many requests they are for, the last one among them."""


def memory_parts(each: Any) -> list[tuple[int, str, float]]:
    """Return the colour, the name and the GiB of each part of the memory that is modelled."""
    parts = [(place, label, getattr(each, key)) for place, (label, key) in enumerate(PARTS)]
    return [part for part in parts if part[2] is not None]


def memory_bar(each: Any, name: str) -> str:
    """Return the memory of one GPU or machine as a bar, with what was asked for and the whole as limits."""
    parts, there = memory_parts(each), each.gpu_memory_gib if each.gpu else each.memory_gib
    whole = max(there, sum(max(0.0, gib) for _, _, gib in parts))
    drawn, at = [], 0.0
    for place, label, gib in parts:
        size = max(0.0, gib) / whole * _WIDTH
        title = f"{label}: {number(gib)} GiB"
        drawn.append(
            f'<rect class="c{place}" x="{at:.1f}" y="5" width="{size:.1f}" height="{_BAR}">'
            f"<title>{title}</title></rect>"
        )
        at += size
    for gib in (each.requested_memory_gib, there):
        x = min(_WIDTH - 1, gib / whole * _WIDTH)
        drawn.append(f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{_BAR + 10}"/>')
    label = escape(f"Memory of {name}")
    return f'<svg viewBox="0 0 {_WIDTH} {_BAR + 10}" role="img" aria-label="{label}">{"".join(drawn)}</svg>'


def throughput_chart(shown: Sequence[Any]) -> str:
    """Return expected tokens per second over the requests under way, each with its band."""
    most = max(point.concurrency for each in shown for point in each.throughput)
    top = _rounded_up(max(point.high for each in shown for point in each.throughput))
    across, up = _log_axis(1, max(2, most), _LEFT, _WIDTH - _RIGHT), _linear(0, top, _HEIGHT - _BOTTOM, _TOP)
    drawn = []
    for place, each in enumerate(shown):
        colour, points = f"c{CURVES[place % len(CURVES)]}", each.throughput
        edge = [(across(point.concurrency), up(point.high)) for point in points]
        edge += [(across(point.concurrency), up(point.low)) for point in reversed(points)]
        line = [(across(point.concurrency), up(point.expected)) for point in points]
        drawn.append(f'<polygon class="{colour} band" points="{_path(edge)}"/>')
        drawn.append(f'<polyline class="{colour} curve" points="{_path(line)}"/>')
        drawn += [
            f'<circle class="{colour}" cx="{across(point.concurrency):.1f}" cy="{up(point.expected):.1f}" r="3">'
            f"<title>{point.concurrency} at once: {number(point.expected)} tok/s</title></circle>"
            for point in points
        ]
    ticks = [(across(2**power), count(2**power)) for power in range(0, most.bit_length(), 2)]
    levels = [(up(top * share / 4), count(top * share / 4)) for share in range(5)]
    label = "Throughput over concurrency"
    return _chart(drawn, ticks, levels, ("requests under way", "output tokens per second"), label, _WIDTH)


def roofline(each: Any, name: str) -> str:
    """Return the roof of a GPU, and under it the decode steps at each number of requests."""
    peak, rate = each.peak_tflops, each.bandwidth_gb_s / 1000
    least, most = 0.5, max(4 * peak / rate, 2 * max(point.operations_per_byte for point in each.throughput))
    low = least * rate / 2
    across = _log_axis(least, most, _LEFT, _ROOF_WIDTH - _RIGHT)
    up = _log_axis(low, 2 * peak, _HEIGHT - _BOTTOM, _TOP)
    roof = [(across(x), up(min(peak, x * rate))) for x in (least, peak / rate, most)]
    drawn = [f'<polyline class="roof" points="{_path(roof)}"/>']
    marked = float("inf")
    for point in reversed(each.throughput):
        x = across(point.operations_per_byte)
        y = up(max(low, min(peak, point.operations_per_byte * rate * point.bandwidth_utilization)))
        drawn.append(
            f'<circle class="c0" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{point.concurrency} at once</title></circle>'
        )
        if marked - x >= _APART:
            marked = x
            drawn.append(f'<text x="{x:.1f}" y="{y + 18:.1f}" text-anchor="middle">{count(point.concurrency)}</text>')
    ticks = [(across(10.0**power), f"{10**power:,}") for power in range(int(log10(most)) + 1)]
    levels = [(up(10.0**power), f"{10.0**power:g}") for power in range(int(log10(low)) + 1, int(log10(2 * peak)) + 1)]
    return _chart(drawn, ticks, levels, ("operations per byte", "TFLOPS"), f"Roofline of {name}", _ROOF_WIDTH)


def _chart(
    drawn: Iterable[str],
    ticks: Iterable[tuple[float, str]],
    levels: Iterable[tuple[float, str]],
    axes: tuple[str, str],
    label: str,
    width: int,
) -> str:
    (across, upwards), floor = axes, _HEIGHT - _BOTTOM
    marks = [f'<text x="{x:.1f}" y="{floor + 16}" text-anchor="middle">{text}</text>' for x, text in ticks]
    marks += [
        f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
        f'<line class="grid" x1="{_LEFT}" x2="{width - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        for y, text in levels
    ]
    middle = (_TOP + floor) / 2
    marks.append(f'<text x="{(_LEFT + width) / 2}" y="{_HEIGHT - 4}" text-anchor="middle">{escape(across)}</text>')
    marks.append(
        f'<text x="10" y="{middle}" text-anchor="middle" transform="rotate(-90 10 {middle})">{escape(upwards)}</text>'
    )
    return (
        f'<svg class="chart" viewBox="0 0 {width} {_HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"{''.join(marks)}{''.join(drawn)}</svg>"
    )


def _rounded_up(value: float) -> float:
    """Return the next number of the kind 1, 2, 4, 6 or 8 times a power of ten: its quarters are round, too."""
    power: float = 10.0 ** int(log10(value)) if value >= 1 else 1.0
    return next(times * power for times in (1, 2, 4, 6, 8, 10, 20) if times * power >= value)


def _path(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _linear(low: float, high: float, first: float, last: float) -> Callable[[float], float]:
    return lambda value: first + (value - low) / (high - low) * (last - first)


def _log_axis(low: float, high: float, first: float, last: float) -> Callable[[float], float]:
    scale = _linear(log10(low), log10(high), first, last)
    return lambda value: scale(log10(value))
