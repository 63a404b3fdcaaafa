"""A plan as one self-contained HTML page: memory against its limit, roofline, throughput over concurrency."""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from math import log10
from typing import Any

from pipeline.base.format import TO, count, listed, magnitude, number

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 640, 260, 60, 36
_PARTS = (
    ("weights", "weights_gib", "#2f6db3"),
    ("activations", "activations_gib", "#e0912f"),
    ("outside of torch", "non_torch_gib", "#8a8a8a"),
    ("CUDA graphs", "cuda_graphs_gib", "#b05fa8"),
    ("KV cache", "kv_cache_gib", "#4a9b5f"),
)
_LINES = ("#2f6db3", "#e0912f", "#4a9b5f", "#b05fa8", "#c0453f", "#5b5b5b", "#2aa3a3", "#8c6d3f")
_STYLE = """body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:52rem;padding:0 1rem;color:#1c1c1c}
table{border-collapse:collapse;width:100%}th,td{text-align:right;padding:.2rem .5rem;border-bottom:1px solid #ddd}
th:first-child,td:first-child{text-align:left}svg{width:100%;height:auto}svg text{font:11px system-ui,sans-serif}
.impossible{color:#a3201a}.note{color:#555}"""


def page(plans: Any) -> str:
    """Return the page; it loads nothing."""
    made = plans.configurations
    loads = {f"{count(each.input_tokens)} tokens in, {count(each.output_tokens)} out" for each in made}
    size, load = magnitude(plans.parameters), listed(sorted(loads))
    notes = dict.fromkeys([*plans.notes, *(note for each in made for note in each.notes)])
    parts = [
        f"<h1>{escape(plans.model)}</h1>",
        f"<p>{size} parameters; vLLM {escape(plans.vllm)} assumed. All is modelled, nothing measured.</p>",
        _table(plans),
        "<h2>Memory per GPU against its limit</h2>",
        *(_memory(each) for each in made),
        "<h2>Throughput over concurrency</h2>",
        f"<p>Output tokens per second, {load}; the band is what it may be, not calibrated on these GPUs.</p>",
        _throughput(made),
        "<h2>Roofline</h2>",
        "<p>Decode steps at each concurrency: left of the bend memory binds, right of it the tensor cores.</p>",
        *(_roofline(each) for each in made if each.throughput),
        "".join(f'<p class="note">{escape(note)}</p>' for note in notes),
    ]
    body = "\n".join(parts)
    title = escape(plans.model)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Plan: {title}</title>'
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _name(each: Any) -> str:
    several = f"{count(each.gpus)} x " if each.gpus > 1 else ""
    kv = "" if each.kv_cache_dtype == "auto" else f", KV {each.kv_cache_dtype}"
    return f"{several}{each.gpu}, {each.quantization}{kv}"


def _table(plans: Any) -> str:
    head = "<tr><th></th><th>verdict</th><th>KV tokens</th><th>sequences</th><th>tok/s</th><th>bound by</th></tr>"
    rows = []
    for each in plans.configurations:
        speed = each.output_tokens_per_s
        shown = "" if speed is None else f"{number(speed.expected)} ({number(speed.low, 2)}{TO}{number(speed.high, 2)})"
        rows.append(
            f'<tr class="{each.verdict}"><td>{escape(_name(each))}</td><td>{each.verdict}</td>'
            f"<td>{count(each.kv_cache_tokens)}</td><td>{each.max_concurrency:,.1f} x {count(each.max_model_len)}</td>"
            f"<td>{shown}</td><td>{escape(each.bound_by or '')}</td></tr>"
        )
        rows += [f'<tr class="impossible"><td colspan="6">{escape(reason)}</td></tr>' for reason in each.reasons]
        rows += [
            f'<tr class="note"><td colspan="6">works instead: {escape(found.change)}</td></tr>'
            for found in each.nearest[:3]
        ]
    return f"<table>{head}{''.join(rows)}</table>"


def _memory(each: Any) -> str:
    taken = sum(max(0.0, getattr(each, key)) for _, key, _ in _PARTS)
    whole = max(each.gpu_memory_gib, taken)
    bars, at = [], 0.0
    for label, key, colour in _PARTS:
        size = max(0.0, getattr(each, key)) / whole * _WIDTH
        title = f"{label}: {number(getattr(each, key))} GiB"
        bars.append(
            f'<rect x="{at:.1f}" y="18" width="{size:.1f}" height="24" fill="{colour}"><title>{title}</title></rect>'
        )
        at += size
    limits = [gib / whole * _WIDTH for gib in (each.requested_memory_gib, each.gpu_memory_gib)]
    bars += [f'<line x1="{x:.1f}" x2="{x:.1f}" y1="12" y2="48" stroke="#000" stroke-dasharray="3 2"/>' for x in limits]
    asked = f"asked for {number(each.requested_memory_gib)} of the GPU's {number(each.gpu_memory_gib)} GiB"
    bars.append(f'<text x="{max(limits):.1f}" y="60" text-anchor="end">{asked}</text>')
    legend = "; ".join(f"{label} {number(getattr(each, key))}" for label, key, _ in _PARTS)
    return (
        f'<svg viewBox="0 0 {_WIDTH} 66" role="img" aria-label="{escape(_name(each))}: {escape(legend)} GiB">'
        f'<text x="0" y="11">{escape(_name(each))}: {escape(legend)} GiB</text>{"".join(bars)}</svg>'
    )


def _throughput(made: Sequence[Any]) -> str:
    shown = [each for each in made if each.throughput]
    if not shown:
        return "<p>Nothing runs as it was asked.</p>"
    most = max(point.concurrency for each in shown for point in each.throughput)
    top = max(point.high for each in shown for point in each.throughput)
    across, up = _log_axis(1, max(2, most), _LEFT, _WIDTH - 10), _linear(0, top, _HEIGHT - _BOTTOM, 10)
    drawn = []
    for place, each in enumerate(shown):
        colour, points = _LINES[place % len(_LINES)], each.throughput
        edge = [(across(point.concurrency), up(point.high)) for point in points]
        edge += [(across(point.concurrency), up(point.low)) for point in reversed(points)]
        line = [(across(point.concurrency), up(point.expected)) for point in points]
        drawn.append(f'<polygon points="{_path(edge)}" fill="{colour}" opacity=".15"/>')
        drawn.append(f'<polyline points="{_path(line)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn.append(f'<text x="{_LEFT + 8}" y="{20 + 14 * place}" fill="{colour}">{escape(_name(each))}</text>')
    ticks = [(across(2**power), str(2**power)) for power in range(0, most.bit_length(), 2)]
    levels = [(up(top * share / 4), count(top * share / 4)) for share in range(5)]
    return _chart(drawn, ticks, levels, "requests under way")


def _roofline(each: Any) -> str:
    peak, rate = each.peak_tflops, each.bandwidth_gb_s / 1000
    least, most = 0.5, max(4 * peak / rate, 2 * max(point.operations_per_byte for point in each.throughput))
    low = least * rate / 2
    across, up = _log_axis(least, most, _LEFT, _WIDTH - 10), _log_axis(low, 2 * peak, _HEIGHT - _BOTTOM, 10)
    roof = [(across(x), up(min(peak, x * rate))) for x in (least, peak / rate, most)]
    drawn = [f'<polyline points="{_path(roof)}" fill="none" stroke="#000"/>']
    for point in each.throughput:
        x = point.operations_per_byte
        y = min(peak, x * rate * point.bandwidth_utilization)
        drawn.append(
            f'<circle cx="{across(x):.1f}" cy="{up(max(low, y)):.1f}" r="4" fill="#2f6db3">'
            f"<title>{point.concurrency} at once</title></circle>"
        )
    ticks = [(across(10.0**power), f"{10**power:,}") for power in range(int(log10(most)) + 1)]
    first = int(log10(low)) + 1
    levels = [(up(10.0**power), f"{10.0**power:g}") for power in range(first, int(log10(2 * peak)) + 1)]
    return f"<h3>{escape(_name(each))}</h3>" + _chart(drawn, ticks, levels, "operations per byte; TFLOPS upwards")


def _chart(
    drawn: Iterable[str], ticks: Iterable[tuple[float, str]], levels: Iterable[tuple[float, str]], label: str
) -> str:
    floor = _HEIGHT - _BOTTOM
    marks = [f'<text x="{x:.1f}" y="{floor + 14}" text-anchor="middle">{text}</text>' for x, text in ticks]
    marks += [
        f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
        f'<line x1="{_LEFT}" x2="{_WIDTH - 10}" y1="{y:.1f}" y2="{y:.1f}" stroke="#eee"/>'
        for y, text in levels
    ]
    marks.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 4}" text-anchor="middle">{escape(label)}</text>')
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">{"".join(marks)}{"".join(drawn)}</svg>'


def _path(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _linear(low: float, high: float, first: float, last: float) -> Callable[[float], float]:
    return lambda value: first + (value - low) / (high - low) * (last - first)


def _log_axis(low: float, high: float, first: float, last: float) -> Callable[[float], float]:
    scale = _linear(log10(low), log10(high), first, last)
    return lambda value: scale(log10(value))
