"""The client's PowerPoint template."""

import hashlib
import zipfile
from pathlib import Path

from pipeline.base.errors import RecipeError
from pipeline.base.homes import expanded
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord

_KEY = "report.pptx_template"
_MOST_BYTES = 50 * 1024**2


def read_template(given: str | None, recipe_dir: Path) -> bytes | None:
    """Return the template of the slides; None where the recipe names none.

    Raises:
        RecipeError: it is not there, too large, or no PowerPoint file.
    """
    if given is None:
        return None
    path = recipe_dir / expanded(given, _KEY)
    if not path.is_file():
        raise RecipeError(f"{_KEY}: there is no file {path}. Correct the path, or give one with --template.")
    if path.stat().st_size > _MOST_BYTES:
        raise RecipeError(f"{_KEY}: {path} is larger than {_MOST_BYTES // 1024**2} MiB. Take out its slides and media.")
    if not _is_presentation(path):
        raise RecipeError(f"{_KEY}: {path} is no PowerPoint file. Save it as .pptx or .potx.")
    return path.read_bytes()


def template_identity(recipe: Recipe, context: RunContext, record: RunRecord) -> str | None:  # noqa: ARG001 -- a Stage's
    """Return what tells a change of the template."""
    content = read_template(recipe.report.pptx_template, context.recipe_dir)
    return None if content is None else hashlib.sha256(content).hexdigest()


def _is_presentation(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "ppt/presentation.xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False
