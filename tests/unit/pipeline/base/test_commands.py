"""Commands in messages: what is carried over, and that the commands take it."""

import ast
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pipeline.base.commands import OPTIONS, Typed, command, typed
from pipeline.cli.main import cli

TYPED = Typed(
    "my recipes/mine.yaml", ("quantize.control=rtn", "bench.concurrency=[1, 2]"), Path("an out"), "sqlite:///x"
)


@pytest.fixture
def continued() -> Iterator[None]:
    """A command line with everything that others take over."""
    with typed(TYPED):
        yield


def named(name: str) -> click.Command:
    """Return the command of a name of one or two words."""
    found: click.Command = cli
    for part in name.split():
        assert isinstance(found, click.Group)
        step = found.get_command(click.Context(found), part)
        assert step is not None, name
        found = step
    return found


@pytest.mark.parametrize("name", OPTIONS)
def test_line_is_what_the_command_takes(name: str, continued: None) -> None:
    """The shell splits the line into arguments that the command parses to what was typed."""
    _, *arguments = shlex.split(command(name))
    words = name.split()
    assert arguments[: len(words)] == words
    parsed = named(name).make_context(name, arguments[len(words) :]).params
    said = {"overrides": TYPED.overrides, "out": TYPED.out, "store": TYPED.store}
    for key in said.keys() & parsed.keys():
        assert parsed[key] == said[key]
    assert TYPED.recipe in parsed.values() or "RECIPE" not in OPTIONS[name]


def test_nothing_typed() -> None:
    """A message made outside of a command stands for any recipe; other commands take nothing over."""
    assert command("quantize", "--force") == "awqctl quantize RECIPE --force"
    assert command("keys revoke", "a b") == "awqctl keys revoke 'a b'"


def test_options_of_one_command_go_nowhere_else() -> None:
    """`serve` named again has its port, and no other command has it."""
    with typed(Typed("mine.yaml", own={"serve": ("--port", "9000")})):
        assert command("serve", "--despite-gates") == "awqctl serve mine.yaml --port 9000 --despite-gates"
        assert command("run") == "awqctl run mine.yaml"


def test_recipe_that_looks_like_an_option() -> None:
    """Its path begins with the folder."""
    with typed(Typed("-x.yaml")):
        assert command("run") == "awqctl run ./-x.yaml"


def test_program_that_is_not_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is called by the path at which it was called."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "my env" / "bin" / "awqctl")])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command("ui") == "'my env/bin/awqctl' ui"
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "awqctl")])
    assert command("ui") == "./awqctl ui"


ROOMS = ("pipeline", "eval", "serve")
DOCUMENTS = (
    "pipeline/report/language/",
    "pipeline/report/chapters/",
    "pipeline/base/sentences/card.py",
    "serve/exports/",
)
"""What they say is read by others, who typed nothing."""


@pytest.mark.parametrize("room", ROOMS)
def test_no_message_names_a_bare_command(room: str) -> None:
    """A command that takes something over is written by `command`, or it leads back to where the user came from."""
    repo = Path(__file__).parents[4]
    bare = re.compile(rf"`awqctl ({'|'.join(OPTIONS)})\b")
    found = []
    for path in (repo / room).rglob("*.py"):
        name = path.relative_to(repo).as_posix()
        if not name.startswith(DOCUMENTS):
            found += [f"{name}:{line}: {text}" for line, text in spoken(path) if bare.search(text)]
    assert found == []


def spoken(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the strings of a file that are no docstrings, with their lines; help texts are docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.lineno, node.value
