"""`awqctl roi`: a scenario priced without a run, or the stage `roi` of a recipe."""

from pathlib import Path
from typing import Any

import click

from pipeline.cli.common import UserPath, console, emit, json_option, verbosity_options
from pipeline.cli.run import FORCE, STORE, execute
from pipeline.cli.subcommands import CommandWithSubcommands

_OF_RECIPE = {
    "overrides": "--set",
    "out": "--out",
    "force": "--force",
    "store": "--store",
    "verbose": "--verbose",
    "quiet": "--quiet",
}
"""Parameters that only a recipe has."""


def _complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Return the scenarios and recipes that ship whose names begin so, else files."""
    from click.shell_completion import CompletionItem

    from pipeline.recipe.load import packaged_recipes
    from pipeline.roi.scenarios.files import packaged_scenarios

    names = [*packaged_scenarios(), *packaged_recipes()]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)] or [
        CompletionItem(incomplete, type="file")
    ]


@click.command(cls=CommandWithSubcommands)
@click.argument("recipe", metavar="SCENARIO | RECIPE | ls", shell_complete=_complete)
@click.option("--set", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Override a key of RECIPE.")
@click.option("--out", type=UserPath(), help="Output folder of RECIPE; default out/<recipe name>.")
@FORCE
@STORE
@verbosity_options
@json_option
@click.pass_context
def roi(context: click.Context, /, **arguments: Any) -> int:
    """Price SCENARIO without a measured run and judge its claims; or price the run of RECIPE.

    A SCENARIO is a name of `awqctl roi ls`, or a file with the key `scenario`: load, variants, prices and claims, each
    number with where it came from. Speeds that nobody measured are planned and marked. Ends with 3 when the variant
    that the scenario offers cannot run; a refuted claim is a finding.

    A RECIPE has its measured arms priced in the same way, with whatever its section `roi` states beside them: other
    cards, reserved and spot prices, APIs, purchase.
    """
    from pipeline.roi.scenarios.files import scenario_path

    path = scenario_path(arguments["recipe"])
    if path is None:
        _refuse_unknown(arguments["recipe"])
        return execute("roi", arguments)
    for name, option in _OF_RECIPE.items():
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            raise click.UsageError(f"{option} goes with a RECIPE; a scenario has everything in its file.")
    return _scenario(path, as_json=arguments["as_json"])


def _refuse_unknown(reference: str) -> None:
    """Refuse a name that is neither a scenario's nor a recipe's, before only recipes are suggested."""
    from pipeline.base.commands import command
    from pipeline.base.errors import UsageError
    from pipeline.base.suggestion import suggestion
    from pipeline.recipe.load import SUFFIXES, packaged_recipes
    from pipeline.roi.scenarios.files import packaged_scenarios

    names = [*packaged_scenarios(), *packaged_recipes()]
    if "/" in reference or Path(reference).suffix in SUFFIXES or reference in names:
        return
    raise UsageError(
        f"There is neither a scenario nor a recipe named '{reference}'.{suggestion(reference, names)} "
        f"`{command('roi ls')}` lists the scenarios, `awqctl recipe ls` the recipes; give a file of your own by its "
        f"path, ending in .yaml."
    )


def _scenario(path: Path, *, as_json: bool) -> int:
    from pipeline.cli.roi_table import print_scenario
    from pipeline.roi.scenarios.scenario import scenario_result

    found = scenario_result(path)
    emit(as_json, found, lambda: print_scenario(found, console()))
    return 3 if any(each.role == "candidate" for each in found.impossible) else 0


@roi.command("ls")
@json_option
def ls(*, as_json: bool) -> None:
    """List the scenarios that ship."""
    from pipeline.cli.table import print_rows
    from pipeline.roi.scenarios.files import packaged_scenarios, read_scenario

    found = [read_scenario(path) for path in packaged_scenarios().values()]
    rows = [{"name": each.scenario, "title": each.title, "claims": len(each.claims)} for each in found]
    emit(
        as_json,
        rows,
        lambda: print_rows(
            [(each.scenario, str(len(each.claims)), each.title) for each in found], ("scenario", "claims", "")
        ),
    )
