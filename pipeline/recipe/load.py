"""Finding, reading, overriding and validating recipes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.base.credentials import masked
from pipeline.base.errors import RecipeError
from pipeline.base.homes import expanded
from pipeline.base.suggestion import suggestion
from pipeline.base.validation import explain
from pipeline.base.yaml_text import YamlError, read_yaml
from pipeline.recipe.migrate import migrate
from pipeline.recipe.recipe import Recipe

SUFFIXES = (".yaml", ".yml")
_DEEPEST = 20
"""Parts of a key path; the deepest key of a recipe has four."""
_MOST_PROBLEMS = 20
_LONGEST_VALUE = 200


def packaged_recipes() -> dict[str, Path]:
    """Return the recipes that ship, by name."""
    folder = Path(str(resources.files("recipes")))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find_recipe(reference: str) -> Path:
    """Return the file of a recipe given as a path or as the name of one that ships.

    Raises:
        RecipeError: there is neither such a file nor such a packaged recipe.
    """
    path = expanded(reference, "RECIPE")
    if path.suffix in SUFFIXES or "/" in reference:
        if path.is_file():
            return path.resolve()
        raise RecipeError(f"There is no recipe file {reference}. `awqctl recipe ls` lists the ones that ship.")
    packaged = packaged_recipes()
    if reference in packaged:
        return packaged[reference]
    raise RecipeError(
        f"There is no recipe named '{reference}'; these ship: {', '.join(packaged)}.{suggestion(reference, packaged)} "
        f"For a file of your own, give its path (ending in .yaml)."
    )


@dataclass(frozen=True)
class LoadedRecipe:
    """A recipe, where it was found, and what is written otherwise since it was written."""

    recipe: Recipe
    path: Path
    notes: tuple[str, ...] = ()


def load_recipe(reference: str, overrides: Sequence[str] = ()) -> LoadedRecipe:
    """Return the validated recipe with its file; one of an earlier version as this version writes it.

    Args:
        reference: path or name.
        overrides: `key.path=value` strings; values are YAML, and none undoes an earlier one.

    Raises:
        RecipeError: not found, not YAML, or not valid; names the key path, the value and what is allowed.
    """
    path = find_recipe(reference)
    document = _read(path)
    if not isinstance(document, dict):
        raise RecipeError(f"{path} is not a recipe: a mapping of sections is expected. See `awqctl recipe show demo`.")
    _refuse_repetition([override.partition("=")[0] for override in overrides])
    for override in overrides:
        _apply(document, override)
    document, notes = migrate(document)
    return LoadedRecipe(validate_recipe(document, str(path)), path, notes)


def recipe_text(path: Path) -> str:
    """Return the text of a recipe file, without a byte order mark, its lines ended as here.

    Raises:
        RecipeError: it is not UTF-8; names the line.
    """
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as problem:
        line = problem.object.count(b"\n", 0, problem.start) + 1
        raise RecipeError(f"{path} is not UTF-8 in line {line}. Save it as UTF-8 and try again.") from None


def _read(path: Path) -> Any:
    try:
        return read_yaml(recipe_text(path))
    except YamlError as problem:
        raise RecipeError(f"{path} is not valid YAML: {problem}. Correct the file and try again.") from None


def validate_recipe(document: Mapping[str, Any], origin: str) -> Recipe:
    """Return the recipe in `document`, which has today's keys.

    Raises:
        RecipeError: every problem on a line of its own, with key path, value and what is allowed.
    """
    try:
        return Recipe.model_validate(document)
    except ValidationError as problem:
        errors = problem.errors()
        lines = [explain(error, Recipe, "recipe") for error in errors[:_MOST_PROBLEMS]]
        lines += [f"and {len(errors) - _MOST_PROBLEMS} more"] if len(errors) > _MOST_PROBLEMS else []
        raise RecipeError(
            f"{origin} is not a valid recipe:\n  "
            + "\n  ".join(lines)
            + "\nSee `awqctl recipe show demo` for a full example."
        ) from problem


def _refuse_repetition(keys: Sequence[str]) -> None:
    """Refuse a `--set` that undoes an earlier one without a word: of the same key, or of a section above it."""
    for number, later in enumerate(keys):
        if undone := [earlier for earlier in keys[:number] if f"{earlier}.".startswith(f"{later}.")]:
            raise RecipeError(f"--set gives {undone[0]} and after it {later}, which undoes it. Leave one of them out.")


def _apply(document: dict[str, Any], override: str) -> None:
    """Set one `key.path=value` in place."""
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise RecipeError(
            f"--set {masked(override)!r} is not of the form key.path=value, for example engine.max_model_len=2048."
        )
    node: Any = document
    *parents, last = key.split(".")
    if len(parents) >= _DEEPEST:
        raise RecipeError(f"--set {key[:_LONGEST_VALUE]}: no key has more than {_DEEPEST} parts. Check the key path.")
    try:
        for part in parents:
            node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
        node[int(last) if isinstance(node, list) else last] = read_yaml(text)
    except (TypeError, ValueError, IndexError, AttributeError) as problem:
        raise RecipeError(
            f"--set {masked(override)!r} does not fit the recipe: {_one_line(problem)}. Check key path and value."
        ) from problem


def _one_line(problem: Exception) -> str:
    return " ".join(str(problem).split())
