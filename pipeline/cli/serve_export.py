"""`awqctl serve export`: files for the programs around an endpoint."""

from typing import Any

import click

from pipeline.cli.common import context_of, recipe_options, reporter
from pipeline.cli.help import Group
from pipeline.cli.serve_options import address_options


@click.group(cls=Group)
def export() -> None:
    """Write files for the programs around an endpoint."""


@export.command()
@recipe_options
@address_options
@click.option("--endpoint", metavar="NAME", help="Name of the endpoint; default the recipe's.")
def systemd(**arguments: Any) -> None:
    """Print a unit file that keeps the endpoint of RECIPE up, for the user and the folder that it is called in."""
    from pipeline.cli.serve_options import as_typed
    from pipeline.recipe.load import load_recipe
    from serve.endpoint import endpoint_folder
    from serve.exports.systemd import unit_for

    loaded = load_recipe(arguments["recipe"], arguments["overrides"])
    shown = reporter()
    unit = unit_for(
        endpoint_folder(arguments["endpoint"] or loaded.recipe.name).name,
        str(loaded.path.absolute()),
        (*(part for one in arguments["overrides"] for part in ("--set", one)), *as_typed(arguments)),
        out=context_of(loaded, arguments["out"], shown).out,
        drain_timeout_s=loaded.recipe.serve.drain_timeout_s,
    )
    click.echo(unit.text(), nl=False)
    if missing := unit.missing():
        shown.warn(f"Make these folders before the service starts: {', '.join(map(str, missing))}.")
