"""The brand of a report: name, logo and colour, read once and carried in the document."""

import base64
import hashlib
from pathlib import Path

from pipeline.base.errors import RecipeError
from pipeline.base.homes import expanded
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.report import Brand as BrandSettings
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord
from pipeline.report.contrast import LEAST, accessible, against_white
from pipeline.report.document import Brand, Logo
from pipeline.report.logo import MOST_BYTES, read_logo

LOGO = "logo"
"""Name of the logo's copy in the report's folder, without its suffix."""
_KEY = "report.brand.logo"


def brand_of(asked: BrandSettings, context: RunContext) -> Brand | None:
    """Return the brand as the document carries it; None where the recipe has none.

    The colour is one that can be read on white; where that is not the one asked for, the user is told.

    Raises:
        RecipeError: the logo is not there, or cannot be used.
    """
    if asked == BrandSettings():
        return None
    colour = accessible(asked.colour) if asked.colour else None
    if asked.colour and colour != asked.colour.lower():
        context.reporter.warn(
            f"report.brand.colour {asked.colour} on white has a contrast of {against_white(asked.colour):.1f}:1, less "
            f"than {LEAST}:1; text and lines take {colour}"
        )
    return Brand(name=asked.name, colour=colour, logo=_logo(asked.logo, context))


def logo_identity(recipe: Recipe, context: RunContext, record: RunRecord) -> str | None:  # noqa: ARG001 -- a Stage's
    """Return what tells a change of the logo."""
    found = _logo(recipe.report.brand.logo, context)
    return None if found is None else hashlib.sha256(found.content).hexdigest()


def _logo(given: str | None, context: RunContext) -> Logo | None:
    """Return the logo: the file that the recipe names, else the copy that an earlier report has of it."""
    if given is None:
        return None
    path = context.recipe_dir / expanded(given, _KEY)
    copies = sorted((context.out / "report").glob(f"{LOGO}.*"))
    if not path.is_file() and copies:
        path = copies[0]
    if not path.is_file():
        raise RecipeError(f"{_KEY}: there is no file {path}. Correct the path, which is relative to the recipe.")
    return _read(path)


def _read(path: Path) -> Logo:
    if path.stat().st_size > MOST_BYTES:
        raise RecipeError(f"{_KEY}: {path} is larger than {MOST_BYTES // 1024} KiB. Give a smaller one.")
    content = path.read_bytes()
    try:
        media_type, width, height = read_logo(content)
    except ValueError as problem:
        raise RecipeError(f"{_KEY}: {path} {problem}. Give a PNG, a JPEG or a plain SVG.") from None
    return Logo(media_type=media_type, width=width, height=height, base64=base64.b64encode(content).decode("ascii"))
