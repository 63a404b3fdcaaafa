"""Acceptance files: those that ship and those of a client, found, read and summed."""

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from pipeline.base.errors import RecipeError
from pipeline.base.homes import expanded
from pipeline.base.identity import document_identity
from pipeline.base.suggestion import suggestion
from pipeline.base.validation import explain
from pipeline.base.yaml_text import YamlError, read_yaml
from pipeline.recipe.acceptance import Acceptance, AcceptanceTerms
from pipeline.recipe.load import SUFFIXES, recipe_text

IN_THE_RECIPE = "the recipe"
"""The source of terms that stand in the recipe itself."""
_MOST_PROBLEMS = 20


@dataclass(frozen=True)
class AgreedTerms:
    """Terms, where they were read, and what tells a change of them."""

    terms: AcceptanceTerms
    source: str
    sha256: str
    """Of the file's bytes; of the section as JSON where the terms stand in the recipe."""


def packaged_acceptance() -> dict[str, Path]:
    """Return the acceptance files that ship, by name."""
    folder = Path(str(resources.files("recipes"))) / "acceptance"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find_acceptance(reference: str, folder: Path) -> Path:
    """Return an acceptance file given as a path below `folder`, or as the name of one that ships.

    Raises:
        RecipeError: there is none.
    """
    packaged = packaged_acceptance()
    if reference in packaged:
        return packaged[reference]
    path = folder / expanded(reference, "acceptance")
    if path.is_file():
        return path
    meant = "" if path.suffix in SUFFIXES else suggestion(reference, packaged)
    raise RecipeError(
        f"There is no acceptance file {reference} (looked for at {path}).{meant} These ship: {', '.join(packaged)}. "
        f"`awqctl acceptance cp deck-kpis mine.yaml` makes one of your own."
    )


def read_acceptance(path: Path) -> AgreedTerms:
    """Return the terms of a file.

    Raises:
        RecipeError: it is not YAML, or not valid; every problem is on a line of its own.
    """
    text = recipe_text(path)
    try:
        document = read_yaml(text)
        if not isinstance(document, dict):
            raise RecipeError(f"{path} is no acceptance file: a mapping with `clauses` is expected.")
        terms = AcceptanceTerms.model_validate(document)
    except YamlError as problem:
        raise RecipeError(f"{path} is not valid YAML: {problem}. Correct the file and try again.") from None
    except ValidationError as problem:
        lines = [explain(error, AcceptanceTerms, path.name) for error in problem.errors()[:_MOST_PROBLEMS]]
        raise RecipeError(
            "\n  ".join([f"{path} is no valid acceptance file:", *lines])
            + "\nSee `awqctl acceptance show deck-kpis` for an example."
        ) from problem
    if not terms.clauses:
        raise RecipeError(f"{path} has no clauses, so nothing would be judged. Give it `clauses`.")
    return AgreedTerms(terms, path.name, hashlib.sha256(path.read_bytes()).hexdigest())


def agreed_terms(section: Acceptance, folder: Path) -> AgreedTerms:
    """Return what the section of a recipe asks for.

    Args:
        section: of the recipe.
        folder: of the recipe's file.

    Raises:
        RecipeError: its file is not there, or not valid.
    """
    if section.file is not None:
        return read_acceptance(find_acceptance(section.file, folder))
    document = section.model_dump(mode="json", exclude={"file"})
    return AgreedTerms(AcceptanceTerms.model_validate(document), IN_THE_RECIPE, document_identity(document))
