"""`awqctl bench rank`: runs of several machines in order."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.common import FiniteRange, UserPath, emit, json_option

if TYPE_CHECKING:
    from eval.bench.rank.figures import By

_POSITIVE = FiniteRange(0, min_open=True)
_BY: "Mapping[str, By]" = {
    "tokens": "output_tokens_per_s",
    "gpu": "output_tokens_per_s_per_gpu",
    "user": "output_tokens_per_s_per_user",
    "dollar": "output_tokens_per_usd",
    "joule": "output_tokens_per_joule",
    "goodput": "goodput_tokens_per_s",
}
_PARETO = "pareto"
"""What each user gets against what a GPU gives."""


def _prices(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> Mapping[str, float]:
    """Return USD per hour by run."""
    found = {}
    for value in values:
        run, separator, usd = value.rpartition("=")
        if not (run and separator):
            raise click.BadParameter(f"'{value}' is not RUN=USD, such as out/h100=2.49.")
        found[run] = _POSITIVE.convert(usd, parameter, context)
    return found


@click.command("rank")
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...", type=UserPath())
@click.option("--arm", metavar="NAME", help="Arm that is ranked.  [default: awq, or what all runs have]")
@click.option(
    "--by",
    "chosen",
    multiple=True,
    type=click.Choice((*_BY, _PARETO)),
    help="Rank by this alone; may be repeated.  [default: by all]",
)
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    metavar="N",
    help="Compare at this one.  [default: each run's of the highest throughput]",
)
@click.option("--ttft-p95-ms", type=_POSITIVE, metavar="MS", help="Only levels with a TTFT (p95) up to this.")
@click.option("--tpot-p95-ms", type=_POSITIVE, metavar="MS", help="Only levels with a TPOT (p95) up to this.")
@click.option(
    "--price",
    "prices",
    multiple=True,
    metavar="RUN=USD",
    callback=_prices,
    help="Price of a run's machine per hour; may be repeated.  [default: roi.hourly, else the catalogue's rent]",
)
@json_option
def rank(
    runs: tuple[Path, ...],
    *,
    arm: str | None,
    chosen: Collection[str],
    concurrency: int | None,
    ttft_p95_ms: float | None,
    tpot_p95_ms: float | None,
    prices: Mapping[str, float],
    as_json: bool,
) -> int:
    """Rank runs of several machines by output tokens per second, GPU, user, dollar and watt, and by goodput.

    RUN is the output folder of a run with `bench`, or of `bench --endpoint`. Runs with another load or other engine
    settings are refused (2), and so are void points (3). A rank is a range where repeats do not decide.
    """
    from eval.bench.rank.entry import Service
    from eval.bench.rank.ranking import rank as ranked
    from eval.bench.rank.runs import entries_of
    from pipeline.cli.bench_rank_table import print_ranking

    service = Service(ttft_p95_ms=ttft_p95_ms, tpot_p95_ms=tpot_p95_ms)
    found = ranked(entries_of(runs, arm, prices), concurrency=concurrency, service=service)
    if chosen:
        found = found.by({by for name, by in _BY.items() if name in chosen})
        found = found if _PARETO in chosen else found.model_copy(update={"frontier": (), "not_on_frontier": {}})
    emit(as_json, found, lambda: print_ranking(found))
    return 0
