"""`awqctl bench`: the recipe's arms, any endpoint, or the load client itself."""

from pathlib import Path
from typing import Any

import click

from pipeline.cli.bench_endpoint import ENDPOINT_OPTIONS, check_together, endpoint_options, load_client, run_endpoint
from pipeline.cli.bench_rank import rank
from pipeline.cli.bench_values import MOST_CONCURRENT
from pipeline.cli.common import FiniteRange, UserPath, complete_recipe, emit, json_option, verbosity_options
from pipeline.cli.dry_run_plan import dry_run_options
from pipeline.cli.run import FORCE, STORE, execute, show
from pipeline.cli.subcommands import CommandWithSubcommands

_OF_RECIPE = {
    "overrides": "--set",
    "store": "--store",
    "dummy_weights": "--dummy-weights",
    "profile": "--profile",
    "dry_run": "--dry-run",
    "gpu": "--gpu",
}
"""Parameters that only a recipe has."""
_LEAST_MINUTES, _MOST_MINUTES = 0.05, 7 * 24 * 60
_USUAL = 0
"""Minutes of a soak where none are given: the recipe's, else five."""


@click.command(cls=CommandWithSubcommands)
@click.argument("recipe", required=False, metavar="[RECIPE | rank RUN...]", shell_complete=complete_recipe)
@click.option("--set", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Override a recipe key.")
@click.option("--out", type=UserPath(), help="Output folder; default out/<recipe name>, out/endpoint.")
@endpoint_options
@click.option(
    "--dummy-weights",
    is_flag=True,
    help="Speed and memory of RECIPE's arms from the model's configuration alone, in out/<recipe name>-dummy.",
)
@click.option(
    "--profile",
    is_flag=False,
    flag_value=0,
    type=click.IntRange(0, MOST_CONCURRENT),
    metavar="[CONCURRENCY]",
    help="Record where the time goes instead of timing: vLLM's profiler on each arm, at one load.",
)
@click.option(
    "--soak",
    is_flag=False,
    flag_value=_USUAL,
    type=FiniteRange(0, _MOST_MINUTES),
    metavar="[MINUTES]",
    help="Then hold 0.8 of the knee for so long (5), and say what drifts.",
)
@click.option("--minutes", type=FiniteRange(_LEAST_MINUTES, _MOST_MINUTES), metavar="N", help="Of --soak.")
@dry_run_options("Say what RECIPE's load takes, and whether every arm fits; start no engine, write nothing.")
@click.option("--calibrate", is_flag=True, help="Measure what the load client itself can do on this machine.")
@FORCE
@STORE
@verbosity_options
@json_option
@click.pass_context
def bench(context: click.Context, /, **arguments: Any) -> int:
    """Measure throughput, latency and memory of the arms of RECIPE; with --endpoint, the speed of any server.

    A point that cannot be trusted (requests lost, token counts that disagree, prompts from a cache, a client or a
    machine that is too busy) has its reasons instead of figures, and the command ends with 3. With --calibrate the
    client is held against a server of known speed, once per machine and version of the client.
    """
    chosen = [bool(arguments["recipe"]), bool(arguments["endpoint"]), arguments["calibrate"]]
    if sum(chosen) != 1:
        raise click.UsageError("Give one of RECIPE, --endpoint URL and --calibrate.")
    endpoint_given = _given(context, tuple(ENDPOINT_OPTIONS))
    if endpoint_given and not arguments["endpoint"]:
        option = ENDPOINT_OPTIONS[endpoint_given[0]]
        raise click.UsageError(f"{option} goes with --endpoint; a recipe has its load in the section bench.")
    if (given := _given(context, tuple(_OF_RECIPE))) and not arguments["recipe"]:
        raise click.UsageError(f"{_OF_RECIPE[given[0]]} goes with a RECIPE.")
    arguments["soak"] = _soak_minutes(arguments)
    if arguments["calibrate"]:
        return _calibrate(arguments)
    if arguments["endpoint"]:
        check_together(_given(context, (*ENDPOINT_OPTIONS, "soak")))
        return run_endpoint(arguments)
    if arguments["dummy_weights"]:
        arguments["overrides"] = (*arguments["overrides"], "bench.dummy_weights=true")
    stage = "bench"
    if arguments["profile"] is not None:
        arguments["overrides"], stage = (*arguments["overrides"], *_profiled(arguments)), "profile"
    else:
        arguments["overrides"] = (*arguments["overrides"], *_soaked(arguments))
    return show("dry_run_stages", arguments, stage) if arguments["dry_run"] else execute(stage, arguments)


bench.add_command(rank)


def _given(context: click.Context, names: tuple[str, ...]) -> list[str]:
    """Return those parameters that stand in the command line."""
    return [name for name in names if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT]


def _profiled(arguments: dict[str, Any]) -> tuple[str, ...]:
    """Return the override that says at which load is recorded; the recipe's own holds where no number is given."""
    from pipeline.recipe.load import load_recipe

    asked = arguments["profile"]
    if not asked and load_recipe(arguments["recipe"], arguments["overrides"]).recipe.has("profile"):
        return ()
    return (f"profile.concurrency={asked or 1}",)


def _soak_minutes(arguments: dict[str, Any]) -> float | None:
    """Return for how many minutes a load is held; 0 where they are not given, None where none is held."""
    soak, minutes = arguments["soak"], arguments.pop("minutes")
    if minutes is not None and soak is None:
        raise click.UsageError("--minutes goes with --soak.")
    if minutes is not None and soak:
        raise click.UsageError("The minutes of the soak are given twice: once in --soak, once in --minutes.")
    if soak and soak < _LEAST_MINUTES:
        raise click.UsageError(f"--soak holds a load for {_LEAST_MINUTES} minutes at least.")
    if soak is not None and (arguments["calibrate"] or arguments["profile"] is not None):
        raise click.UsageError("--soak goes with a RECIPE or --endpoint, and not with --profile.")
    return soak if minutes is None else float(minutes)


def _soaked(arguments: dict[str, Any]) -> tuple[str, ...]:
    """Return the override that asks for a soak; the recipe's own holds where no minutes are given."""
    from pipeline.recipe.load import load_recipe
    from pipeline.recipe.soak import Soak

    asked = arguments.pop("soak")
    if asked is None:
        return ()
    if not asked and load_recipe(arguments["recipe"], arguments["overrides"]).recipe.bench.soak is not None:
        return ()
    return (f"bench.soak.minutes={asked or Soak().minutes}",)


def _calibrate(arguments: dict[str, Any]) -> int:
    from tempfile import TemporaryDirectory

    from eval.bench.load.calibration import calibrate, calibration_of

    client, home, shown = load_client(arguments)
    found = None if arguments["force"] else calibration_of(client, home)
    if found is None:
        with TemporaryDirectory(prefix="awqctl-calibrate-") as folder:
            found = calibrate(client, home, Path(folder), shown)

    def table() -> None:
        click.echo(f"{found.client} on {found.machine}, {found.measured_at}")
        click.echo(f"{'concurrency':>11} {'true tok/s':>11} {'tok/s':>8} {'TTFT':>8} {'TPOT':>8} {'client CPU s':>13}")
        for level in found.levels:
            click.echo(
                f"{level.step.concurrency:>11} {level.true_output_tokens_per_s:>11.0f} "
                f"{level.output_rate_difference:>+8.1%} {level.ttft_difference:>+8.1%} {level.tpot_difference:>+8.1%} "
                f"{level.client_cpu_s:>13.1f}{'' if level.right else '  not right'}"
            )
        click.echo(f"Ceiling: {found.ceiling_output_tokens_per_s:.0f} output tokens/s measured rightly.")

    emit(arguments["as_json"], found, table)
    return 0
