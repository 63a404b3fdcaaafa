"""A recipe's text under another name."""

import re
from pathlib import Path

from pipeline.base.errors import UsageError
from pipeline.recipe.load import recipe_text
from pipeline.recipe.recipe import NAME

_NAME_LINE = re.compile(r"^name:[^\n#]*?(?P<rest>[ \t]*(#[^\n]*)?)$", re.MULTILINE)


def named_after(target: Path, source: Path) -> str:
    """Return the text of the recipe `source`, comments and all, named after the file `target`.

    Raises:
        UsageError: the file's name gives no name, or the text has no line that names the recipe.
    """
    name = re.sub(r"[^a-z0-9._-]+", "-", target.stem.lower()).strip("-._")
    if not re.fullmatch(NAME, name):
        raise UsageError(
            f"A recipe cannot be named after {target.name}: names are up to 100 letters, digits, '.', '_' and '-'. "
            f"Choose another file name."
        )
    text, found = _NAME_LINE.subn(rf"name: {_scalar(name)}\g<rest>", recipe_text(source))
    if found != 1:
        raise UsageError(f"{source} has no line `name: ...` of its own to change. Copy the file and name it by hand.")
    return text


def _scalar(name: str) -> str:
    """Return the name as YAML reads text: a number or `true` would be something else."""
    return name if re.fullmatch(r"[a-z][a-z0-9._-]*", name) and name not in _WORDS else f'"{name}"'


_WORDS = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
