"""What a logo is: a PNG, a JPEG, or an SVG that does nothing but draw."""

import re
from io import BytesIO
from typing import Literal
from xml.etree import ElementTree as ET

MediaType = Literal["image/png", "image/jpeg", "image/svg+xml"]
MOST_BYTES = 256 * 1024
_MOST_PIXELS = 20_000_000
_SVG = "{http://www.w3.org/2000/svg}"
_DRAWS = re.compile(
    r"svg|g|path|rect|circle|ellipse|line|polyline|polygon|text|tspan|textPath|defs|linearGradient|radialGradient|stop|"
    r"clipPath|mask|pattern|use|symbol|title|desc|metadata|style|marker"
)
"""Elements that a logo may have; others run, embed or fetch something."""
_FETCHES = re.compile(r"@import|url\(\s*['\"]?\s*(?!#)|expression\(|javascript:", re.IGNORECASE)
_FONT_SIZE = 16


def read_logo(content: bytes) -> tuple[MediaType, float, float]:
    """Return what kind of picture it is, its width and its height.

    Raises:
        ValueError: it is none, or an SVG that could run or fetch something; says so in words that follow its name.
    """
    if content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return _pixels(content)
    return ("image/svg+xml", *_drawing(content))


def _pixels(content: bytes) -> tuple[MediaType, float, float]:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 -- only a report with a logo needs it

    try:
        with Image.open(BytesIO(content), formats=("PNG", "JPEG")) as picture:
            width, height, kind = picture.width, picture.height, picture.format
            if width * height > _MOST_PIXELS:
                raise ValueError("has more than 20 million pixels")
            picture.load()
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):
        raise ValueError("is a damaged picture") from None
    return "image/png" if kind == "PNG" else "image/jpeg", float(width), float(height)


def _drawing(content: bytes) -> tuple[float, float]:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ValueError("is no picture that awqctl knows") from None
    if "<!DOCTYPE" in text.upper() or "<!ENTITY" in text.upper():
        raise ValueError("declares entities, which is refused in an SVG")
    try:
        root = ET.fromstring(text)  # noqa: S314 -- without entities it holds what it says
    except ET.ParseError:
        raise ValueError("is no picture that awqctl knows") from None
    if root.tag != f"{_SVG}svg":
        raise ValueError("is no picture that awqctl knows")
    for element in root.iter():
        _check(element)
    return _size(root)


def _check(element: ET.Element) -> None:
    """Refuse an element that runs or fetches something. Editors' own elements are drawn by nobody."""
    tag = str(element.tag)
    if (tag.startswith(_SVG) and not _DRAWS.fullmatch(tag.removeprefix(_SVG))) or "xhtml" in tag:
        raise ValueError(f"has an element <{tag.rpartition('}')[2]}>, which is refused in an SVG")
    for name, value in element.attrib.items():
        local = name.rpartition("}")[2]
        if local.lower().startswith("on") or (local == "href" and not value.startswith("#")) or _FETCHES.search(value):
            raise ValueError(f"has an attribute {local} that runs or fetches something, which is refused in an SVG")
    if _FETCHES.search(element.text or "") and tag == f"{_SVG}style":
        raise ValueError("has a style that fetches something, which is refused in an SVG")


def _size(root: ET.Element) -> tuple[float, float]:
    box = [float(part) for part in re.findall(r"-?\d+(?:\.\d+)?", root.get("viewBox", ""))]
    sides = [re.match(r"\d+(?:\.\d+)?", root.get(side, "")) for side in ("width", "height")]
    if len(box) == 4 and min(box[2:]) > 0:  # noqa: PLR2004 -- x, y, width, height
        return box[2], box[3]
    if all(sides) and not any(root.get(side, "").endswith("%") for side in ("width", "height")):
        return tuple(float(side[0]) for side in sides if side)  # type: ignore[return-value]
    raise ValueError("does not say its size (viewBox)")
