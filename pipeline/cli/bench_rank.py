"""`awqctl bench rank`: runs of several machines in order."""

from collections.abc import Mapping
from pathlib import Path

import click

from pipeline.cli.common import FiniteRange, UserPath, emit, json_option

_POSITIVE = FiniteRange(0, min_open=True)


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
    concurrency: int | None,
    ttft_p95_ms: float | None,
    tpot_p95_ms: float | None,
    prices: Mapping[str, float],
    as_json: bool,
) -> int:
    """Rank runs of several machines by output tokens per second, per GPU, per user, per dollar and per watt.

    RUN is the output folder of a run with `bench`, or of `bench --endpoint`. Runs with another load or other engine
    settings are refused (2), and so are void points (3). A rank is a range where repeats do not decide.
    """
    from eval.bench.rank.entry import Service
    from eval.bench.rank.ranking import rank as ranked
    from eval.bench.rank.runs import entries_of
    from pipeline.cli.bench_rank_table import print_ranking

    service = Service(ttft_p95_ms=ttft_p95_ms, tpot_p95_ms=tpot_p95_ms)
    found = ranked(entries_of(runs, arm, prices), concurrency=concurrency, service=service)
    emit(as_json, found, lambda: print_ranking(found))
    return 0
