"""Finding, reading, overriding and validating recipes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.base.credentials import masked
from pipeline.base.errors import RecipeError, UsageError
from pipeline.base.homes import expanded
from pipeline.base.suggestion import suggestion
from pipeline.base.validation import explain
from pipeline.base.yaml_text import YamlError, read_yaml, yaml_file_text
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
        if path.exists():
            raise RecipeError(f"{reference} is a folder, a pipe or a device, and a recipe is a file. Give its path.")
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
    return recipe_in(document, path, str(path), overrides)


def recipe_in(document: dict[str, Any], path: Path, origin: str, overrides: Sequence[str] = ()) -> LoadedRecipe:
    """Return the validated recipe in a document that was read; one of an earlier version as this version writes it.

    Args:
        document: is changed.
        path: of the recipe's file.
        origin: what messages call it.
        overrides: `key.path=value` strings; values are YAML, and none undoes an earlier one.

    Raises:
        RecipeError: it is not valid; names the key path, the value and what is allowed.
    """
    _refuse_repetition([override.partition("=")[0] for override in overrides])
    for override in overrides:
        _apply(document, override)
    document, notes = migrate(document)
    return LoadedRecipe(validate_recipe(document, origin), path, notes)


def recipe_text(path: Path) -> str:
    """Return the text of a recipe file, without a byte order mark, its lines ended as here.

    Raises:
        RecipeError: it is not UTF-8, and the line is named, or too large.
    """
    try:
        return yaml_file_text(path)
    except UsageError as problem:
        raise RecipeError(problem.message) from None


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
            f"--set {_shown(override)} is not of the form key.path=value, for example engine.max_model_len=2048."
        )
    node: Any = document
    *parents, last = key.split(".")
    if len(parents) >= _DEEPEST:
        raise RecipeError(f"--set {key[:_LONGEST_VALUE]}: no key has more than {_DEEPEST} parts. Check the key path.")
    try:
        for part in parents:
            place = _place(node, part)
            node = node[place] if isinstance(node, list) else node.setdefault(place, {})
        node[_place(node, last)] = read_yaml(text)
    except (YamlError, _MisfitError) as problem:
        raise RecipeError(
            f"--set {_shown(override)} does not fit the recipe: {problem}. Check key path and value."
        ) from None


class _MisfitError(ValueError):
    """A part of a key path leads nowhere."""


def _place(node: Any, part: str) -> Any:
    """Return the key in a mapping, or the position in a list: written in one way only, so that none is set twice."""
    if isinstance(node, dict):
        return part
    part = part[:_LONGEST_VALUE]
    if not isinstance(node, list):
        raise _MisfitError(f"there is no key '{part}' in a single value")
    if not re.fullmatch(r"0|[1-9][0-9]{0,8}", part) or int(part) >= len(node):
        raise _MisfitError(f"'{part}' is no position in a list of {len(node)}; the first is 0")
    return int(part)


def _shown(override: str) -> str:
    text = masked(override)
    return repr(text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}...")
