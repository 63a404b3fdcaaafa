"""Packs and fleets on a terminal of 80 columns."""

from typing import Any

from pipeline.base.format import count, listed, number, plural, seconds, usd

_WIDTH = 80


def print_packs(document: dict[str, Any], screen: Any) -> None:
    """Print how the models share each GPU."""
    for gpu in document["gpus"]:
        _line(
            screen,
            f"{gpu['gpu']}: {number(gpu['needed_gib'])} GiB needed by all, "
            f"{number(gpu['available_gib'])} GiB available: {_verdict(gpu)}",
        )
        for model in gpu["models"]:
            _line(
                screen,
                f"  {model['name']}: {number(model['needed_gib'])} GiB, of which weights "
                f"{number(model['weights_gib'])} GiB",
            )
        if len(gpu["turns"]) > 1:
            for turn in gpu["turns"]:
                _line(screen, f"  turn: {listed(turn['models'])}; loaded in {seconds(turn['swap_s'])}")
        if gpu["mig"]:
            _line(screen, "  MIG: " + ", ".join(f"{name} {profile}" for name, profile in gpu["mig"].items()))


def _verdict(gpu: dict[str, Any]) -> str:
    if gpu["verdict"] == "together":
        return "all together"
    if gpu["reasons"]:
        return " ".join(gpu["reasons"])
    if gpu["verdict"] == "turns":
        return f"{number(gpu['short_gib'])} GiB short, so they take turns"
    return f"{listed(gpu['too_large'])} cannot run here even alone"


def print_fleet(document: dict[str, Any], screen: Any) -> None:
    """Print costs by year, and fleets by number of users."""
    for phase in document["phases"]:
        _line(screen, f"{phase['name']} (month {phase['month']}): {usd(phase['capital_usd'])}")
    for year in document["years"] if document["phases"] else ():
        _line(
            screen,
            f"year {year['year']}: purchases {usd(year['capital_usd'])}, energy {usd(year['energy_usd'])}, "
            f"cooling {usd(year['cooling_usd'])}, staff {usd(year['staff_usd'])}, other "
            f"{usd(year['other_usd'])}; paid {usd(year['cash_usd'])}; depreciation "
            f"{usd(year['depreciation_usd'])}",
        )
    if document["phases"]:
        _line(screen, f"all years: {usd(document['total_usd'])}")
    for demand in document["demand"]:
        if "gpus_for_weights" in demand:
            _line(
                screen,
                f"{demand['parameters']:.3g} parameters, {count(demand['weights_gb'])} GB: "
                f"{count(demand['gpus_for_weights'])} x {demand['gpu']} for the weights alone",
            )
            continue
        _line(screen, f"{demand['model']} on {demand['gpu']}, {plural(demand['gpus_per_replica'], 'GPU')} per replica:")
        for fleet in demand["fleets"]:
            _line(
                screen,
                f"  {plural(fleet['users'], 'user')}, {count(fleet['concurrent'])} at once: "
                f"{plural(fleet['replicas'], 'replica')}, {plural(fleet['gpus'], 'GPU')} in "
                f"{plural(fleet['nodes'], 'node')} (by {fleet['bound_by']})",
            )


def _line(screen: Any, text: str) -> None:
    screen.print(text, markup=False, width=min(_WIDTH, screen.width))
