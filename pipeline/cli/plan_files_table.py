"""Packs and fleets on a terminal of 80 columns."""

from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.base.format import NONE, as_given, at_least, count, listed, number, plural, seconds, usd

_WIDTH = 80
_GB = 1e9 / 2**30
"""GiB of a GB."""


def print_packs(document: dict[str, Any], screen: Any) -> None:
    """Print how the models share each GPU."""
    for place, gpu in enumerate(document["gpus"]):
        if place:
            _line(screen, "")
        _line(
            screen,
            f"{gpu['gpu']}: {number(gpu['needed_gib'])} GiB needed by all, "
            f"{number(gpu['available_gib'])} GiB available: {_verdict(gpu)}.",
        )
        screen.print(
            _table(
                ("model", "needs GiB", "weights GiB", "of the card", "MIG"),
                (
                    (
                        model["name"],
                        number(model["needed_gib"]),
                        number(model["weights_gib"]),
                        at_least(model["gpu_memory_utilization"]),
                        (gpu["mig"] or {}).get(model["name"], NONE),
                    )
                    for model in gpu["models"]
                ),
            )
        )
        if len(gpu["turns"]) > 1:
            for number_, turn in enumerate(gpu["turns"], 1):
                _line(screen, f"  turn {number_}: {listed(turn['models'])}; swapped in {seconds(turn['swap_s'])}")
            _line(screen, f"  Swapping keeps {number(gpu['host_memory_gib'])} GiB of weights in the CPU's memory.")
    if document["stated_gb"]:
        _line(screen, "")
        planned = sorted({number(gpu["needed_gib"] / _GB) for gpu in document["gpus"]})
        _line(screen, f"Stated for all: {as_given(document['stated_gb'])} GB; planned: {listed(planned)} GB.")
    _line(
        screen,
        "Shared, each model is started with --gpu-memory-utilization as above and swaps by vLLM's sleep mode. All is "
        "modelled, nothing measured.",
    )


def _verdict(gpu: dict[str, Any]) -> str:
    if gpu["verdict"] == "together":
        return "all together"
    if gpu["reasons"]:
        return " ".join(gpu["reasons"]).removesuffix(".")
    if gpu["verdict"] == "turns":
        return f"{number(gpu['short_gib'])} GiB short, so they take turns"
    rest = [name for turn in gpu["turns"] for name in turn["models"]]
    without = f"; without it {'the others take turns' if len(gpu['turns']) > 1 else 'the others fit'}" if rest else ""
    return f"{listed(gpu['too_large'])} cannot run here even alone{without}"


def print_fleet(document: dict[str, Any], screen: Any) -> None:
    """Print costs by year, renting beside buying, and fleets by number of users."""
    if document["phases"]:
        _costs(document, screen)
    for demand in document["demand"]:
        if "gpus_for_weights" in demand:
            _line(
                screen,
                f"{demand['parameters']:.3g} parameters, {count(demand['weights_gb'])} GB: "
                f"{count(demand['gpus_for_weights'])} x {demand['gpu']} for the weights alone",
            )
            continue
        _fleet(demand, screen)
    if any("fleets" in demand for demand in document["demand"]):
        _line(
            screen,
            "Cards bought, or rented for a month; kW with cooling, at the load of the file. By speed, or by the room "
            "for sequences, whichever asks for more replicas. * a rent older than 90 days or dated ahead.",
        )
    _line(screen, "All is modelled, nothing measured.")


def _costs(document: dict[str, Any], screen: Any) -> None:
    for phase in document["phases"]:
        _line(screen, f"{phase['name']} (month {phase['month']}): {usd(phase['capital_usd'])}")
    names = ("capital", "energy", "cooling", "staff", "other", "cash", "depreciation")
    screen.print(
        _table(
            ("year, USD", "purchases", *names[1:5], "paid", "written off"),
            ((str(year["year"]), *(count(year[f"{name}_usd"]) for name in names)) for year in document["years"]),
        )
    )
    _line(screen, f"Paid in all years: {usd(document['total_usd'])}")
    rented, month = document["renting"], document["renting"]["break_even_month"]
    unknown, least = rented["no_rent_known"], "at least " if rented["no_rent_known"] else ""
    when = "buying is not cheaper within these years" if month is None else f"buying is cheaper from month {month} on"
    when = "whether buying is cheaper cannot be told" if unknown else when
    _line(screen, f"Renting the same cards instead, with staff: {least}{usd(rented['total_usd'])}; {when}.")
    if unknown:
        _line(screen, f"No rent is known of {listed(unknown)}. Give `rent_usd_per_hour` with the purchase.")
    if rented["rent_stale"]:
        _line(
            screen,
            f"The rent of {listed(rented['rent_stale'])} is older than 90 days or dated ahead: `awqctl gpus refresh`.",
        )


def _fleet(demand: dict[str, Any], screen: Any) -> None:
    placed = f"{plural(demand['gpus_per_replica'], 'GPU')} per replica"
    if demand["gpus_per_replica"] > 1:
        placed += f" (tensor {demand['tensor_parallel_size']} x pipeline {demand['pipeline_parallel_size']}"
        placed += f", {plural(demand['nodes_per_replica'], 'node')})"
    _line(screen, f"{demand['model']} on {demand['gpu']}, {placed}:")
    screen.print(
        _table(
            ("users", "at once", "replicas", "GPUs", "nodes", "kW", "cards\n1000 $", "a month\n1000 $", "by"),
            (
                (
                    *(count(fleet[key]) for key in ("users", "concurrent", "replicas", "gpus", "nodes")),
                    _or(fleet["power_kw"], number),
                    _or(fleet["cards_usd"], _thousands),
                    _or(fleet["rent_usd_per_month"], _thousands) + ("*" if fleet["rent_stale"] else ""),
                    "speed" if fleet["bound_by"] == "tokens per second" else "room",
                )
                for fleet in demand["fleets"]
            ),
        )
    )


def _thousands(value: float) -> str:
    return number(value / 1000)


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Any:
    from rich.table import Table

    table = Table(show_edge=False, pad_edge=False, box=None, padding=(0, 1))
    for place, title in enumerate(titles):
        table.add_column(f"  {title}" if place == 0 else title, justify="right" if place else "left", no_wrap=True)
    for first, *rest in rows:
        table.add_row(f"  {first}", *rest)
    return table


def _or(value: Any, form: Any) -> str:
    return NONE if value is None else str(form(value))


def _line(screen: Any, text: str) -> None:
    screen.print(text, markup=False, width=min(_WIDTH, screen.width))
