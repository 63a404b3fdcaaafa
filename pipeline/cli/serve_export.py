"""`awqctl serve export`: files for the programs around an endpoint."""

from pathlib import Path
from typing import Any

import click

from pipeline.cli.common import UserPath, context_of, reporter
from pipeline.cli.help import Group
from pipeline.cli.serve_control import endpoint_option
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
