"""`awqctl gpus`: the catalogue of GPUs, with sources, dates and prices."""

from pathlib import Path
from typing import Any

import click

from pipeline.base.format import plural
from pipeline.cli.common import UserPath, console, emit, json_option
from pipeline.cli.help import Group
from pipeline.plan.limits import MOST

_SORTS = (
    "name",
    "price",
    "rent",
    "bandwidth",
    "bandwidth-per-dollar",
    "compute-per-dollar",
    "bandwidth-per-rent",
    "compute-per-rent",
    "model",
)


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def gpus(context: click.Context) -> None:
    """The catalogue of GPUs: memory, rates, prices, what serves AWQ on them; by itself it lists them."""
    if context.invoked_subcommand is None:
        context.invoke(ls)


@gpus.command("ls")
@click.option(
    "--sort", type=click.Choice(_SORTS), default="name", show_default=True, metavar="BY", help=f"{', '.join(_SORTS)}."
)
@click.option(
    "--context",
    type=click.IntRange(1, MOST),
    default=8192,
    show_default=True,
    metavar="N",
    help="Tokens that the largest model has to hold, in 4 bit.",
)
@click.option("--deck", is_flag=True, help="The client's hardware deck, computed again.")
@json_option
def ls(sort: str, context: int, *, deck: bool, as_json: bool) -> None:
    """List the GPUs; prices older than 90 days or dated ahead are marked with a star."""
    from pipeline.catalogue.comparison import deck_rows, gpu_rows
    from pipeline.cli.gpus_table import print_deck, print_gpus

    if deck:
        found = deck_rows(context)
        emit(as_json, found, lambda: print_deck(found, context, console()))
        return
    rows = gpu_rows(sort, context)
    emit(as_json, rows, lambda: print_gpus(rows, context, sort, console()))


@gpus.command("show")
@click.argument("name", metavar="NAME")
@json_option
def show(name: str, as_json: bool) -> None:  # noqa: FBT001 -- a flag
    """Show all figures of one GPU, each with its source, its date, and whether it was seen there."""
    from pipeline.catalogue.gpus import find_gpu
    from pipeline.cli.gpus_table import print_gpu

    entry = find_gpu(name)
    emit(as_json, _document(entry), lambda: print_gpu(entry, console()))


@gpus.command("refresh")
@click.option("--from", "source", type=UserPath(), metavar="FILE", help="A copy: zip, folder or CSV.")
@json_option
def refresh(source: Path | None, *, as_json: bool) -> None:
    """Take current rental prices through gpuhunt; the only command here that uses the network."""
    from datetime import date

    from pipeline.catalogue.prices import refresh as take

    if source is not None and not source.exists():
        raise click.UsageError(f"There is no file or folder {source}. Give a copy of gpuhunt's catalogue.")
    taken = take(source, date.today())  # noqa: DTZ011 -- prices are dated by day
    emit(as_json, taken, "\n".join(f"{key}: {plural(offers, 'offer')}" for key, offers in taken.items()))


def _document(entry: Any) -> dict[str, Any]:
    def figures(found: Any) -> dict[str, Any]:
        return {name: {"value": each.value, "source": each.source.document()} for name, each in found.items()}

    return {
        "key": entry.key,
        "name": entry.name,
        "maker": entry.maker,
        "family": entry.family,
        "compute_capability": entry.compute_capability,
        "figures": figures(entry.figures),
        "tflops_dense": figures({**entry.tflops, **({"bf16": bf16} if (bf16 := entry.rate("bf16")) else {})}),
        "none": sorted(entry.none),
        "rent": [
            {
                "usd_per_hour": rent.usd_per_hour,
                "provider": rent.provider,
                "term": rent.term,
                "stale": rent.source.stale,
                "source": rent.source.document(),
            }
            for rent in entry.rents
        ],
        "mig": dict(entry.mig),
        "mig_source": entry.mig_source.document() if entry.mig_source else None,
        "serves_awq": entry.serves_awq,
        "serves_awq_source": entry.serves_source.document() if entry.serves_source else None,
        "lacks": list(entry.planned().lacks),
    }
