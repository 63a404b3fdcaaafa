"""The part of every dry run that is planned, on a terminal of 80 columns or a narrower one."""

from collections.abc import Callable
from typing import Any

import click

from pipeline.base.format import NONE, count, extent, plural, seconds
from pipeline.cli.common import FunctionT

_WIDTH = 80


def dry_run_options(text: str) -> Callable[[FunctionT], FunctionT]:
    """Add `--dry-run`, with what it says, and `--gpu`."""
    # Eager, so that it is known before --gpu is looked at, wherever it stands.
    dry = click.option("--dry-run", is_flag=True, is_eager=True, help=text)
    gpu = click.option(
        "--gpu",
        metavar="NAME",
        callback=_with_dry_run,
        help="With --dry-run: plan for this GPU (`awqctl gpus ls`, or cpu), which this machine need not have.",
    )
    return lambda function: dry(gpu(function))


def _with_dry_run(context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Refuse a GPU for a command that would really run: it runs on what is there."""
    if value is not None and not context.params.get("dry_run"):
        raise click.UsageError("--gpu goes with --dry-run; without it the command takes what is in this machine.")
    return value


def print_planned(dry: Any, screen: Any) -> None:
    """Print the plan of a recipe's engines, or why there is none."""
    from pipeline.cli.plan_table import print_plans

    if dry.plans is not None:
        print_plans(dry.plans, screen)
    else:
        print_line(screen, f"Engines are not planned: {dry.not_planned}")


def print_line(screen: Any, text: str) -> None:
    """Print a sentence, folded to the width of the tables."""
    screen.print(text, markup=False, soft_wrap=False, width=min(_WIDTH, screen.width))


def print_bench_time(time: Any, screen: Any) -> None:
    """Print what a benchmark will take."""
    from rich.table import Table

    table = Table(title="bench: what is offered", title_justify="left", width=min(_WIDTH, screen.width))
    table.add_column("arm", ratio=1, overflow="fold")
    for title in ("starts", "requests", "tokens out", "load takes"):
        table.add_column(title, justify="right")
    for arm in time.arms:
        cells = (count(arm.engine_starts), count(arm.requests), count(arm.output_tokens), _duration(arm.seconds))
        table.add_row(arm.arm, *cells)
    screen.print(table)
    if time.seconds is not None:
        starts = plural(time.engine_starts, "engine start")
        print_line(screen, f"All arms: {_duration(time.seconds)} of load (modelled), and {starts}.")
    for note in time.notes:
        print_line(screen, f"Note: {note}")


def _duration(found: Any) -> str:
    return NONE if found is None else extent(found.low, found.high, seconds)
