"""One look for all charts, and matplotlib's SVG made fit for inlining.

Figures are 520 units wide: on a phone of 390 pixels the smallest text is still 11 pixels high.
Text stays text and takes the font of the page.
"""

import io
import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pipeline.base.format import count, tick
from pipeline.recipe.arms import AWQ, BASELINE

GREY = "#66707d"
BLUE = "#0067a3"
INK = "#1d2733"
MUTED = "#5a6573"
GRID = "#e3e7ec"
BAD = "#b3401f"
CAUTION = "#8a5a00"
_COLOURS = {BASELINE: GREY, AWQ: BLUE}
_FURTHER = ("#b0552b", "#4d7a34", "#7a4fa3", "#8a6d00")
"""Colours of the other arms, in the order of the recipe."""
_MARKERS = {BASELINE: "s", AWQ: "o"}
_OTHER_MARKER = "D"
TEXT = 18
SMALL = 16.5
WIDTH = 520
_POINTS_PER_INCH = 72
_ROOM_FOR_LABELS = 0.42
"""Of the x axis, to the right of the last point."""
_TICK_DISTANCE = 0.12
"""Of two named concurrencies, in parts of what lies between the lowest and the highest."""
_CHARACTER = 0.041
"""What each character of their names beyond `_SHORT` takes, in the same parts."""
_SHORT = 2
_LINE_HEIGHT = 0.085
"""Height of a label in parts of the y axis."""
_STYLE = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": TEXT,
    "text.parse_math": False,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": "#9aa4b0",
    "axes.linewidth": 1.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelsize": SMALL,
    "axes.axisbelow": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.size": 4,
    "ytick.major.size": 0,
    "lines.linewidth": 2.6,
    "lines.markersize": 8,
    "path.simplify": False,
}


def colours_of(arms: Iterable[str]) -> dict[str, str]:
    """Return the colour of each arm: the baseline's and AWQ's are their own, the others take the rest in order."""
    others = [arm for arm in arms if arm not in _COLOURS]
    return _COLOURS | {arm: _FURTHER[place % len(_FURTHER)] for place, arm in enumerate(others)}


def marker_of(arm: str) -> str:
    """Return the marker of an arm's points."""
    return _MARKERS.get(arm, _OTHER_MARKER)


def numbers_of(values: Iterable[float | None]) -> list[float]:
    """Return the figures of a series that has one at every place."""
    return [value for value in values if value is not None]


def with_gaps(values: Iterable[float | None]) -> list[float]:
    """Return the figures of a series as matplotlib leaves gaps in lines: nothing is not a number."""
    return [math.nan if value is None else value for value in values]


def draw(name: str, height: int, paint: Callable[[Any], None]) -> str:
    """Return the SVG of a figure that `paint` fills; ids start with `name`, equal input gives equal text."""
    import matplotlib as mpl  # noqa: PLC0415 -- half a second that only a report should cost
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(WIDTH / _POINTS_PER_INCH, height / _POINTS_PER_INCH), layout="constrained")
        FigureCanvasSVG(figure)
        paint(figure)
        buffer = io.StringIO()
        empty = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=empty)
    return inline(buffer.getvalue(), name)


def inline(svg: str, name: str) -> str:
    """Return a whole SVG file as an element of an HTML page: no prolog, no addresses, ids of its own."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<style[^>]*>.*?</style>", "", body, flags=re.DOTALL)
    head = re.search(r'viewBox="([^"]+)"', body)
    box = head.group(1) if head else f"0 0 {WIDTH} {WIDTH}"
    body = re.sub(r"<svg[^>]*>", f'<svg viewBox="{box}" aria-hidden="true" focusable="false">', body, count=1)
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r"url\(#", f"url(#{name}-", body)
    body = re.sub(r'xlink:href="#', f'href="#{name}-', body)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r" ?font-family: [^;\"]*;?", "", body)
    return re.sub(r"\n\s*\n", "\n", body).strip()


def concurrency_axis(axes: Any, values: Sequence[int], title: str) -> None:
    """Scale x by powers of two, a tick at each measured concurrency, and room for labels at the right."""
    axes.set_xscale("log", base=2)
    octaves = math.log2(values[-1] / values[0]) or 1.0
    distance = max(_TICK_DISTANCE, _CHARACTER * (max(len(count(value)) for value in values) - _SHORT))
    named = apart([math.log2(value) / octaves for value in values], distance)
    axes.set_xticks(list(values), [count(value) if kept else "" for value, kept in zip(values, named, strict=True)])
    axes.minorticks_off()
    axes.set_xlim(values[0] / 2 ** (octaves * 0.06), values[-1] * 2 ** (octaves * _ROOM_FOR_LABELS))
    axes.set_xlabel(title)


def apart(positions: Sequence[float], distance: float) -> list[bool]:
    """Return which of some rising positions to name so that neighbours are `distance` apart; first and last always."""
    kept = [positions[-1]]
    for position in reversed(positions[1:-1]):
        if kept[-1] - position >= distance and position - positions[0] >= distance:
            kept.append(position)
    return [position == positions[0] or position in kept for position in positions]


def horizontal_grid(axes: Any) -> None:
    """Show light horizontal lines, no left spine, and figures with thousands separated."""
    axes.grid(axis="y", color=GRID, linewidth=1.0)
    axes.spines["left"].set_visible(False)
    axes.yaxis.set_major_formatter(lambda value, _: tick(value))
    axes.yaxis.set_major_locator(_locator())


def _locator() -> Any:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    return MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10])


def headline(axes: Any, text: str) -> None:
    """Write what the y axis shows, and its unit, above the axis."""
    axes.set_title(text, loc="left", fontsize=SMALL, color=MUTED, pad=12)


def spread(positions: Sequence[float], distance: float) -> list[float]:
    """Return label positions in the same order, moved apart to at least `distance`, centred on the originals."""
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    placed = [positions[index] for index in order]
    for _ in range(len(placed)):
        for first in range(len(placed) - 1):
            overlap = distance - (placed[first + 1] - placed[first])
            if overlap > 0:
                placed[first] -= overlap / 2
                placed[first + 1] += overlap / 2
    result = [0.0] * len(placed)
    for index, position in zip(order, placed, strict=True):
        result[index] = position
    return result


def end_labels(axes: Any, x: float, ends: Sequence[tuple[str, float, str, str]]) -> None:
    """Write (text, y, colour, weight) beside the right end of lines, moved apart where they would collide."""
    top = axes.get_ylim()[1]
    height = _LINE_HEIGHT * top
    places = spread([position for _, position, *_ in ends], height)
    raised = max(0.0, height / 2 - min(places, default=height))
    places = [place + raised for place in places]
    for (text, _, colour, weight), place in zip(ends, places, strict=True):
        axes.annotate(
            text, (x, place), (10, 0), textcoords="offset points", va="center", color=colour, weight=weight,
            fontsize=SMALL,
        )  # fmt: skip
