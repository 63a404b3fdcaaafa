"""What the commands share: options, output, error handling."""

import json
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
_ROWS = 25
"""Where output does not go to a terminal; given so that rich does not look for it."""


class UserPath(click.Path):
    """A path that may begin with `~` or `~user`, which shells fill in for some spellings of an option alone."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path with the home filled in."""
        from pipeline.base.errors import UsageError
        from pipeline.base.homes import expanded

        origin = param.get_error_hint(ctx) if param and ctx else "PATH"
        if not str(value):
            raise UsageError(f"{origin}: the path is empty. Name one.")
        return super().convert(expanded(str(value), origin), param, ctx)


class FiniteRange(click.FloatRange):
    """A range of numbers, of which `nan` and `inf` are none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        if not math.isfinite(click.FLOAT.convert(value, param, ctx)):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return super().convert(value, param, ctx)


def json_option(function: FunctionT) -> FunctionT:
    """Add `--json`: one document on standard output and nothing else there."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")(function)


def recipe_options(function: FunctionT) -> FunctionT:
    """Add RECIPE, `--set` and `--out`."""
    for decorate in (
        click.argument("recipe", metavar="RECIPE", shell_complete=complete_recipe),
        click.option("--set", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Override a recipe key."),
        click.option("--out", type=UserPath(), help="Output folder; default out/<recipe name>."),
    ):
        function = decorate(function)
    return function


def complete_recipe(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Return the recipes that ship whose names begin so, else files."""
    from pipeline.recipe.load import packaged_recipes

    return [click.shell_completion.CompletionItem(n) for n in packaged_recipes() if n.startswith(incomplete)] or [
        click.shell_completion.CompletionItem(incomplete, type="file")
    ]


def emit(as_json: bool, document: Any, text: Callable[[], None] | str) -> None:  # noqa: FBT001 -- mirrors the flag
    """Print the document as JSON, or the text, to standard output."""
    if as_json:
        click.echo(json.dumps(_plain(document), indent=2, allow_nan=False))
    elif callable(text):
        text()
    else:
        click.echo(text)


def _plain(document: Any) -> Any:
    if hasattr(document, "model_dump"):
        return document.model_dump(mode="json")
    if isinstance(document, dict):
        return {str(key): _plain(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [_plain(item) for item in document]
    return str(document) if isinstance(document, Path) else document


def console(*, error: bool = False) -> Any:
    """Return a rich console; colour follows the terminal and NO_COLOR."""
    from rich.console import Console

    stream = sys.stderr if error else sys.stdout
    width, height = _size(stream) if stream.isatty() else (_told("COLUMNS", 100), _ROWS)
    return Console(stderr=error, width=width, height=height, highlight=False)


def _size(terminal: TextIO) -> tuple[int | None, int | None]:
    """Return the size of a terminal where the environment has none that rich could read; it finds any other itself."""
    if all(os.environ.get(name, "").isascii() for name in ("COLUMNS", "LINES")):
        return None, None
    found = os.get_terminal_size(terminal.fileno())
    return _told("COLUMNS", found.columns), _told("LINES", found.lines)


def _told(name: str, otherwise: int) -> int:
    """Return what the environment says of a size, unless it is none, such as the 0 of a container."""
    told = os.environ.get(name, "")
    return int(told) if told.isdecimal() and int(told) else otherwise


def verbosity_options(function: FunctionT) -> FunctionT:
    """Add `-v` and `-q`, for commands that say on standard error what they are doing."""
    for decorate in (
        click.option(
            "-v",
            "--verbose",
            is_flag=True,
            help="A line for each step on a terminal; elsewhere one every five seconds.",
        ),
        click.option("-q", "--quiet", is_flag=True, help="Nothing on the way but warnings."),
    ):
        function = decorate(function)
    return function


def reporter(*, verbose: bool = False, quiet: bool = False) -> Any:
    """Return the reporter of progress on standard error: bars on a terminal, lines with time stamps elsewhere."""
    from pipeline.base.bars import BarReporter
    from pipeline.base.lines import LineReporter
    from pipeline.base.progress import QuietReporter

    screen = console(error=True)
    if quiet:
        return QuietReporter(LineReporter(screen))
    if _redraws():
        return BarReporter(screen, steps_stay=verbose)
    return LineReporter(screen, every_s=5) if verbose else LineReporter(screen)


def _redraws() -> bool:
    """Return whether standard error is a terminal on which lines can be redrawn; logs of CI services keep each one."""
    return sys.stderr.isatty() and os.environ.get("TERM") not in (None, "dumb", "unknown") and not os.environ.get("CI")


@dataclass(frozen=True)
class Session:
    """A recipe in its context."""

    recipe: Any
    context: Any


def write_new(target: Path, text: str) -> None:
    """Write a file that does not exist yet.

    Raises:
        UsageError: it exists, or its folder does not.
    """
    from pipeline.base.errors import UsageError

    try:
        with target.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise UsageError(f"{target} exists already. Choose another name.") from None
    except FileNotFoundError:
        raise UsageError(f"The folder {target.parent} does not exist. Make it first.") from None


def open_session(
    reference: str,
    overrides: Sequence[str],
    out: Path | None,
    *,
    store: str | None = None,
    own: Mapping[str, tuple[str, ...]] | None = None,
    verbose: bool = False,
    quiet: bool = False,
) -> Session:
    """Load the recipe and make the context of a run; messages of this command name others with these options."""
    from pipeline.base.commands import Typed, typed
    from pipeline.recipe.load import load_recipe

    click.get_current_context().with_resource(typed(Typed(reference, tuple(overrides), out, store, own or {})))
    loaded = load_recipe(reference, overrides)
    recipe, shown = loaded.recipe, reporter(verbose=verbose, quiet=quiet)
    for note in loaded.notes:
        shown.warn(f"{loaded.path.name}: {note}")
    return Session(recipe, context_of(loaded, out, shown))


def open_recorded(
    folder: Path,
    overrides: Sequence[str],
    *,
    store: str | None = None,
    own: Mapping[str, tuple[str, ...]] | None = None,
    verbose: bool = False,
    quiet: bool = False,
) -> Session:
    """Take the recipe from the record in an output folder; its file need not be there any more."""
    from pipeline.base.commands import Typed, typed
    from pipeline.recipe.load import recipe_in
    from pipeline.record.record import RECORD, load_record
    from pipeline.run.folder import recipe_file, recipe_reference

    out = folder.absolute()
    record = load_record(out / RECORD)
    if record is None:
        raise FileNotFoundError(out / RECORD)
    reference = recipe_reference(record)
    click.get_current_context().with_resource(typed(Typed(reference, tuple(overrides), folder, store, own or {})))
    file = recipe_file(record)
    loaded = recipe_in(deepcopy(record.recipe), file or out / RECORD, f"The recipe in {folder / RECORD}", overrides)
    context = context_of(loaded, out, reporter(verbose=verbose, quiet=quiet))
    return Session(loaded.recipe, replace(context, recipe_file=file))


def context_of(loaded: Any, out: Path | None, shown: Any) -> Any:
    """Return the context of a run of a loaded recipe."""
    from pipeline.base.homes import user_home
    from pipeline.record.context import RunContext

    return RunContext(
        out=(out or Path("out") / loaded.recipe.folder_name).absolute(),
        home=user_home(),
        recipe_dir=loaded.path.parent,
        recipe_file=loaded.path,
        accelerator=loaded.recipe.engine.accelerator,
        reporter=shown,
    )
