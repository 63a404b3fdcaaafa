"""`awqctl bench`: the recipe's arms, any endpoint, or the load client itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pipeline.cli.bench_rank import rank
from pipeline.cli.common import (
    FiniteRange,
    FunctionT,
    UserPath,
    complete_recipe,
    console,
    emit,
    json_option,
    reporter,
    verbosity_options,
)
from pipeline.cli.run import FORCE, STORE, execute
from pipeline.cli.subcommands import CommandWithSubcommands

_OF_ENDPOINT = (
    *("model", "api_key_env", "concurrency", "input_tokens", "output_tokens", "requests_per_concurrency", "seconds"),
    *("tokenizer", "natural_lengths", "seed", "patience"),
)
"""Parameters that only `--endpoint` has."""
_OF_RECIPE = {"overrides": "--set", "store": "--store", "dummy_weights": "--dummy-weights", "profile": "--profile"}
"""Parameters that only a recipe has."""


_MOST_CONCURRENT = 10_000


def _tokens(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[int, int]:
    """Return the least and the most of a number of tokens, or of two with a dash between them."""
    low, _, high = value.partition("-")
    try:
        bounds = int(low), int(high or low)
    except ValueError:
        bounds = 0, 0
    if not 0 < bounds[0] <= bounds[1]:
        raise click.BadParameter(f"'{value}' is neither a number of tokens nor a range such as 128-1024.")
    return bounds


def _rising(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[int, ...]:
    """Return rising numbers that are separated by commas."""
    try:
        numbers = tuple(int(part) for part in value.split(","))
    except ValueError:
        numbers = (0,)
    if list(numbers) != sorted(set(numbers)) or not 0 < numbers[0] <= numbers[-1] <= _MOST_CONCURRENT:
        raise click.BadParameter(f"'{value}' is not a list of rising numbers from 1 to {_MOST_CONCURRENT}, like 1,16.")
    return numbers


def _address(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Return the address of a server, unless it is none."""
    if value is not None and not (value.startswith(("http://", "https://")) and value.partition("://")[2].strip("/")):
        raise click.BadParameter(f"'{value}' is no address of a server; write it like http://host:8000.")
    return value


def _with_tokenizer(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    """Return the folder of a tokenizer, unless there is none in it."""
    if value is not None and not (value / "tokenizer.json").is_file():
        raise click.BadParameter(f"{value} has no tokenizer.json; give the folder of the model's tokenizer.")
    return value


def _with_default(
    name: str, default: Any, metavar: str, text: str, **settings: Any
) -> Callable[[FunctionT], FunctionT]:
    return click.option(name, default=default, show_default=True, metavar=metavar, help=text, **settings)


@click.command(cls=CommandWithSubcommands)
@click.argument("recipe", required=False, metavar="[RECIPE | rank RUN...]", shell_complete=complete_recipe)
@click.option("--set", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Override a recipe key.")
@click.option("--out", type=UserPath(), help="Output folder; default out/<recipe name>, out/endpoint.")
@click.option(
    "--endpoint",
    metavar="URL",
    callback=_address,
    help="Measure this OpenAI-compatible server instead of a recipe's arms.",
)
@click.option("--model", metavar="NAME", help="Model to ask the endpoint for; default its only one.")
@click.option("--api-key-env", metavar="VAR", help="Environment variable with the endpoint's key.")
@_with_default("--concurrency", "1,4,16", "N,...", "Requests under way.", callback=_rising)
@_with_default("--input-tokens", "256", "N|LOW-HIGH", "Length of the prompts.", callback=_tokens)
@_with_default("--output-tokens", "128", "N|LOW-HIGH", "Length of the answers.", callback=_tokens)
@_with_default(
    "--requests-per-concurrency", 8, "N", "Requests of a load, times its concurrency.", type=click.IntRange(1)
)
@click.option("--seconds", type=FiniteRange(1), metavar="SECONDS", help="Load for about so long instead.")
@click.option(
    "--tokenizer",
    type=UserPath(),
    metavar="DIR",
    callback=_with_tokenizer,
    help="Folder with the model's tokenizer.",
)
@click.option("--natural-lengths", is_flag=True, help="Answers may end early: for servers without ignore_eos.")
@_with_default("--seed", 0, "N", "Of the prompts.", type=click.IntRange(0))
@_with_default("--patience", 30, "SECONDS", "Without an end, until it is given up.", type=FiniteRange(1))
@click.option(
    "--dummy-weights",
    is_flag=True,
    help="Speed and memory of RECIPE's arms from the model's configuration alone, in out/<recipe name>-dummy.",
)
@click.option(
    "--profile",
    is_flag=False,
    flag_value=0,
    type=click.IntRange(0),
    metavar="[CONCURRENCY]",
    help="Record where the time goes instead of timing: vLLM's profiler on each arm, at one load.",
)
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
    if (given := _given(context, _OF_ENDPOINT)) and not arguments["endpoint"]:
        option = given[0].replace("_", "-")
        raise click.UsageError(f"--{option} goes with --endpoint; a recipe has its load in the section bench.")
    if (given := _given(context, tuple(_OF_RECIPE))) and not arguments["recipe"]:
        raise click.UsageError(f"{_OF_RECIPE[given[0]]} goes with a RECIPE.")
    if arguments["calibrate"]:
        return _calibrate(arguments)
    if arguments["endpoint"]:
        return _endpoint(arguments)
    if arguments["dummy_weights"]:
        arguments["overrides"] = (*arguments["overrides"], "bench.dummy_weights=true")
    if arguments["profile"] is not None:
        arguments["overrides"] = (*arguments["overrides"], *_profiled(arguments))
        return execute("profile", arguments)
    return execute("bench", arguments)


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


def _client(arguments: dict[str, Any]) -> tuple[Any, Path, Any]:
    from eval.bench.load.client import LoadClient
    from pipeline.base.homes import user_home
    from pipeline.runtimes.loadgen import ensure_loadgen

    home, shown = user_home(), reporter(verbose=arguments["verbose"], quiet=arguments["quiet"])
    return LoadClient(ensure_loadgen(home, shown)), home, shown


def _calibrate(arguments: dict[str, Any]) -> int:
    from tempfile import TemporaryDirectory

    from eval.bench.load.calibration import calibrate, calibration_of

    client, home, shown = _client(arguments)
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


def _endpoint(arguments: dict[str, Any]) -> int:
    from eval.bench.load.endpoint import EndpointBench, EndpointPlan
    from eval.bench.load.spec import Lengths
    from pipeline.base.files import write_atomically
    from pipeline.engines.external import ExternalEndpoint

    endpoint = ExternalEndpoint(arguments["endpoint"], model=arguments["model"], api_key_env=arguments["api_key_env"])
    plan = EndpointPlan(
        concurrency=arguments["concurrency"],
        input_tokens=Lengths(low=arguments["input_tokens"][0], high=arguments["input_tokens"][1]),
        output_tokens=Lengths(low=arguments["output_tokens"][0], high=arguments["output_tokens"][1]),
        requests_per_concurrency=arguments["requests_per_concurrency"],
        seconds=arguments["seconds"],
        natural_lengths=arguments["natural_lengths"],
        seed=arguments["seed"],
        patience_s=arguments["patience"],
    )
    _ = endpoint.api_key  # a variable that is not set is told before anything is installed
    client, home, shown = _client(arguments)
    folder = (arguments["out"] or Path("out") / "endpoint").absolute() / "bench"
    found = EndpointBench(plan, endpoint, client, tokenizer=arguments["tokenizer"]).run(home, folder, shown)
    write_atomically(folder / "endpoint.json", found.model_dump_json(indent=2) + "\n")
    emit(arguments["as_json"], found, lambda: _table(found))
    void = {point.concurrency: point.void for point in found.points if point.void}
    for concurrency, reasons in void.items():
        click.echo(f"awqctl: void at concurrency {concurrency}: {'; '.join(reasons)}.", err=True)
    return 3 if void else 0


def _table(found: Any) -> None:
    from rich.table import Table

    def cell(value: float | None) -> str:
        return "too few" if value is None else f"{value:.1f}"

    table = Table(title=f"{found.model} at {found.endpoint}", title_justify="left")
    for name in ("concurrency", "requests", "output tok/s", "TTFT ms", "p95", "TPOT ms", "p95"):
        table.add_column(name, justify="right")
    for point in found.points:
        latencies = (point.ttft_ms.mean, point.ttft_ms.p95, point.tpot_ms.mean, point.tpot_ms.p95)
        cells = ["void"] + [""] * 4 if point.void else [cell(point.output_tokens_per_s), *map(cell, latencies)]
        table.add_row(str(point.concurrency), str(point.requests), *cells)
    screen = console()
    screen.print(table)
    for name, why in dict.fromkeys(item for point in found.points for item in point.not_checked.items()):
        click.echo(f"Not checked: {name} ({why}).")
