"""A priced scenario on a terminal of 80 columns, or a narrower one."""

from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import Any

from pipeline.base.format import NONE, count, extent, number, percent, plural, usd

_WIDTH, _INDENT = 80, 14
_DECISIONS = {"pays": "pays", "does not pay": "no", "not decided": "undecided"}
_CURVE = (0, 2, 4, 6, 10)
"""Points of the curve that are shown: from an eighth of the load to eight times it."""
Form = Callable[[float], str]


def print_scenario(found: Any, screen: Any) -> None:
    """Print load, costs, comparisons, what matters most, and the verdicts on the claims."""
    _line(screen, f"{found.scenario}: {found.title}")
    if found.about:
        _line(screen, found.about)
    money = _Money(found.currency)
    _load(found, screen)
    if found.options:
        _costs(found, money, screen)
        _curves(found, money, screen)
    for each in found.impossible:
        _line(screen, f"{each.variant} cannot serve the load: {each.reason}")
    _comparisons(found, money, screen)
    _tornado(found, money, screen)
    _claims(found, screen)
    for note in [*found.notes, *([money.stated] if money.stated else [])]:
        _line(screen, f"Note: {note}")


class _Money:
    """Amounts in the scenario's currency."""

    def __init__(self, currency: Any) -> None:
        self.code, self._rate = currency.code, currency.per_usd
        dated = f", {currency.date}" if currency.date else ""
        self.stated = f"1 USD is {self._rate:g} {self.code} ({currency.source}{dated})." if currency.source else ""

    def __call__(self, value: float) -> str:
        return f"{self.bare(value)} {self.code}"

    def bare(self, value: float) -> str:
        """Return an amount without its currency, which the title of its column has."""
        return usd(value * self._rate).removesuffix(" USD")


def _figure(figure: Any, form: Form) -> str:
    """Return what a figure can be, where that is known, else its value."""
    if figure is None or (figure.value is None and figure.low is None):
        return NONE
    if figure.low is None:
        return form(figure.value)
    return f"from {form(figure.low)}" if figure.high is None else extent(figure.low, figure.high, form)


def _line(screen: Any, text: str, indent: int = 0) -> None:
    width = min(_WIDTH, screen.width)
    whole = text.replace(" %", "\N{NO-BREAK SPACE}%")
    for line in wrap(whole, width, subsequent_indent=" " * indent, break_on_hyphens=False):
        screen.print(line.replace("\N{NO-BREAK SPACE}", " "), markup=False, soft_wrap=True)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], screen: Any) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for place, title in enumerate(titles):
        table.add_column(title, justify="right" if place else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    screen.print(table, width=min(_WIDTH, screen.width))


def _load(found: Any, screen: Any) -> None:
    if found.missing:
        _line(screen, f"No machines can be counted: the scenario states no {' and no '.join(found.missing)}.")
    if not found.load:
        return
    first, last = found.load[0], found.load[-1]
    grown = "" if last == first else f"; {number(last.peak_tokens_per_s)} in year {last.year}"
    _line(
        screen,
        f"Load: {count(first.requests_per_day)} requests a day, {number(first.average_tokens_per_s)} output tokens/s "
        f"on average and {number(first.peak_tokens_per_s)} at the peak{grown}.",
    )


def _costs(found: Any, money: _Money, screen: Any) -> None:
    origins = {each.name: each.origin for each in found.inputs}
    rows = [
        (
            f"{each.name}{' *' if each.engaged else ''}",
            _machines(each, origins.get(f"{each.variant}.machines")),
            _figure(each.monthly_usd, money.bare),
            _figure(each.total_usd, money.bare),
            _figure(each.usd_per_mtok_useful, money.bare),
            each.total_usd.origin,
        )
        for each in found.options
    ]
    years = plural(found.years_planned, "year")
    screen.print()
    _table((f"costs in {money.code}", "machines", "a month", years, "per Mtok", "origin"), rows, screen)
    if any(each.engaged for each in found.options):
        _line(screen, f"* with the engagement's price in the {years}.")
    idle = [f"{each.name} {percent(each.idle_share.value)}" for each in found.options if each.idle_share]
    if idle:
        _line(screen, f"Idle on average, as planned or measured: {'; '.join(idle)}.")
    _line(screen, "Ranges are bounds. The origin is the weakest of the inputs': measured, quoted, modelled, assumed.")


def _machines(option: Any, origin: str | None) -> str:
    if option.tenure == "paid per token":
        return NONE
    number_of = _figure(option.machines, count)
    if not option.machines_stated:
        return number_of
    return f"at most {number_of}" if origin == "modelled" else f"{number_of} stated"


def _curves(found: Any, money: _Money, screen: Any) -> None:
    curves = [option for option in found.options if option.curve]
    if not curves:
        return
    loads = [count(curves[0].curve[place].requests_per_day) for place in _CURVE]
    screen.print()
    rows = [(each.name, *(money.bare(each.curve[place].usd_per_mtok) for place in _CURVE)) for each in curves]
    _table((f"{money.code} per Mtok at req/day", *loads), rows, screen)


def _comparisons(found: Any, money: _Money, screen: Any) -> None:
    base = [each for each in found.comparisons if each.reference == _baseline(found)]
    others = [each for each in found.comparisons if each not in base]
    groups = [
        *((f"saved against {each[0].reference}", each, "option") for each in [base] if each),
        *(
            (f"saved by {name} against", [each for each in others if each.option == name], "reference")
            for name in dict.fromkeys(each.option for each in others)
        ),
    ]
    titles = ("a month", plural(found.years_planned, "year"), "payback", "break-even", "pays")
    for title, group, name in groups:
        rows = [
            (
                getattr(each, name),
                _figure(each.saving_per_month_usd, money.bare),
                _figure(each.saving_total_usd, money.bare),
                _figure(each.payback_months, lambda months: number(months, 2)),
                _figure(each.break_even_requests_per_day, count),
                _DECISIONS[each.decision],
            )
            for each in group
        ]
        screen.print()
        _line(screen, f"{money.code} {title} (payback in months, break-even in requests a day):")
        _table(("", *titles), rows, screen)
        _present_values(found, [(getattr(each, name), each) for each in group], money, screen)


def _present_values(found: Any, group: Sequence[tuple[str, Any]], money: _Money, screen: Any) -> None:
    rate = next((each.value for each in found.inputs if each.name == "discount_rate"), None)
    if rate:
        worth = [f"{name} {money.bare(each.net_present_value_usd.value)}" for name, each in group]
        _line(screen, f"Present value at {percent(rate)}: {'; '.join(worth)}.")


def _baseline(found: Any) -> str | None:
    return found.comparisons[0].reference if found.comparisons else None


def _tornado(found: Any, money: _Money, screen: Any) -> None:
    if not found.tornado:
        return
    screen.print()
    _line(screen, f"What the saving of {found.tornado_of} over {plural(found.years_planned, 'year')} depends on most:")
    for swing in found.tornado:
        kind = "" if swing.stated else " (20 % tried)"
        _line(
            screen,
            f"  {swing.input} {number(swing.low)} to {number(swing.high)}{kind}: {money(swing.saving_at_low_usd)} to "
            f"{money(swing.saving_at_high_usd)}",
            4,
        )


def _claims(found: Any, screen: Any) -> None:
    if found.claims:
        screen.print()
    for each in found.claims:
        implied = "Implied: " if each.implied else ""
        _line(screen, f"{each.verdict:<{_INDENT - 1}} {implied}{each.claim}. {each.why}", _INDENT)
