"""The command lines in messages: what to type next carries what the user typed, so that it does what is promised.

A recipe's name is not enough: without its `--set` another recipe would run, without its `--out` in another folder.
Messages are made far below the command line, in functions that know neither. What was typed is therefore kept here for
the time of a command.
"""

import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

_STAGE = ("RECIPE", "--set", "--out", "--store")
OPTIONS = {
    **dict.fromkeys(("run", "quantize", "eval", "bench", "roi", "report"), _STAGE),
    "serve": _STAGE,
    "checkpoints ls": ("RECIPE", "--out"),
    "checkpoints prune": ("RECIPE", "--set", "--out"),
    "recipe validate": ("RECIPE", "--set"),
    "ui": ("--store",),
}
"""What of a command line other commands take over. Those that are not here take nothing over."""


_INSTEAD = {"profile": ("bench", "--profile")}
"""Stages that are an option of another one's command."""


@dataclass(frozen=True)
class Typed:
    """What the user typed that other commands need, too; options that were left out are None or empty."""

    recipe: str = "RECIPE"
    overrides: tuple[str, ...] = ()
    out: Path | None = None
    store: str | None = None
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further options of one command, by its name: they go where it is named again, and nowhere else."""
    program: str | None = None
    """How this program is called; None for as it was called here."""

    def arguments(self, *options: str) -> list[str]:
        """Return the arguments for a command that takes `options`."""
        found = {
            "RECIPE": [f"./{self.recipe}" if self.recipe.startswith("-") else self.recipe],
            "--set": [part for override in self.overrides for part in ("--set", override)],
            "--out": ["--out", str(self.out)] if self.out else [],
            "--store": ["--store", self.store] if self.store else [],
        }
        return [argument for option in options for argument in found[option]]


_NOTHING = Typed()
_typed: ContextVar[Typed] = ContextVar("typed", default=_NOTHING)


@contextmanager
def typed(said: Typed) -> Iterator[None]:
    """Let messages made in the block continue what the user typed."""
    token = _typed.set(said)
    try:
        yield
    finally:
        _typed.reset(token)


@contextmanager
def for_readers(recipe: str) -> Iterator[None]:
    """Let command lines made in the block name the recipe alone: those of a report, which says the same on any machine.

    Args:
        recipe: its name.
    """
    with typed(Typed(recipe=recipe, program="awqctl")):
        yield


def command(name: str, *further: str) -> str:
    """Return a command line that the user's shell takes as it is.

    Args:
        name: such as `quantize` or `checkpoints prune`.
        further: arguments of its own, such as `--force`.
    """
    if name in _INSTEAD:
        name, *own = _INSTEAD[name]
        return command(name, *own, *further)
    said = _typed.get()
    taken_over = [*said.arguments(*OPTIONS.get(name, ())), *said.own.get(name, ())]
    return shlex.join([said.program or program(), *name.split(), *taken_over, *further])


def invocation() -> tuple[str, ...]:
    """Return how this program is called by another one, from any folder."""
    called = Path(sys.argv[0])
    return (str(called.absolute()),) if called.name == "awqctl" else (sys.executable, "-m", "pipeline.cli")


def program() -> str:
    """Return how the user can call this program from here: by name when it is on PATH, else by path."""
    called = Path(sys.argv[0])
    on_path = shutil.which(called.name)
    if called.name != "awqctl" or (on_path and Path(on_path).resolve() == called.resolve()):
        return "awqctl"
    path, here = called.absolute(), Path.cwd()
    if path.parent == here:
        return f"./{path.name}"  # a bare name would be looked for on PATH
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
