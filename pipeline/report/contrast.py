"""Contrast of colours as WCAG 2.2 defines it, and shades that can be read."""

LEAST = 4.5
"""Of text, WCAG 2.2 success criterion 1.4.3."""
_STEPS = 100


def against_white(colour: str) -> float:
    """Return the contrast ratio of a colour, as `#0067a3`, on white: 1 to 21."""
    return 1.05 / (_luminance(_channels(colour)) + 0.05)


def accessible(colour: str) -> str:
    """Return the colour where its contrast on white is enough, else the lightest darker shade of it that has enough."""
    channels = _channels(colour)
    for step in range(_STEPS, -1, -1):
        shade = "#" + "".join(f"{channel * step // _STEPS:02x}" for channel in channels)
        if against_white(shade) >= LEAST:
            return shade
    return "#000000"


def _channels(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return red, green, blue


def _luminance(channels: tuple[int, int, int]) -> float:
    """Return the relative luminance of sRGB, WCAG 2.2."""
    shares = [channel / 255 for channel in channels]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]  # noqa: PLR2004
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
