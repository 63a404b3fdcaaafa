"""A plan as one self-contained HTML page: memory against its limit, roofline, throughput over concurrency."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from pipeline.base.format import NONE, TO, count, listed, magnitude, number, percent, usd
from pipeline.cli.plan_charts import CURVES, PARTS, memory_bar, memory_parts, roofline, throughput_chart

_LIGHT = ("#2f6db3", "#c9741c", "#5d7a8c", "#9a4f94", "#2f8a54", "#b8423b", "#1f8c8c", "#8c6d1f")
_DARK = ("#7fb2ea", "#f0a95c", "#a9bcc8", "#d79bd2", "#74c795", "#ef8f88", "#6fd0d0", "#d8bb6a")


_SHOWN = 3
"""Of the settings that work instead."""


def _colours(values: Sequence[str]) -> str:
    return "".join(f"--c{place}:{value};" for place, value in enumerate(values))


_STYLE = (
    ":root{color-scheme:light;--ink:#1c1c1c;--soft:#5a5a5a;--line:#d9d9d9;--paper:#fff;--bad:#a3201a;"
    + _colours(_LIGHT)
    + "}@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--ink:#e8e8e8;--soft:#a8a8a8;"
    "--line:#3d3d3d;--paper:#161616;--bad:#ff9a92;"
    + _colours(_DARK)
    + "}}"
    + "".join(f".c{place}{{--c:var(--c{place})}}" for place in range(len(_LIGHT)))
    + """
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:var(--ink);
background:var(--paper)}h1{font-size:1.6rem;overflow-wrap:anywhere}h2{font-size:1.2rem;margin-top:2.2rem}
h3{font-size:1rem;margin:1.2rem 0 .2rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:right;padding:.3rem .6rem;
border-bottom:1px solid var(--line);white-space:nowrap}th:first-child,td:first-child,td[colspan]{text-align:left}
.impossible{color:var(--bad)}.note,figcaption{color:var(--soft)}
figure{margin:0;break-inside:avoid}figcaption{font-size:.9rem}svg{display:block;width:100%;height:auto}
svg text{font:12px system-ui,sans-serif;fill:var(--soft)}rect,circle{fill:var(--c)}.curve{fill:none;stroke:var(--c);
stroke-width:2}.band{fill:var(--c);opacity:.16}.grid{stroke:var(--line)}.roof{fill:none;stroke:var(--ink);stroke-width:1.5}
.limit{stroke:var(--ink);stroke-width:2;stroke-dasharray:4 3}.chart{min-width:32rem;max-width:48rem}
ul.key{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;margin:.5rem 0}
.key i{display:inline-block;width:.8rem;height:.8rem;border-radius:2px;background:var(--c);margin-right:.4rem}
.roofs{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:0 1.5rem}
.roofs .chart{min-width:0}.why{margin:.6rem 0 0}.instead{margin:.1rem 0 0;padding-left:1.2rem}
@media(max-width:40rem){body{margin:1rem auto}}
@media print{body{max-width:none;margin:0;font-size:11pt}.wide{overflow:visible}.chart{min-width:0}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}"""
)


def page(plans: Any) -> str:
    """Return the page; it loads nothing."""
    made = plans.configurations
    loads = {f"{count(each.input_tokens)} tokens in, {count(each.output_tokens)} out" for each in made}
    size, load = magnitude(plans.parameters), listed(sorted(loads))
    notes = dict.fromkeys([*plans.notes, *(note for each in made for note in each.notes)])
    shown = [each for each in made if each.throughput]
    parts = [
        f"<h1>{escape(plans.model)}</h1>",
        f"<p>{size} parameters; vLLM {escape(plans.vllm)} assumed. All is modelled, nothing measured.</p>",
        _table(plans),
        _times(shown),
        _reasons(made),
        "<h2>Memory per GPU against its limit</h2>",
        _key((place, label) for place, (label, _) in enumerate(PARTS)),
        *(_memory(each) for each in made),
        "<h2>Throughput over concurrency</h2>",
        f"<p>Output tokens per second, {load}; the band is what it may be, {_calibrated(shown)}.</p>",
        _throughput(shown),
        "<h2>Roofline</h2>" if shown else "",
        "<p>Decode steps at each number of requests: left of the bend memory binds, right of it the tensor cores.</p>"
        if shown
        else "",
        f'<div class="roofs">{"".join(_roof(each) for each in shown)}</div>',
        "".join(f'<p class="note">{escape(note)}</p>' for note in notes),
        f'<p class="note">Licence {escape(plans.licence_facts)}.</p>' if plans.licence_facts else "",
    ]
    body = "\n".join(parts)
    title = escape(plans.model)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Plan: {title}</title><style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _name(each: Any) -> str:
    several = f"{count(each.gpus)} x " if each.gpus > 1 else ""
    kv = "" if each.kv_cache_dtype == "auto" else f", KV {each.kv_cache_dtype}"
    return f"{several}{each.gpu or each.cpu}, {each.quantization}{kv}"


def _calibrated(shown: Sequence[Any]) -> str:
    """Return what the bands rest on; the notes name the GPUs where they differ."""
    of = {each.calibrated for each in shown}
    if of == {True}:
        return "calibrated by runs of your own"
    return "calibrated by runs of your own on some of these GPUs" if True in of else "not calibrated on these GPUs"


def _table(plans: Any) -> str:
    head = "<tr><th></th><th>verdict</th><th>KV tokens</th><th>sequences</th><th>tok/s</th><th>bound by</th></tr>"
    rows = [
        f'<tr class="{each.verdict}"><td>{escape(_name(each))}</td><td>{each.verdict}</td>'
        f"<td>{count(each.kv_cache_tokens)}</td><td>{each.max_concurrency:,.1f} x {count(each.max_model_len)}</td>"
        f"<td>{_interval(each.output_tokens_per_s)}</td><td>{escape(each.bound_by or NONE)}</td></tr>"
        for each in plans.configurations
    ]
    return f'<div class="wide"><table>{head}{"".join(rows)}</table></div>'


def _times(made: Sequence[Any]) -> str:
    """Return the times of a request, and how much of the GPU is used, of what can run."""
    names = ("TTFT, ms", "TPOT, ms", "bandwidth used", "compute used", "KV cache used")
    rows = []
    for each in made:
        used = (each.bandwidth_utilization, each.compute_utilization, each.capacity_utilization)
        cells = [_interval(each.ttft_ms_interval), _interval(each.tpot_ms_interval), *map(_share, used)]
        rows.append(f"<tr><td>{escape(_name(each))}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    head = "".join(f"<th>{name}</th>" for name in ("", *names))
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(rows)}</table></div>' if rows else ""


def _reasons(made: Sequence[Any]) -> str:
    """Return why configurations cannot run, and what works instead."""
    told = []
    for each in made:
        told += [f'<p class="impossible why">{escape(_name(each))}: {escape(reason)}</p>' for reason in each.reasons]
        works = "".join(f"<li>{escape(found.change)}{_price(found)}</li>" for found in each.nearest[:_SHOWN])
        told.append(f'<p class="note why">Works instead:</p><ul class="note instead">{works}</ul>' if works else "")
    if any(found.price_stale for each in made for found in each.nearest[:_SHOWN]):
        told.append('<p class="note">* by a price older than 90 days or dated ahead.</p>')
    return "".join(told)


def _price(found: Any) -> str:
    old = "*" if found.price_stale else ""
    return "" if found.usd_per_hour is None else f", {usd(found.usd_per_hour)} an hour{old}"


def _key(entries: Iterable[tuple[int, str]]) -> str:
    items = "".join(f'<li><i class="c{place}"></i>{escape(label)}</li>' for place, label in entries)
    return f'<ul class="key">{items}</ul>'


def _interval(found: Any) -> str:
    if found is None:
        return NONE
    return f"{number(found.expected)} ({number(found.low, 2)}{TO}{number(found.high, 2)})"


def _share(found: float | None) -> str:
    return NONE if found is None else percent(found)


def _memory(each: Any) -> str:
    parts = listed([f"{label} {number(gib)}" for _, label, gib in memory_parts(each)])
    whose, there = ("GPU", each.gpu_memory_gib) if each.gpu else ("CPU", each.memory_gib)
    asked = f"{number(each.requested_memory_gib)} GiB asked for of the {whose}'s {number(there)}"
    name = _name(each)
    return (
        f"<figure><h3>{escape(name)}</h3>{memory_bar(each, name)}<figcaption>{asked}: {escape(parts)}.</figcaption>"
        "</figure>"
    )


def _throughput(shown: Sequence[Any]) -> str:
    if not shown:
        return "<p>Nothing runs as it was asked.</p>"
    key = _key((CURVES[place % len(CURVES)], _name(each)) for place, each in enumerate(shown))
    return f'<figure>{key}<div class="wide">{throughput_chart(shown)}</div></figure>'


def _roof(each: Any) -> str:
    name = _name(each)
    return f'<figure><h3>{escape(name)}</h3><div class="wide">{roofline(each, name)}</div></figure>'
