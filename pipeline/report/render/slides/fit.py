"""How much room text takes, so that nothing is cut off or overflows.

Widths are those of DejaVu Sans, which is wider than what presentations are set in: an estimate that is on the safe side
whatever font the client's template has.
"""

from functools import lru_cache
from typing import Any

from pipeline.report.render.fonts import fonts_folder

LINE = 1.2
"""Height of a line in parts of the font size."""
_UNITS = 100


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of one line in points, at a font size in points."""
    return _units(text, bold) * size / _UNITS


def lines_of(text: str, size: float, width: float, *, bold: bool = False) -> int:
    """Return how many lines text takes that is wrapped at spaces, and inside words that are wider than a line."""
    return sum(_wrapped(line, size, width, bold=bold) for line in text.split("\n"))


def height_of(text: str, size: float, width: float, *, bold: bool = False) -> float:
    """Return the height in points of text that is wrapped at `width` points."""
    return lines_of(text, size, width, bold=bold) * size * LINE


def largest(text: str, sizes: tuple[float, ...], width: float, height: float, *, bold: bool = False) -> float:
    """Return the first of the falling sizes at which text fits; the last one where none does."""
    return next((size for size in sizes if height_of(text, size, width, bold=bold) <= height), sizes[-1])


def shortened(text: str, size: float, width: float, height: float, *, bold: bool = False) -> str:
    """Return text that fits, with an ellipsis where it had to be cut."""
    if height_of(text, size, width, bold=bold) <= height:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = height_of(f"{text[:middle]}\N{HORIZONTAL ELLIPSIS}", size, width, bold=bold) <= height
        low, high = (middle, high) if fits else (low, middle - 1)
    return f"{text[:low].rstrip()}\N{HORIZONTAL ELLIPSIS}"


def _wrapped(line: str, size: float, width: float, *, bold: bool) -> int:
    count, used, space = 1, 0.0, width_of(" ", size, bold=bold)
    for word in line.split(" "):
        wide = width_of(word, size, bold=bold)
        if used and used + space + wide > width:
            count, used = count + 1, 0.0
        used += wide + (space if used else 0.0)
        if used > width:
            further = int(used // width)
            count, used = count + further, used - further * width
    return count


@lru_cache(maxsize=1 << 14)
def _units(text: str, bold: bool) -> float:  # noqa: FBT001 -- cached by it
    """Return the width at the size that fonts are measured at; words come again and again."""
    return float(_font(bold).getlength(text))


@lru_cache
def _font(bold: bool) -> Any:  # noqa: FBT001 -- cached by it
    from PIL import ImageFont  # noqa: PLC0415 -- only slides need it

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(fonts_folder() / name), _UNITS)
