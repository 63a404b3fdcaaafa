"""Numbers as they are printed, in the manner of the context. The only place where anything is rounded."""

import math
import re
from collections.abc import Callable
from datetime import date

from pipeline.base.manner import manner, separated

TIMES = "\N{MULTIPLICATION SIGN}"
MINUS = "\N{MINUS SIGN}"
PLUS_MINUS = "\N{PLUS-MINUS SIGN}"
TO = "\N{EN DASH}"
NONE = "\N{EM DASH}"
_GAP = re.compile("[ \N{NARROW NO-BREAK SPACE}]")
"""Before a unit."""
_TINY_RATIO = 0.1
_MIB_PER_GIB = 1024
_KIB = 1024
_SECONDS_PER_MINUTE = 60
_MINUTES_PER_HOUR = 60


def number(value: float, digits: int = 3) -> str:
    """Return `value` with thousands separated and at least `digits` significant digits, none after 100."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])  # of the rounded value: 9.996 is 10.0, not 10.00
    places = max(0, digits - 1 - exponent)
    return _signed_text(f"{value:,.{places}f}")


def count(value: float) -> str:
    """Return a whole number with thousands separated."""
    return _signed_text(f"{value:,.0f}")


def magnitude(value: float) -> str:
    """Return a large number in words: `5.77 million`, `7.62 billion`."""
    billion, million = 1e9, 1e6
    if value >= billion:
        return f"{number(value / billion)} {manner().billion}"
    return f"{number(value / million)} {manner().million}" if value >= million else count(value)


def decimal(value: float, places: int) -> str:
    """Return a number to so many decimal places, thousands separated."""
    return _signed_text(f"{value:,.{places}f}")


def score(value: float) -> str:
    """Return an accuracy score to four places."""
    return _signed_text(f"{value:.4f}")


def change(value: float, places: int = 4) -> str:
    """Return a difference with its sign; no sign when it prints as zero."""
    text = f"{value:+.{places}f}"
    return _signed_text(text[1:] if float(text) == 0 else text)


def with_error(text: str, stderr: float | None) -> str:
    """Return a printed score or difference with its standard error, where there is one."""
    return text if stderr is None else f"{text} {PLUS_MINUS} {score(stderr)}"


def ratio(value: float) -> str:
    """Return a factor, `1.62x` with a multiplication sign."""
    return _separated(f"{value:.2f}{TIMES}" if value >= _TINY_RATIO else f"{value:.2g}{TIMES}")


def span(low: float, high: float, digits: int = 3) -> str:
    """Return a range from `low` to `high`; one number when both print alike."""
    first, last = number(low, digits), number(high, digits)
    return first if first == last else f"{first}{manner().to}{last}"


def extent(low: float, high: float, form: Callable[[float], str]) -> str:
    """Return what a figure can be, both ends printed by `form`, a unit once; one figure where both print alike."""
    first, last = form(low), form(high)
    if first == last:
        return first
    first = first.removesuffix(shared_unit(first, last))
    signed = low < 0 or last.startswith("+")
    return f"{first}{manner().to_signed if signed else manner().to}{last}"


def shared_unit(first: str, last: str) -> str:
    """Return the unit that two printed figures have in common: what follows their number, or the sign of factors."""
    gap = _GAP.search(first)
    unit = first[gap.start() :] if gap else TIMES
    return unit if first.endswith(unit) and last.endswith(unit) else ""


def usd(value: float) -> str:
    """Return an amount of USD in the currency of the context: whole units from 100 on, cents below, more below one."""
    hundred, amount = 100, shown_amount(value)
    if abs(amount) >= hundred or amount == 0:
        return f"{count(amount)} {currency()}"
    if abs(amount) >= 1:
        return f"{decimal(amount, 2)} {currency()}"
    return f"{number(amount)} {currency()}"


def currency() -> str:
    """Return the code of the currency that money is printed in."""
    return manner().currency


def shown_amount(usd: float) -> float:
    """Return an amount of USD in that currency, not rounded."""
    return usd * manner().per_usd


def at_least(value: float) -> str:
    """Return a share to two places, rounded up: what a setting has to allow."""
    return f"{math.ceil(value * 100) / 100:.2f}"


def as_given(value: float) -> str:
    """Return a figure as somebody stated it, thousands separated: `933.5`, `4`, `12,000`."""
    return _signed_text(f"{value:,.12g}")


def usd_as_given(value: float) -> str:
    """Return a price as it was stated, with two decimals at least; four at most in a currency that it was not."""
    places = 6 if manner().per_usd == 1 else 4
    whole, _, decimals = f"{shown_amount(value):,.{places}f}".partition(".")
    cents = decimals.rstrip("0").ljust(2, "0")
    return f"{_signed_text(f'{whole}.{cents}')} {currency()}"


def percent(share: float) -> str:
    """Return a share of one as a percentage."""
    return f"{number(share * 100, 2)}{manner().percent}"


def drift(value: float) -> str:
    """Return a relative change in percent to one place, with its sign; no sign when it prints as zero."""
    return f"{change(value * 100, 1)}{manner().percent}"


def share(value: float) -> str:
    """Return a share of one as a percentage to one place; only all of it prints as 100 %, only nothing as 0 %."""
    if value in (0, 1):
        return f"{value:.0%}".replace("%", manner().percent)
    smallest, largest = 0.1, 99.9
    text = _separated(f"{min(max(value * 100, smallest), largest):.1f}") + manner().percent
    return f"< {text}" if value * 100 < smallest else text


def share_of_time(value: float) -> str:
    """Return a share near one as a percentage in which what is missing has two digits: `99.87 %`, `99.9950 %`.

    Four places at most; only all of it prints as 100 %.
    """
    missing, most = (1 - value) * 100, 4
    if missing <= 0:
        return share(1)
    places = min(max(1, 1 - math.floor(math.log10(missing))), most)
    largest = 100 - 10**-most
    text = _separated(f"{min(value * 100, largest):.{places}f}") + manner().percent
    return f"> {text}" if value * 100 > largest else text


def recovery(value: float) -> str:
    """Return the share of the baseline's score that was kept, in percent to two places; it may exceed 100 %."""
    return _separated(f"{value * 100:.2f}") + manner().percent


def certainty(confidence: float) -> str:
    """Return a level of confidence, or of service, as it was chosen: `95 %`, `97.5 %`."""
    return _separated(f"{confidence * 100:g}") + manner().percent


def p_value(value: float) -> str:
    """Return a p-value to three places; the smallest are only bounded."""
    smallest = 0.001
    return _separated(f"< {smallest}" if value < smallest else f"{value:.3f}")


def tiny(value: float) -> str:
    """Return a relative error to two digits, with a power of ten where it is very small."""
    return _signed_text(f"{value:.2g}")


def grouping(group_size: int) -> str:
    """Return which weights share a scale; -1 stands for whole rows."""
    return "one group per row" if group_size == -1 else f"groups of {group_size}"


def size(bytes_: float) -> str:
    """Return a number of bytes in GiB, MiB or KiB."""
    gib = bytes_ / _KIB**3
    if gib >= 1:
        return f"{number(gib)} GiB"
    mib = gib * _MIB_PER_GIB
    return f"{number(mib)} MiB" if mib >= 1 else f"{number(mib * _KIB)} KiB"


def seconds(value: float) -> str:
    """Return a duration in seconds, or in minutes and seconds from one minute on."""
    if value < _SECONDS_PER_MINUTE:
        return f"{number(value, 2)} s"
    minutes, rest = divmod(round(value), _SECONDS_PER_MINUTE)
    return f"{minutes} min {rest} s"


def clock(value: float) -> str:
    """Return a duration as a clock shows it: minutes and seconds, with hours in front where there are any."""
    minutes, rest = divmod(int(value), _SECONDS_PER_MINUTE)
    hours, minutes = divmod(minutes, _MINUTES_PER_HOUR)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def listed(items: list[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    if not items:
        return ""
    head, last = items[:-1], items[-1]
    return f"{', '.join(head)} and {last}" if head else last


def plural(amount: int, noun: str) -> str:
    """Return `1 task`, `2 tasks`."""
    return f"{count(amount)} {noun}" if amount == 1 else f"{count(amount)} {noun}s"


def size_text(amount: int) -> str:
    """Return bytes for a reader: `4.3 MiB`, `23.5 GiB`."""
    return _separated(f"{amount / 2**30:.1f} GiB" if amount >= 2**30 else f"{amount / 2**20:.1f} MiB")


def plain(value: float) -> str:
    """Return a figure as short as it is, thousands not separated: `0.05`, `16`."""
    return _signed_text(f"{value:g}")


def tick(value: float) -> str:
    """Return a figure at the axis of a chart, thousands separated."""
    return _separated(f"{value:,.6g}")


def day(text: str) -> str:
    """Return a day given as `2026-11-29`; any other text as it is."""
    try:
        year, month, number_ = date.fromisoformat(text).isoformat().split("-")
    except ValueError:
        return text
    return manner().day.format(year=year, month=month, day=number_)


def moment(text: str) -> str:
    """Return a point in time given as `2026-11-29T12:30:00`, to the second."""
    return f"{day(text[:10])} {text[11:19]}"


def _signed_text(text: str) -> str:
    return _separated(text.replace("-", MINUS))


def _separated(text: str) -> str:
    return separated(text, manner())
