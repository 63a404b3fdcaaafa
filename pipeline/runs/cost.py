"""What runs cost against the first: only where load and prices are the same."""

from collections.abc import Callable, Mapping

from eval.bench.rank.likeness import differences
from pipeline.base.nested import flatten
from pipeline.record.record import RunRecord
from pipeline.roi.figure import Figure
from pipeline.roi.result import ArmCost, RoiResult
from pipeline.runs.result import FigureRow, Refusal, RunFigure, Verdict

_FIGURES: tuple[tuple[str, Callable[[ArmCost], Figure]], ...] = (
    ("cost a month", lambda cost: cost.monthly_usd),
    ("cost per million tokens at the load", lambda cost: cost.usd_per_mtok_at_load),
)


def cost_rows(records: Mapping[str, RunRecord]) -> tuple[tuple[FigureRow, ...], tuple[Refusal, ...]]:
    """Return the modelled costs of every arm that all runs priced, and what is not compared.

    Args:
        records: by run, the first one before all others.
    """
    found = {name: one for name, record in records.items() if (one := record.find(RoiResult))}
    if lacking := [name for name in records if name not in found]:
        return (), (Refusal(topic="cost", what="all figures", why=f"{', '.join(lacking)} has no costs"),)
    terms = {name: dict(_terms(record)) for name, record in records.items()}
    if unlike := differences(terms):
        why = f"load or prices differ in {'; '.join(map(str, unlike))}"
        return (), (Refusal(topic="cost", what="all figures", why=why),)
    arms = [cost.arm for cost in next(iter(found.values())).arms]
    shared = [arm for arm in arms if all(any(cost.arm == arm for cost in one.arms) for one in found.values())]
    rows = [_row(arm, title, read, found) for arm in shared for title, read in _FIGURES]
    return tuple(row for row in rows if row is not None), ()


def _terms(record: RunRecord) -> list[tuple[str, str]]:
    return [(key, str(value)) for key, value in flatten(record.done(RoiResult.STAGE).inputs.get("recipe.roi") or {})]


def _row(arm: str, title: str, read: Callable[[ArmCost], Figure], found: Mapping[str, RoiResult]) -> FigureRow | None:
    figures = {name: read(one.of(arm)) for name, one in found.items()}
    first = next(iter(figures.values()))
    if any(figure.value is None for figure in figures.values()):
        return None
    return FigureRow(
        topic="cost",
        name=f"{arm}, {title}",
        unit=first.unit,
        origin=first.origin,
        runs={name: _figure(figure, None if figure is first else first) for name, figure in figures.items()},
    )


def _figure(figure: Figure, first: Figure | None) -> RunFigure:
    value, own = figure.value or 0.0, _ends(figure)
    if first is None:
        return RunFigure(value=value, interval=own)
    ratio = value / first.value if first.value else None
    return RunFigure(value=value, interval=own, against_first=ratio, verdict=_verdict(figure, first))


def _verdict(figure: Figure, first: Figure) -> Verdict:
    """Return what the ranges of both leave open: they are decided where they are apart."""
    own, other = _ends(figure), _ends(first)
    if own is None or other is None:
        return "not decided"
    if own == other and own[0] == own[1]:
        return "alike"
    return "higher" if own[0] > other[1] else "lower" if own[1] < other[0] else "not decided"


def _ends(figure: Figure) -> tuple[float, float] | None:
    return None if figure.low is None or figure.high is None else (figure.low, figure.high)
