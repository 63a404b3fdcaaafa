"""Options of `awqctl serve` that other commands take, too, and how they are typed again."""

from pathlib import Path
from typing import Any

import click

from pipeline.cli.common import FunctionT, UserPath, complete_recipe
from pipeline.run.tracking import DEFAULT_STORE

_WITH_RECIPE = {"despite_gates": "--despite-gates", "dry_run": "--dry-run", "version": "--release"}
"""What asks a run's record, or plans one."""


def served_options(function: FunctionT) -> FunctionT:
    """Add RECIPE or `--checkpoint`, and what is to be served how under which name."""
    for decorate in (
        click.option(
            "--store", default=DEFAULT_STORE, show_default=True, metavar="URI", help="MLflow store of its releases."
        ),
        click.option("--endpoint", metavar="NAME", help="Name that keys and audit go by; default the recipe's."),
        click.option("--plain-http", is_flag=True, help="No TLS. Keys and prompts cross the network readable."),
        click.option("--port", type=click.IntRange(0, 65535), help="0 takes a free port; default the recipe's (8443)."),
        click.option("--host", metavar="ADDRESS", help="Address to listen on; default the recipe's (127.0.0.1)."),
        click.option(
            "--name", metavar="MODEL", help="With --checkpoint: what clients ask for; default the folder's name."
        ),
        click.option("--checkpoint", type=UserPath(), metavar="DIR", help="Serve this checkpoint; it needs no recipe."),
        click.option("--out", type=UserPath(), help="Output folder; default out/<recipe name>."),
        click.option("--set", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Override a recipe key."),
        click.argument("recipe", required=False, metavar="[RECIPE]", shell_complete=complete_recipe),
    ):
        function = decorate(function)
    return function


def check_together(arguments: dict[str, Any]) -> None:
    """Refuse options that say two things, or nothing.

    Raises:
        click.UsageError: names them.
    """
    recipe, checkpoint = arguments["recipe"], arguments["checkpoint"]
    if recipe is None and checkpoint is None:
        raise click.UsageError("Missing argument 'RECIPE', or --checkpoint DIR.")
    if recipe is not None and checkpoint is not None:
        raise click.UsageError("--checkpoint serves without a recipe. Leave one of the two out.")
    if checkpoint is None and arguments["name"] is not None:
        raise click.UsageError("--name goes with --checkpoint; with a recipe set serve.model_name.")
    if checkpoint is not None and (given := [text for key, text in _WITH_RECIPE.items() if arguments.get(key)]):
        raise click.UsageError(f"{given[0]} goes with a recipe, not with --checkpoint.")
    if arguments.get("dry_run") and arguments.get("detach"):
        raise click.UsageError("--detach starts an endpoint and --dry-run starts none. Leave one of the two out.")


def as_typed(arguments: dict[str, Any]) -> tuple[str, ...]:
    """Return the options of the address as they were typed."""
    given = {"--host": arguments["host"], "--port": arguments["port"]}
    options = [part for name, value in given.items() if value is not None for part in (name, str(value))]
    return (*options, *(["--plain-http"] if arguments["plain_http"] else []))


def as_arguments(arguments: dict[str, Any]) -> tuple[str, ...]:
    """Return the arguments with which another process serves the same; paths are absolute."""
    given = {
        "--checkpoint": _absolute(arguments["checkpoint"]),
        "--name": arguments["name"],
        "--out": _absolute(arguments["out"]),
        "--endpoint": arguments["endpoint"],
        "--store": arguments["store"] if arguments["store"] != DEFAULT_STORE else None,
        "--release": str(arguments["version"]) if arguments.get("version") else None,
    }
    options = [part for name, value in given.items() if value is not None for part in (name, value)]
    chosen = [part for one in arguments["overrides"] for part in ("--set", one)]
    despite = ["--despite-gates"] if arguments.get("despite_gates") else []
    recipe = [arguments["recipe"]] if arguments["recipe"] is not None else []
    return (*chosen, *options, *as_typed(arguments), *despite, "--", *recipe)


def _absolute(path: Path | None) -> str | None:
    return str(path.absolute()) if path is not None else None
