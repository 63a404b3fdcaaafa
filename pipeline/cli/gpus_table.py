"""GPUs on a terminal of 80 columns."""

from collections.abc import Sequence
from typing import Any

from pipeline.base.format import NONE, count, number, usd_as_given

_WIDTH = 80


def print_gpus(rows: Sequence[Any], context: int, screen: Any) -> None:
    """Print the list."""
    from rich.table import Table

    narrow = screen.width < _WIDTH
    table = Table(width=min(_WIDTH, screen.width), show_edge=False, pad_edge=False, box=None)
    table.add_column("GPU", no_wrap=True)
    compute = () if narrow else ("FP16\nTFLOPS", "TFLOPS\n/1000 $")
    for name in ("GB", "GB/s", "list\nUSD", "rent\nUSD/h", *compute):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(f"largest in 4 bit\nwith {context:,} tokens", overflow="ellipsis", no_wrap=True, ratio=1)
    for row in rows:
        star = "*" if row.price_stale else ""
        table.add_row(
            row.key,
            count(row.memory_gb),
            count(row.bandwidth_gb_s),
            _or(row.list_usd, count),
            _or(row.usd_per_hour, lambda value: f"{value:.2f}") + star,
            *(() if narrow else (_or(row.fp16_tflops, count), _or(row.tflops_per_1000_usd, number))),
            row.largest_model.rpartition("/")[2] if row.largest_model else "none",
        )
    screen.print(table)
    screen.print(f"{NONE} unknown. * price older than 90 days. Sources: `awqctl gpus show NAME`.", markup=False)
    if narrow:
        screen.print("Compute is left out on a screen this narrow; `--json` has it.", markup=False)


def print_deck(rows: Sequence[Any], screen: Any) -> None:
    """Print what the deck printed, and what is wrong with it."""
    for row in rows:
        screen.print(
            f"{row.name}: {count(row.list_usd)} USD, {number(row.tflops_fp32)} TFLOPS FP32, "
            f"{row.tflops_per_1000_usd:.2f} per 1,000 USD (printed {row.tflops_per_1000_usd_printed:.2f}), "
            f"{count(row.bandwidth_gb_s)} GB/s",
            markup=False,
            width=min(_WIDTH, screen.width),
        )
        for wrong in row.wrong:
            screen.print(f"  wrong: {wrong}", markup=False, width=min(_WIDTH, screen.width))


def print_gpu(entry: Any, screen: Any) -> None:
    """Print every figure with its source."""

    def line(text: str) -> None:
        screen.print(text, markup=False, width=min(_WIDTH, screen.width))

    line(f"{entry.name} ({entry.key}), {entry.maker}")
    line(f"AWQ: {entry.serves_awq}")
    for name, figure in (*entry.figures.items(), *((f"tflops {key}", each) for key, each in entry.tflops.items())):
        line(f"{name}: {figure.value:,g}  {_source(figure.source)}")
    if "driver_gib" not in entry.figures:
        line(f"driver_gib: unknown; {entry.planned().memory_gib:.2f} assumed in plans")
    for rent in sorted(entry.rents, key=lambda offer: offer.usd_per_hour):
        old = "older than 90 days" if rent.source.stale else ""
        line(
            f"rent: {usd_as_given(rent.usd_per_hour)} an hour, {rent.provider}, {rent.term} {_source(rent.source, old)}"
        )
    if not entry.rents:
        line("rent: unknown")
    if entry.mig:
        profiles = ", ".join(f"{number_} x {name}" for name, number_ in entry.mig.items())
        line(f"MIG: {profiles}  {_source(entry.mig_source)}")


def _source(source: Any, *more: str) -> str:
    return "[" + ", ".join(part for part in (source.title, str(source.date), *more, source.state) if part) + "]"


def _or(value: Any, form: Any) -> str:
    return NONE if value is None else str(form(value))
