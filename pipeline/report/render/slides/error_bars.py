"""Error ranges of native charts, which python-pptx has no interface for."""

from collections.abc import Sequence
from typing import Any

from pptx.oxml import parse_xml
from pptx.oxml.ns import qn

Value = float | None
_NAMES = (
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
)
_AFTER = ("c:cat", "c:xVal", "c:val", "c:yVal", "c:smooth", "c:shape", "c:extLst")
"""What may follow error bars in a series."""


def add_error_bars(series: Any, points: Sequence[tuple[Value, Value, Value]], *, colour: str) -> None:
    """Add ranges of their own to the points of a series; a point whose range is not known gets none.

    Args:
        series: of python-pptx.
        points: value, lower end and upper end of each.
        colour: as `#0067a3`.
    """
    up = [_distance(value, high) for value, _, high in points]
    down = [_distance(low, value) for value, low, _ in points]
    bars = parse_xml(
        f'<c:errBars {_NAMES}><c:errDir val="y"/><c:errBarType val="both"/><c:errValType val="cust"/>'
        f'<c:noEndCap val="0"/><c:plus>{_numbers(up)}</c:plus><c:minus>{_numbers(down)}</c:minus>'
        f'<c:spPr><a:ln w="15875"><a:solidFill><a:srgbClr val="{colour.removeprefix("#").upper()}"/></a:solidFill>'
        f"</a:ln></c:spPr></c:errBars>"
    )
    element = series._element  # noqa: SLF001 -- python-pptx has no error bars
    following = next(one for one in element if one.tag in {qn(name) for name in _AFTER})
    following.addprevious(bars)


def _distance(low: Value, high: Value) -> float:
    return 0.0 if low is None or high is None else max(0.0, high - low)


def _numbers(values: Sequence[float]) -> str:
    points = "".join(f'<c:pt idx="{place}"><c:v>{value!r}</c:v></c:pt>' for place, value in enumerate(values))
    return f'<c:numLit><c:formatCode>General</c:formatCode><c:ptCount val="{len(values)}"/>{points}</c:numLit>'
