"""Small constructors for the cells and columns of tables."""

from collections.abc import Callable, Iterable, Sequence

from eval.bench.comparison import Direction, Quantity, SpeedRatio
from pipeline.base.format import NONE, extent, number, ratio
from pipeline.base.results import Origin, Result
from pipeline.report.document import Cell, Column, Table, Tone
from pipeline.report.evidence import Evidence, Keys
from pipeline.report.language.en.throughput import Throughput
from pipeline.report.language.en.words import Words

_OPEN_ROWS = 12
DIRECTION_TONES: dict[Direction, Tone] = {"faster": "good", "slower": "bad"}


def figure(
    value: float | None,
    form: Callable[[float], str] = number,
    *,
    evidence: Keys,
    origin: Origin | None = None,
    tone: Tone = "plain",
) -> Cell:
    """Return a number printed by `form`, with the unrounded value and where it is from; a dash for None."""
    text = NONE if value is None else form(value)
    return Cell(text=text, value=value, origin=origin, tone=tone, evidence=() if value is None else evidence)


def shown(
    evidence: Evidence, part: Result, field: str, form: Callable[[float], str] = number, *, tone: Tone = "plain"
) -> Cell:
    """Return a field of a result, or of a part of it, as a number printed by `form`."""
    return figure(getattr(part, field), form, evidence=evidence.of(part, field), tone=tone)


def few_or(value: float | None, say: Words) -> str:
    """Return a percentile, or that too few requests were made to tell it."""
    return say.too_few if value is None else number(value)


def word(text: str, tone: Tone = "plain", *, evidence: Keys = ()) -> Cell:
    """Return a cell of text; `evidence` for the figures in it, where it is made of some."""
    return Cell(text=text, tone=tone, evidence=evidence)


def runs_keys(one: SpeedRatio, evidence: Evidence, field: str, quantity: Quantity = "throughput") -> Keys:
    """Return where the single runs stand that an interval is from."""
    parts = [point if quantity == "throughput" else getattr(point, quantity) for point in one.points]
    return evidence.of_all((part, f"{field}/{run}") for part in parts for run in range(len(getattr(part, field))))


def interval_text(one: SpeedRatio, say: Words) -> str:
    """Return what a ratio can be, or that so few repeats do not tell; a dash where there were none."""
    if one.direction == "not repeated":
        return NONE
    return say.interval_unknown if one.interval is None else extent(*one.interval, ratio)


def interval_cell(one: SpeedRatio, say: Words, evidence: Evidence, quantity: Quantity = "throughput") -> Cell:
    """Return the same as a cell, with the runs that it is from."""
    field = "output_tokens_per_s_runs" if quantity == "throughput" else "p50_ms_runs"
    keys = runs_keys(one, evidence, field, quantity) if one.interval else ()
    return word(interval_text(one, say), evidence=keys)


def direction_cell(one: SpeedRatio, say: Throughput) -> Cell:
    """Return what AWQ is shown to be, coloured where that is decided."""
    return word(say.directions[one.direction], DIRECTION_TONES.get(one.direction, "plain"))


def origin_cell(origin: Origin) -> Cell:
    """Return the origin of the figures of a row, as a label."""
    return Cell(text=origin, origin=origin, tag=True)


def words(*titles: str) -> tuple[Column, ...]:
    """Return columns of text."""
    return tuple(Column(title=title, numeric=False) for title in titles)


def numbers(*titles: str) -> tuple[Column, ...]:
    """Return columns of numbers."""
    return tuple(Column(title=title) for title in titles)


def is_long(rows: Sequence[object]) -> bool:
    """Return whether a table is folded because few readers want all its rows."""
    return len(rows) > _OPEN_ROWS


def facts_table(
    name: str,
    title: str,
    facts: Iterable[tuple[str, Cell]],
    say: Words,
    *,
    sources: tuple[str, ...] = (),
    note: str = "",
) -> Table:
    """Return a table of labels and what they stand for."""
    rows = tuple((word(label), cell) for label, cell in facts)
    return Table(id=name, title=title, columns=words(*say.facts_columns), rows=rows, sources=sources, note=note)
