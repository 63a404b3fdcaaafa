"""Scenarios that ship, and those of a user: found, read, and told apart from recipes."""

from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from pipeline.base.commands import command
from pipeline.base.errors import UsageError
from pipeline.base.homes import expanded
from pipeline.base.validation import explain
from pipeline.catalogue.files import read
from pipeline.roi.scenarios.forms import ScenarioFile

KEY = "scenario"
"""The key that a scenario has and a recipe has not."""
_MOST_PROBLEMS = 10


def packaged_scenarios() -> dict[str, Path]:
    """Return the scenarios that ship, by name."""
    folder = Path(str(resources.files("recipes"))) / "scenarios"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def scenario_path(reference: str) -> Path | None:
    """Return the file of a scenario, named or given as a path; None where a recipe is meant.

    Raises:
        UsageError: the file is not YAML.
    """
    if reference in packaged_scenarios():
        return packaged_scenarios()[reference]
    path = expanded(reference, "SCENARIO")
    if path.suffix not in (".yaml", ".yml") or not path.is_file():
        return None
    return path if KEY in read(path) else None


def read_scenario(path: Path) -> ScenarioFile:
    """Return a scenario.

    Raises:
        UsageError: it is not valid; every problem is on a line of its own.
    """
    try:
        return ScenarioFile.model_validate(read(path))
    except ValidationError as problem:
        found = [explain(error, ScenarioFile, path.name) for error in problem.errors()[:_MOST_PROBLEMS]]
        raise UsageError(
            "\n  ".join([f"{path} is no valid scenario:", *dict.fromkeys(found)])
            + f"\nCorrect it and try again; `{command('roi ls')}` lists the scenarios that ship, to look at."
        ) from problem
