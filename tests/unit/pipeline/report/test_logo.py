"""What may be a logo, and the colours that can be read."""

import pytest

from pipeline.report.contrast import accessible, against_white
from pipeline.report.logo import read_logo
from tests.unit.pipeline.report.render.logos import SVG, picture


@pytest.mark.parametrize("kind", ["png", "jpeg", "svg"])
def test_pictures_are_told_by_their_content(kind: str) -> None:
    """With their size."""
    media_type, width, height = read_logo(picture(kind))
    assert kind in media_type
    assert (width, height) == (40, 20)


@pytest.mark.parametrize(
    ("inside", "refused"),
    [
        ("<script>alert(1)</script>", "<script>"),
        ("<foreignObject/>", "<foreignObject>"),
        ('<image href="http://example.org/a.png"/>', "<image>"),
        ('<rect onload="alert(1)"/>', "onload"),
        ('<use href="http://example.org/a.svg#b"/>', "href"),
        ('<rect style="fill: url(http://example.org/a)"/>', "style"),
        ("<style>@import 'http://example.org/a.css';</style>", "style"),
        ('<animate attributeName="x"/>', "<animate>"),
        ('<p xmlns="http://www.w3.org/1999/xhtml"/>', "<p>"),
    ],
)
def test_an_svg_that_runs_or_fetches_something_is_refused(inside: str, refused: str) -> None:
    """With what it is that does."""
    with pytest.raises(ValueError, match=refused):
        read_logo(SVG.replace("<rect", f"{inside}<rect", 1).encode())


@pytest.mark.parametrize(
    "inside", ["<style>.a { fill: url(#b); }</style>", '<use href="#a"/>', '<x:y xmlns:x="urn:editor"/>']
)
def test_an_svg_that_only_draws_is_taken(inside: str) -> None:
    """References inside it, and what editors leave for themselves, do nothing."""
    assert read_logo(SVG.replace("<rect", f"{inside}<rect", 1).encode())[0] == "image/svg+xml"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01",
        b"%PDF-1.7",
        b"<html/>",
        b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>',
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        picture("png")[:60],
        picture("jpeg")[:60],
    ],
)
def test_anything_else_is_no_logo(content: bytes) -> None:
    """Damaged pictures and SVGs without a size among them."""
    with pytest.raises(ValueError, match=r"^(is|has|does|declares) "):
        read_logo(content)


def test_contrast_is_that_of_wcag() -> None:
    """Black on white is 21:1; the grey #767676 is the lightest that passes."""
    assert against_white("#000000") == pytest.approx(21)
    assert against_white("#ffffff") == pytest.approx(1)
    assert against_white("#767676") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("colour", ["#ffcc00", "#ffffff", "#00ff00", "#777777"])
def test_a_light_colour_gets_a_shade_that_can_be_read(colour: str) -> None:
    """No darker than it takes."""
    shade = accessible(colour)
    assert shade != colour
    assert 4.5 <= against_white(shade) < 4.9


def test_a_dark_colour_stays() -> None:
    """As it was given, in lower case."""
    assert accessible("#0067A3") == "#0067a3"
