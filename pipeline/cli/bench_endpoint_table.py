"""What was measured at an endpoint, on a terminal."""

import click
from rich.table import Table

from eval.bench.load.endpoint_result import EndpointLoad
from eval.bench.soak.figures import Drift
from eval.bench.soak.result import Soak
from pipeline.base.format import count, drift, extent, number, percent, seconds, share
from pipeline.cli.common import console
from pipeline.report.language.language import ENGLISH


def print_load(found: EndpointLoad, soak: Soak | None) -> None:
    """Print the points, what could not be checked, what was sent, and what a soak showed."""
    _table(found)
    if soak is not None:
        _soak_table(soak)


def _soak_table(soak: Soak) -> None:
    say = ENGLISH.soak
    if soak.void:
        click.echo("Soak: void.")
        return
    title = f"{soak.concurrency} requests at once for {seconds(soak.duration_s or 0.0)}: {soak.verdict}"
    table = Table(title=title, title_justify="left")
    for name in say.columns[1:]:
        table.add_column(name, justify="left" if name in (say.columns[1], say.columns[-1]) else "right")
    for one in soak.drifts:
        level = f"{number(one.level)} {say.units[one.quantity]}"
        table.add_row(say.names[one.quantity], level, *_trend(one), say.verdicts[one.verdict])
    console().print(table)


def _trend(one: Drift) -> tuple[str, str, str]:
    """Return the drift, its interval, and the smallest one that would have shown."""
    if one.drift is None or one.low is None or one.high is None:
        return "too few", "", ""
    smallest = "" if one.smallest_drift is None else percent(one.smallest_drift)
    return drift(one.drift), extent(one.low, one.high, drift), smallest


def _table(found: EndpointLoad) -> None:
    def cell(value: float | None) -> str:
        return "too few" if value is None else f"{value:.1f}"

    table = Table(title=f"{found.model} at {found.endpoint}", title_justify="left")
    for name in ("load", "requests", "output tok/s", "TTFT ms", "p95", "TPOT ms", "p95"):
        table.add_column(name, justify="right", no_wrap=name == "load")
    for point in found.points:
        latencies = (point.ttft_ms.mean, point.ttft_ms.p95, point.tpot_ms.mean, point.tpot_ms.p95)
        cells = ["void"] + [""] * 4 if point.void else [cell(point.output_tokens_per_s), *map(cell, latencies)]
        table.add_row(point.level, str(point.requests), *cells)
    screen = console()
    screen.print(table)
    for point in found.points:
        if point.connections_per_s and point.steady_state and not point.void:
            click.echo(
                f"{point.level.capitalize()}: built up in {seconds(point.steady_state.start_s)} by at most "
                f"{number(point.connections_per_s)} new connections a second; figures are of the "
                f"{seconds(point.steady_state.duration_s)} after that."
            )
    for point in found.points:
        if point.history_share is not None and not point.void:
            cached = point.engine.cached_share if point.engine else None
            told = (
                "how much came from a prefix cache is not known" if cached is None else f"{share(cached)} came from it"
            )
            click.echo(
                f"{point.level.capitalize()}: {share(point.history_share)} of the prompt tokens are what conversations "
                f"had sent before, which a prefix cache may hold; {told}."
            )
    for name, why in dict.fromkeys(item for point in found.points for item in point.not_checked.items()):
        click.echo(f"Not checked: {name} ({why}).")
    spent = found.spent
    click.echo(f"Sent: {count(spent.requests)} requests, at most {count(spent.tokens_at_most)} tokens.")
