"""GPUs on a terminal of 80 columns."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pipeline.base.format import NONE, as_given, count, magnitude, number, usd_as_given

_WIDTH = 80
_WORTH: dict[str, tuple[str, Callable[[Any], float | None]]] = {
    "bandwidth-per-dollar": ("GB/s\n/1000 $", lambda row: row.gb_s_per_usd and row.gb_s_per_usd * 1000),
    "bandwidth-per-rent": ("GB/s\n/$ h", lambda row: row.gb_s_per_usd_per_hour),
    "compute-per-rent": ("TFLOPS\n/$ h", lambda row: row.tflops_per_usd_per_hour),
}
"""What a dollar buys, by the order of the list; else compute per 1,000 dollars of the price."""


def print_gpus(rows: Sequence[Any], context: int, sort: str, screen: Any) -> None:
    """Print the list, with what it is sorted by."""
    from rich.table import Table

    narrow = screen.width < _WIDTH
    title, worth = _WORTH.get(sort, ("TFLOPS\n/1000 $", lambda row: row.tflops_per_1000_usd))
    table = Table(width=min(_WIDTH, screen.width), show_edge=False, pad_edge=False, box=None)
    table.add_column("GPU", no_wrap=True)
    compute = () if narrow else ("FP16\nTFLOPS", title)
    for name in ("GB", "GB/s", "list\nUSD", "rent\nUSD/h", *compute):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(f"largest in 4 bit\nwith {context:,} tokens", overflow="ellipsis", no_wrap=True, ratio=1)
    for row in rows:
        star = "*" if row.price_stale else ""
        table.add_row(
            row.key,
            count(row.memory_gb),
            count(row.bandwidth_gb_s),
            _or(row.list_usd, count) + ("*" if row.list_usd_stale else ""),
            _or(row.usd_per_hour, lambda value: f"{value:.2f}") + star,
            *(() if narrow else (_or(row.fp16_tflops, count), _or(worth(row), number))),
            row.largest_model.rpartition("/")[2] if row.largest_model else "none",
        )
    screen.print(table)
    screen.print(
        f"{NONE} unknown. * price older than 90 days or dated ahead. Sources: `awqctl gpus show NAME`.", markup=False
    )
    if narrow:
        screen.print("Compute is left out on a screen this narrow; `--json` has it.", markup=False)


def print_deck(rows: Sequence[Any], context: int, screen: Any) -> None:
    """Print the deck's columns as it printed them and as they are, then what is wrong with them."""
    from rich.table import Table

    width = min(_WIDTH, screen.width)
    table = Table(width=width, show_edge=False, pad_edge=False, box=None)
    table.add_column("GPU, price", no_wrap=True)
    for name in ("GB", "FP32\nTFLOPS", "TFLOPS\n/1000 $", "GB/s"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(f"largest in 4 bit\nwith {context:,} tokens", ratio=1)
    for row in rows:
        table.add_row(f"{row.name}, {count(row.list_usd)} USD", "", "", "", "", "")
        table.add_row(
            "  printed",
            as_given(row.memory_gb),
            as_given(row.tflops_fp32_printed),
            f"{row.tflops_per_1000_usd_printed:.2f}",
            _or(row.bandwidth_gb_s_printed, count),
            f"{as_given(row.largest_billion_parameters_printed)} billion",
        )
        size = (
            f"{row.largest_model.rpartition('/')[2]}, {magnitude(row.largest_parameters)}" if row.largest_model else ""
        )
        table.add_row(
            "  right",
            as_given(row.memory_gb),
            _or(row.tflops_fp32, as_given),
            _or(row.tflops_per_1000_usd_right, lambda value: f"{value:.2f}"),
            count(row.bandwidth_gb_s),
            size or "none",
        )
    screen.print(table)
    for row in rows:
        for wrong in row.wrong:
            screen.print(f"{row.name}: {wrong}.", markup=False, width=width)


def print_gpu(entry: Any, screen: Any) -> None:
    """Print every figure with its source; what is not known says so, and what the card does not have."""
    notes = _Notes()
    for text in (*_lines(entry, notes), *notes.lines()):
        screen.print(text, markup=False, highlight=False, width=min(_WIDTH, screen.width))


class _Notes:
    """Sources by number, each listed once."""

    def __init__(self) -> None:
        self.sources: list[Any] = []

    def mark(self, source: Any) -> str:
        """Return the number of a source; whether it was opened at all is said at each figure."""
        if source is None:
            return ""
        if source not in self.sources:
            self.sources.append(source)
        return f" [{self.sources.index(source) + 1}]{', recalled' if source.recalled else ''}"

    def lines(self) -> Iterator[str]:
        """Yield the list of sources."""
        yield "Sources:"
        for number_, source in enumerate(self.sources, 1):
            yield f"[{number_}] " + ", ".join(part for part in (source.title, str(source.date), source.state) if part)
            if source.url:
                yield f"    {source.url}"


def _lines(entry: Any, notes: _Notes) -> Iterator[str]:
    from pipeline.catalogue.gpu_entry import DEMANDED, RATES

    yield f"{entry.name} ({entry.key}), {entry.maker}"
    yield f"AWQ: {entry.serves_awq}{notes.mark(entry.serves_source)}"
    for name in dict.fromkeys((*DEMANDED, *entry.figures)):
        yield _figure(name, name, entry.figures.get(name), entry, notes)
    for name in dict.fromkeys((*RATES, *entry.tflops)):
        yield _figure(f"tflops {name}", name, entry.rate(name), entry, notes)
    for rent in sorted(entry.rents, key=lambda offer: offer.usd_per_hour):
        old = ", older than 90 days or dated ahead" if rent.source.stale else ""
        price = f"{usd_as_given(rent.usd_per_hour)} an hour, {rent.provider}, {rent.term}"
        yield f"rent: {price}, {rent.source.date}{old}{notes.mark(rent.source)}"
    if not entry.rents:
        yield f"rent: {_missing('rent', entry)}"
    profiles = ", ".join(f"{number_} x {name}" for name, number_ in entry.mig.items())
    yield f"MIG: {profiles}{notes.mark(entry.mig_source)}" if entry.mig else f"MIG: {_missing('mig', entry)}"


def _figure(label: str, key: str, figure: Any, entry: Any, notes: _Notes) -> str:
    if figure is not None:
        old = (
            f", {figure.source.date}, older than 90 days or dated ahead"
            if key == "list_usd" and figure.source.stale
            else ""
        )
        return f"{label}: {as_given(figure.value)}{old}{notes.mark(figure.source)}"
    assumed = f"; {entry.planned().memory_gib:.2f} assumed in plans" if key == "driver_gib" else ""
    return f"{label}: {_missing(key, entry)}{assumed}"


def _missing(key: str, entry: Any) -> str:
    return "none" if entry.lacking(key) else "unknown"


def _or(value: Any, form: Any) -> str:
    return NONE if value is None else str(form(value))
