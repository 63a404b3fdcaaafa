"""Claims on a terminal of 80 columns: what each configuration is planned to be, then every stated figure."""

from collections.abc import Callable, Sequence
from typing import Any

from pipeline.base.format import NONE, as_given, count, extent, number, plural

_WIDTH = 80
_WHOLE = ("sequences", "users", "gpus")
_UNITS = {
    "weights_gb": ("weights", " GB"),
    "memory_percent": ("memory", " %"),
    "efficiency_percent": ("efficiency", " %"),
    "sequences": ("sequences at once", ""),
    "tokens_per_s": ("speed", " tok/s"),
    "users": ("users", ""),
    "times": ("ratio", " x"),
    "gpus": ("GPUs", ""),
}


def print_claims(found: Any, screen: Any) -> None:
    """Print the plans in one table, the stated figures in another, and what no plan can tell."""
    width = min(_WIDTH, screen.width)

    def line(text: str) -> None:
        screen.print(text, markup=False, width=width)

    line(found.title)
    planned = [claim for claim in found.claims if claim.verdict is not None]
    if planned:
        screen.print(_plans(planned, width))
    stated = [(claim, figure) for claim in found.claims for figure in claim.figures]
    if stated:
        line("")
        screen.print(_figures(stated, width))
    for claim in found.claims:
        if claim.cannot_be_told:
            line(f"{claim.name}: cannot be told, {claim.cannot_be_told}.")
    line(f"{plural(found.wrong, 'figure')} of {count(len(stated))} wrong. All is modelled, nothing measured.")


def _table(width: int) -> Any:
    from rich.table import Table

    return Table(width=width, show_edge=False, pad_edge=False, box=None, padding=(0, 1))


def _plans(claims: Sequence[Any], width: int) -> Any:
    table, speeds = _table(width), any(claim.output_tokens_per_s for claim in claims)
    table.add_column("planned", ratio=1)
    for name in ("weights\nGB", "KV bytes\na token", "KV GiB\nneeded", "KV GiB\nthere", "sequences\nthat fit"):
        table.add_column(name, justify="right", no_wrap=True)
    if speeds:
        table.add_column("tok/s", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for claim in claims:
        speed = claim.output_tokens_per_s
        table.add_row(
            f"{claim.name}, at {count(claim.max_model_len)}",
            number(claim.weights_gb),
            count(claim.kv_bytes_per_token),
            number(claim.needed_kv_cache_gib),
            number(claim.kv_cache_gib),
            count(claim.sequences_that_fit) + (f" of {count(claim.sequences_asked)}" if claim.sequences_asked else ""),
            *((number(speed.expected) if speed else NONE,) if speeds else ()),
            claim.verdict,
        )
    return table


def _figures(stated: Sequence[tuple[Any, Any]], width: int) -> Any:
    table = _table(width)
    table.add_column("stated figure", ratio=1)
    for name in ("stated", "planned"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", ratio=1)
    last = None
    for claim, figure in stated:
        label, unit = _UNITS[figure.figure]
        whole = count if figure.figure in _WHOLE else number
        table.add_row(
            f"  {label}" if claim is last else f"{claim.name}: {label}",
            _extent(figure.stated, as_given) + unit,
            NONE if figure.planned is None else _extent(figure.planned, whole) + unit,
            f"{figure.judged}: {figure.why}" if figure.why else figure.judged,
        )
        last = claim
    return table


def _extent(ends: tuple[float, float], form: Callable[[float], str]) -> str:
    low, high = ends
    return extent(low, high, form)
