"""The documentation names commands, files and make targets that exist."""

import re
import tomllib
from pathlib import Path

import click
import pytest

from pipeline.cli.main import cli

REPO = Path(__file__).parents[2]
FOLDERS = ("recipes", "recipes/catalogue", "recipes/scenarios", "eval", "pipeline/quantize", "serve")
DOCUMENTS = [*sorted(REPO.glob("*.md")), *(REPO / folder / "README.md" for folder in FOLDERS)]
TARGETS = set(re.findall(r"^([a-z-]+):", (REPO / "Makefile").read_text(), re.MULTILINE))
HISTORY = {REPO / "CHANGELOG.md", REPO / "EXPERIMENTS.md"}
"""Their paths are those of their time."""
TOP = ("pipeline", "eval", "serve", "recipes", "tests", "mlruns", ".ci")
"""Folders that a path of this repository begins with; paths of an output folder begin with `out`."""


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPO)))
def test_named_commands_exist(path: Path) -> None:
    """Every `awqctl X` in the documents is a command; every option in a command line is one of its options."""
    for name in re.findall(r"`?(?:\$ )?awqctl ([a-z]+)", path.read_text()):
        assert cli.get_command(click.Context(cli), name), name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPO)))
def test_named_make_targets_exist(path: Path) -> None:
    """Every `make X` in the documents is a target."""
    assert set(re.findall(r"(?:`|\$ )make ([a-z-]+)", path.read_text())) <= TARGETS


@pytest.mark.parametrize("path", sorted(set(DOCUMENTS) - HISTORY), ids=lambda path: str(path.relative_to(REPO)))
def test_named_paths_exist(path: Path) -> None:
    """Every path of this repository in backticks or in a command line is there; one with a star matches something."""
    tops = "|".join(map(re.escape, TOP))
    named = re.findall(rf"(?:`|\s)((?:{tops})/[\w./*-]+)(?=`|\s)", path.read_text())
    assert [one for one in sorted(set(named)) if not any(REPO.glob(one.rstrip("/")))] == []


def rooms_table() -> list[tuple[str, str]]:
    """Return the rows of the table of rooms in CONTRIBUTING.md: the rooms, and what is in them."""
    text = (REPO / "CONTRIBUTING.md").read_text()
    table = text.partition("| room | what is in it |\n|---|---|\n")[2].partition("\n\n")[0]
    return [(cells[1], cells[2]) for cells in (row.split("|") for row in table.splitlines())]


def test_rooms_stand_as_in_the_contract() -> None:
    """The table has the rooms that the import contract has, in its order, and those are all that there are."""
    named = [re.findall(r"`([\w/]+)`", rooms) for rooms, _ in rooms_table()]
    flat = [room for row in named for room in row]
    contract = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    layers = [[room.replace(".", "/") for room in layer.split(" | ")] for layer in contract["layers"]]
    level = {room: number for number, layer in enumerate(layers) for room in layer}
    assert sorted(flat, key=lambda room: level[room]) == flat
    there = {f"{top}/{path.parent.name}" for top in ("pipeline", "eval") for path in (REPO / top).glob("*/__init__.py")}
    assert set(flat) == set(level) == there - {"eval/tasks"} | {"serve"}


@pytest.mark.parametrize("row", rooms_table(), ids=lambda row: row[0].strip())
def test_folders_of_rooms_exist(row: tuple[str, str]) -> None:
    """Every folder that the table names within a room is in it."""
    rooms = re.findall(r"`([\w/]+)`", row[0])
    assert rooms
    for folder in re.findall(r"`(\w+)/`", row[1]):
        assert any((REPO / room / folder).is_dir() for room in rooms), folder


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPO)))
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link is a file."""
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_readme_puts_awqctl_on_the_path_first() -> None:
    """Its commands work as typed: the line that puts `awqctl` on the PATH comes before the first that needs it."""
    lines = re.findall(r"^\$ (.*)", (REPO / "README.md").read_text(), re.MULTILINE)
    words = [line.split()[0] for line in lines]
    assert lines[words.index(".")].startswith(". .venv/bin/activate ")
    assert words.index(".") < words.index("awqctl")


def test_readme_lists_every_command() -> None:
    """A command that is not in the README does not exist for its readers."""
    text = (REPO / "README.md").read_text()
    missing = [
        name
        for name in cli.list_commands(click.Context(cli))
        if f"awqctl {name}" not in text and f"`{name}`" not in text
    ]
    assert missing == []
