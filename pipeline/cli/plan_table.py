"""Plans on a terminal of 80 columns, or a narrower one."""

from collections.abc import Sequence
from typing import Any

from pipeline.base.format import NONE, TO, count, magnitude, number, percent, plural, usd

_WIDTH = 80
_LABEL, _LEAST, _MOST = 24, 16, 28
"""Columns of the labels, and the fewest and the most of a configuration."""
_SHOWN = 6


def print_plans(plans: Any, screen: Any) -> None:
    """Print all configurations side by side, then why some cannot run and what works instead."""
    _line(screen, f"{plans.model}: {magnitude(plans.parameters)} parameters, vLLM {_engine(plans)} assumed")
    for text in _of_recipe(plans):
        _line(screen, text)
    width = min(_WIDTH, screen.width)
    columns = max(1, (width - _LABEL) // _LEAST)
    for first in range(0, len(plans.configurations), columns):
        screen.print(_table(plans.configurations[first : first + columns], width))
    for each in plans.configurations:
        for reason in each.reasons:
            _line(screen, f"{_title(each)}: impossible. {reason}")
        _alternatives(each, screen)
    if plans.licence_facts:
        _line(screen, f"Licence {plans.licence_facts}.")
    for note in dict.fromkeys([*plans.notes, *(note for each in plans.configurations for note in each.notes)]):
        _line(screen, f"Note: {note}")


def _engine(plans: Any) -> str:
    """Return the version, and on GPUs what it takes of the memory."""
    on_gpus = [each for each in plans.configurations if each.gpu]
    if not on_gpus:
        return str(plans.vllm)
    shares = TO.join(dict.fromkeys(f"{each.gpu_memory_utilization:.2f}" for each in on_gpus))
    graphs = "inside" if on_gpus[0].cuda_graphs_inside else "on top"
    return f"{plans.vllm} ({shares} of the memory, CUDA graphs {graphs})"


def _line(screen: Any, text: str) -> None:
    screen.print(text, markup=False, soft_wrap=False, width=min(_WIDTH, screen.width))


def _of_recipe(plans: Any) -> list[str]:
    """Return what a recipe is planned for, and which configuration is which arm's; nothing for other plans."""
    if not hasattr(plans, "target"):
        return []
    stored = {"none": "as published", None: "not planned"}
    arms = [f"{arm.arm} {stored.get(arm.quantization, f'as {arm.quantization}')}" for arm in plans.arms]
    return [f"{plans.target[0].upper()}{plans.target[1:]}.", *([f"Arms: {', '.join(arms)}."] if arms else [])]


def _title(each: Any) -> str:
    several = f"{count(each.gpus)} x " if each.gpus > 1 else ""
    kv = "" if each.kv_cache_dtype == "auto" else f" KV {each.kv_cache_dtype}"
    return f"{several}{each.gpu or 'CPU'} {each.quantization}{kv}"


def _table(configurations: Sequence[Any], width: int) -> Any:
    from rich.table import Table

    table = Table(width=min(width, _LABEL + _MOST * len(configurations)), show_edge=False, pad_edge=False)
    on_gpus = any(each.gpu for each in configurations)
    table.add_column("per GPU, GiB" if on_gpus else "GiB", no_wrap=True)
    for each in configurations:
        table.add_column(_title(each), justify="right", overflow="fold", ratio=1)
    rows: list[tuple[str, list[str]]] = [
        ("verdict", [each.verdict for each in configurations]),
        ("parallel", [_parallel(each) for each in configurations]),
        ("memory there", [number(each.gpu_memory_gib if each.gpu else each.memory_gib) for each in configurations]),
        ("memory asked for", [number(each.requested_memory_gib) for each in configurations]),
        ("weights", [number(each.weights_gib) for each in configurations]),
        ("offloaded to the CPU", [number(each.cpu_offload_gib) for each in configurations]),
        ("activations", [_or(each.activations_gib, number) for each in configurations]),
        ("outside of torch", [_or(each.non_torch_gib, number) for each in configurations]),
        ("CUDA graphs", [_or(each.cuda_graphs_gib, number) for each in configurations]),
        ("KV cache", [number(each.kv_cache_gib) for each in configurations]),
        ("KV tokens", [count(each.kv_cache_tokens) for each in configurations]),
        ("KiB per token", [number(each.kv_bytes_per_token / 1024) for each in configurations]),
        (f"sequences of {_lengths(configurations)}", [f"{each.max_concurrency:,.2f}" for each in configurations]),
        ("longest that fits", [count(each.max_model_len_that_fits) for each in configurations]),
        (f"tok/s, {_loads(configurations)}", [_speed(each) for each in configurations]),
        ("   from, to", [_span(each.output_tokens_per_s) for each in configurations]),
        ("sequences at once", [_or(each.running_sequences, count) for each in configurations]),
        ("TTFT in ms", [_time(each, "ttft_ms") for each in configurations]),
        ("   from, to", [_span(each.ttft_ms_interval) for each in configurations]),
        ("TPOT in ms", [_time(each, "tpot_ms") for each in configurations]),
        ("   from, to", [_span(each.tpot_ms_interval) for each in configurations]),
        ("bound by", [each.bound_by or NONE for each in configurations]),
        ("bandwidth used", [_or(each.bandwidth_utilization, percent) for each in configurations]),
        ("compute used", [_or(each.compute_utilization, percent) for each in configurations]),
        ("KV cache used", [_or(each.capacity_utilization, percent) for each in configurations]),
        ("calibrated by", [_calibration(each) for each in configurations]),
    ]
    unused = set() if any(each.cpu_offload_gib for each in configurations) else {"offloaded to the CPU"}
    unused |= set() if any(each.gpus > 1 for each in configurations) else {"parallel"}
    rows = [row for row in rows if row[0] not in unused]
    for name, cells in rows:
        if on_gpus or any(cell not in (NONE, "") for cell in cells):
            table.add_row(name, *cells)
    return table


def _parallel(each: Any) -> str:
    """Return the parallel sizes as vLLM's users write them: `TP4 DP2 EP`."""
    sizes = (
        ("TP", each.tensor_parallel_size),
        ("PP", each.pipeline_parallel_size),
        ("DP", each.data_parallel_size),
    )
    named = [f"{name}{size}" for name, size in sizes if size > 1]
    return " ".join([*named, *(["EP"] if each.enable_expert_parallel else [])]) or NONE


def _lengths(configurations: Sequence[Any]) -> str:
    return TO.join(count(length) for length in sorted({each.max_model_len for each in configurations}))


def _loads(configurations: Sequence[Any]) -> str:
    """Return tokens in and out of the requests that speeds are for."""
    return TO.join(sorted({f"{each.input_tokens}/{each.output_tokens}" for each in configurations}))


def _or(value: Any, form: Any) -> str:
    return NONE if value is None else str(form(value))


def _speed(each: Any) -> str:
    return NONE if each.output_tokens_per_s is None else number(each.output_tokens_per_s.expected)


def _span(interval: Any) -> str:
    return NONE if interval is None else f"{number(interval.low, 2)}{TO}{number(interval.high, 2)}"


def _time(each: Any, key: str) -> str:
    return _or(getattr(each, key), number)


def _calibration(each: Any) -> str:
    if each.calibration is None:
        return "nothing" if each.output_tokens_per_s else NONE
    return f"{plural(each.calibration.runs, 'run')}{'' if each.calibrated else ', memory alone'}"


def _alternatives(each: Any, screen: Any) -> None:
    if each.verdict == "fits":
        return
    if not each.nearest:
        _line(screen, "Nothing near works: choose a smaller model or more memory.")
        return
    _line(screen, "What works instead, cheapest first:")
    for found in each.nearest[:_SHOWN]:
        old = "*" if found.price_stale else ""
        price = "no price known" if found.usd_per_hour is None else f"{usd(found.usd_per_hour)} an hour{old}"
        speed = found.output_tokens_per_s
        rate = "" if speed is None else f"; {number(speed.expected)} tok/s expected"
        # On the machine that is there nothing has to be rented.
        _line(screen, f"  {found.change} ({price}{rate})" if each.gpu else f"  {found.change}")
    if any(found.price_stale for found in each.nearest[:_SHOWN]):
        _line(screen, "  * by a price older than 90 days or dated ahead; `awqctl gpus refresh` takes current ones")


def print_models(rows: Sequence[dict[str, Any]], screen: Any) -> None:
    """Print the models of the catalogue."""
    for row in rows:
        size = NONE if row["parameters"] is None else f"{number(row['parameters'] / 1e9)} B"
        star = "*" if row["source"] and row["source"]["recalled"] else " "
        screen.print(f"{row['name']:<42} {size:>8} {star}{row['licence']}", markup=False, soft_wrap=True)
    screen.print("* configuration from memory, not compared with the model's own. Sources: --json.", markup=False)
    screen.print("\nLicences; no legal advice, read their own texts:", markup=False)
    for text in dict.fromkeys(row["licence_facts"] for row in rows if row["licence_facts"]):
        _line(screen, f"  {text}.")
