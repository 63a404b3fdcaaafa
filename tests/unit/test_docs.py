"""The documentation names commands, files and make targets that exist."""

import re
from pathlib import Path

import click
import pytest

from pipeline.cli.main import cli

REPO = Path(__file__).parents[2]
FOLDERS = ("recipes", "eval", "pipeline/quantize")
DOCUMENTS = [*sorted(REPO.glob("*.md")), *(REPO / folder / "README.md" for folder in FOLDERS)]
TARGETS = set(re.findall(r"^([a-z-]+):", (REPO / "Makefile").read_text(), re.MULTILINE))
NOT_YET = {"plan", "release"}
"""Named in the changelog as missing."""


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPO)))
def test_named_commands_exist(path: Path) -> None:
    """Every `awqctl X` in the documents is a command; every option in a command line is one of its options."""
    for name in re.findall(r"`?(?:\$ )?awqctl ([a-z]+)", path.read_text()):
        assert name in NOT_YET or cli.get_command(click.Context(cli), name), name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPO)))
def test_named_make_targets_exist(path: Path) -> None:
    """Every `make X` in the documents is a target."""
    assert set(re.findall(r"(?:`|\$ )make ([a-z-]+)", path.read_text())) <= TARGETS


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPO)))
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link is a file."""
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_readme_lists_every_command() -> None:
    """A command that is not in the README does not exist for its readers."""
    text = (REPO / "README.md").read_text()
    missing = [
        name
        for name in cli.list_commands(click.Context(cli))
        if f"awqctl {name}" not in text and f"`{name}`" not in text
    ]
    assert missing == []
