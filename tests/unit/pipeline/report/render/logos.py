"""Logos of each kind, for tests."""

import base64
from io import BytesIO

from PIL import Image

from pipeline.report.document import Logo
from pipeline.report.logo import read_logo

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="40" height="20" fill="#a3005c"/></svg>'


def picture(kind: str) -> bytes:
    """Return a file: `png`, `jpeg` or `svg`."""
    if kind == "svg":
        return SVG.encode()
    made = BytesIO()
    Image.new("RGB", (40, 20), "#a3005c").save(made, kind)
    return made.getvalue()


def logo(kind: str) -> Logo:
    """Return the same as it stands in a document."""
    content = picture(kind)
    media_type, width, height = read_logo(content)
    return Logo(media_type=media_type, width=width, height=height, base64=base64.b64encode(content).decode())
