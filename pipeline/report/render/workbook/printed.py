"""From a printed figure to a number in a cell: the unrounded value, and the Excel format that prints it alike."""

import re
from dataclasses import dataclass

from pipeline.base.format import MINUS

_NUMBER = re.compile(rf"[-+{MINUS}]?\d(?:[\d.,\u00a0\u202f']*\d)?")
_MONEY = re.compile(r"\s[A-Z]{3}(?:/\w+)?")
"""A currency after its amount, `EUR/month`."""
_DIGIT = re.compile(r"\d")
_SCALES = (1.0, 100.0, 2.0**-30, 2.0**-20, 2.0**-10, 1e-9, 1e-6, 1e-3, 1e3)
"""Between values and what is printed: themselves, percent, GiB, MiB and KiB of bytes, powers of ten."""
_PERCENT = 100.0
"""The scale of what Excel's own percentages print."""
_LONGEST_UNIT = 24
_HALF = 0.5001
"""Of the last place printed, with room for binary fractions."""
_BINARY = 1e-12


@dataclass(frozen=True)
class Printed:
    """A number with its Excel format."""

    value: float
    form: str
    whole: bool
    """Whether number and format say all that is printed; otherwise the text says more."""


def printed(text: str, value: float) -> Printed:
    """Return a figure as a cell has it.

    Args:
        text: as it is printed, `45.3 %`, `0.512 ± 0.012`.
        value: unrounded.
    """
    found = _NUMBER.search(text)
    if not found:
        return Printed(value, "General", whole=False)
    before, after = text[: found.start()], text[found.end() :]
    scaled = _scale(found.group(), value)
    if scaled is None:
        return _exchanged(before, found.group(), after, value)
    scale, places = scaled
    form = _signed(places, plus=found.group().startswith("+"))
    if _DIGIT.search(before + after) or len(before + after) > _LONGEST_UNIT or "<" in before:
        percent = f"{form}%" if scale == _PERCENT and after.lstrip().startswith("%") else "General"
        return Printed(value, form if scale == 1.0 else percent, whole=False)
    if scale == _PERCENT and after.strip() == "%":
        return Printed(value, _around(before, form, "%", apart=after != "%"), whole=True)
    return Printed(value * scale, _around(before, form, _quoted(after)), whole=True)


def _exchanged(before: str, number: str, after: str, value: float) -> Printed:
    """Return money that is printed in another currency than its value's: as printed, because the rate is not known."""
    if not _MONEY.fullmatch(after) or _DIGIT.search(before):
        return Printed(value, "General", whole=False)
    shown, places = min(_readings(number), key=lambda one: abs(abs(one[0]) - abs(value)))
    return Printed(shown, _around(before, _signed(places, plus=number.startswith("+")), _quoted(after)), whole=True)


def _scale(text: str, value: float) -> tuple[float, int] | None:
    """Return by what a value was multiplied when it was printed, and to how many places."""
    for scale in _SCALES:
        for shown, places in _readings(text):
            if abs(value * scale - shown) <= _HALF * 10.0**-places + _BINARY * abs(value * scale):
                return scale, places
    return None


def _readings(text: str) -> list[tuple[float, int]]:
    """Return what a printed number can be, with its places: commas separate thousands or decimals."""
    plain = re.sub(r"[\u00a0\u202f']", "", text.replace(MINUS, "-").lstrip("+"))
    read = [plain.replace(thousands, "").replace(point, ".") for thousands, point in ((",", "."), (".", ","))]
    return [(float(one), len(one.partition(".")[2])) for one in read if one.count(".") <= 1]


def _signed(places: int, *, plus: bool) -> str:
    form = f"#,##0{'.' * bool(places)}{'0' * places}"
    return f"+{form};-{form};{form}" if plus else form


def _around(before: str, form: str, after: str, *, apart: bool = False) -> str:
    """Return a format with what stands before and after the number, in each of its parts."""
    space = _quoted(" ") if apart else ""
    return ";".join(f"{_quoted(before)}{part}{space}{after}" for part in form.split(";"))


def _quoted(text: str) -> str:
    """Return words as a format has them."""
    clean = text.replace('"', "'")
    return f'"{clean}"' if clean else ""
