"""`awqctl serve export`: files for the programs around an endpoint."""

from typing import Any

import click

from pipeline.cli.common import context_of, reporter
from pipeline.cli.help import Group
from pipeline.cli.serve_options import as_arguments, check_together, served_options


@click.group(cls=Group)
def export() -> None:
    """Write files for the programs around an endpoint."""


@export.command()
@served_options
def systemd(**arguments: Any) -> None:
    """Print a unit file that keeps the endpoint of RECIPE up, for the user and the folder that it is called in."""
    from pipeline.recipe.load import load_recipe
    from serve.endpoint import endpoint_folder
    from serve.exports.systemd import unit_for
    from serve.supervisor.lone_checkpoint import recipe_for

    check_together(arguments)
    checkpoint, overrides = arguments["checkpoint"], arguments["overrides"]
    loaded = (
        load_recipe(arguments["recipe"], overrides)
        if checkpoint is None
        else recipe_for(checkpoint, arguments["name"], overrides)
    )
    shown = reporter()
    folder = endpoint_folder(arguments["endpoint"] or loaded.recipe.name)
    out = context_of(loaded, arguments["out"], shown).out
    named = {**arguments, "endpoint": folder.name, "out": out}
    unit = unit_for(folder.name, as_arguments(named), out=out, drain_timeout_s=loaded.recipe.serve.drain_timeout_s)
    click.echo(unit.text(), nl=False)
    if missing := unit.missing():
        shown.warn(f"Make these folders before the service starts: {', '.join(map(str, missing))}.")
