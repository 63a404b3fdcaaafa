"""`awqctl serve export`: files for the programs around an endpoint."""

from pathlib import Path
from typing import Any

import click

from pipeline.cli.common import UserPath, context_of, recipe_options, reporter
from pipeline.cli.help import Group
from pipeline.cli.serve_control import endpoint_option
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


@export.command()
@click.option("--out", type=UserPath(), required=True, metavar="DIR", help="Folder for the files; made if need be.")
@click.option("--target", metavar="HOST:PORT", help="Where Prometheus finds the page; default this machine.")
@endpoint_option
def monitoring(*, out: Path, target: str | None, endpoint: str | None) -> None:
    """Write prometheus.yml, alert rules and Grafana dashboards for an endpoint that has run.

    The alerts have the levels that it promised when it started last. No file holds a secret.
    """
    from serve.endpoint import chosen_endpoint
    from serve.exports.monitoring.files import CONFIG, monitoring_files, write_monitoring
    from serve.monitoring.promises import read_promises

    folder = chosen_endpoint(endpoint)
    files = monitoring_files(folder.name, read_promises(folder), target)
    write_monitoring(out, files)
    for name in files:
        click.echo(out / name)
    click.echo(f"Start `prometheus --config.file={out / CONFIG}`, and import the dashboards into Grafana.", err=True)
