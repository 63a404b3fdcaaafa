"""`awqctl bench --endpoint`: the options, and the plan that they make."""

from pathlib import Path
from typing import Any

import click

from pipeline.cli import bench_values
from pipeline.cli.common import FiniteRange, FunctionT, UserPath, emit, reporter

_COUNT = click.IntRange(1)
_TIME = FiniteRange(1, 7 * 24 * 3_600)
_MOST_SEED = 2**32
_OPTIONS: dict[str, dict[str, Any]] = {
    "--endpoint": {
        "metavar": "URL",
        "callback": bench_values.address,
        "help": "Measure this OpenAI-compatible server instead of a recipe's arms.",
    },
    "--model": {
        "metavar": "NAME",
        "callback": bench_values.name,
        "help": "Model to ask the endpoint for; default its only one.",
    },
    "--api-key-env": {
        "metavar": "VAR",
        "callback": bench_values.variable,
        "help": "Environment variable with the endpoint's key.",
    },
    "--header": {
        "metavar": "'NAME: VALUE'",
        "multiple": True,
        "callback": bench_values.plain_headers,
        "help": "Header of every request; nothing secret.",
    },
    "--header-env": {
        "metavar": "NAME=VAR",
        "multiple": True,
        "callback": bench_values.secret_headers,
        "help": "Header whose value is in an environment variable.",
    },
    "--ca": {
        "type": UserPath(),
        "metavar": "FILE",
        "help": "Certificate of the authority that signed the endpoint's.",
    },
    "--insecure": {"is_flag": True, "help": "Do not look at the endpoint's certificate."},
    "--concurrency": {
        "default": "1,4,16",
        "metavar": "N,...",
        "callback": bench_values.rising,
        "help": "Requests under way.",
    },
    "--connections-per-second": {
        "metavar": "N",
        "type": FiniteRange(0.1, bench_values.MOST_CONCURRENT),
        "help": "Most new ones while a concurrency is built up.  [default: 200 with https, else all at once]",
    },
    "--rate": {
        "metavar": "R,...",
        "callback": bench_values.rates,
        "help": "Requests per second, however many are unanswered (open loop), instead.",
    },
    "--burstiness": {
        "default": 1.0,
        "metavar": "X",
        "type": FiniteRange(0.001, 1_000),
        "help": "Of --rate: 1 is a Poisson process, below 1 comes in bursts.",
    },
    "--ramp-from": {
        "metavar": "R",
        "type": FiniteRange(0.001, bench_values.MOST_PER_S),
        "help": "Rate at the start; it rises with each request to that of --rate.",
    },
    "--input-tokens": {
        "default": "256",
        "metavar": "N|LOW-HIGH",
        "callback": bench_values.tokens,
        "help": "Length of the prompts.",
    },
    "--output-tokens": {
        "default": "128",
        "metavar": "N|LOW-HIGH",
        "callback": bench_values.tokens,
        "help": "Length of the answers.",
    },
    "--prompts": {"type": UserPath(), "metavar": "FILE", "help": "Your own prompts or chats, a JSON object a line."},
    "--multi-turn": {
        "is_flag": True,
        "help": "The chats of --prompts are conversations: each turn is a request with what was said before.",
    },
    "--requests-per-concurrency": {
        "default": 8,
        "metavar": "N",
        "type": _COUNT,
        "help": "Requests of a load, times its concurrency.",
    },
    "--requests": {"metavar": "N", "type": _COUNT, "help": "Requests of every load."},
    "--seconds": {
        "metavar": "SECONDS",
        "type": _TIME,
        "help": "Load for about so long instead; default 30 with --rate.",
    },
    "--tokenizer": {
        "type": UserPath(),
        "metavar": "DIR",
        "callback": bench_values.with_tokenizer,
        "help": "Folder with the model's tokenizer.",
    },
    "--natural-lengths": {"is_flag": True, "help": "Answers may end early: for servers without ignore_eos."},
    "--max-requests": {"metavar": "N", "type": _COUNT, "help": "Never send more in all, warm-up included."},
    "--max-tokens": {
        "metavar": "N",
        "type": _COUNT,
        "help": "Never ask for more in all, prompts and answers together, warm-up included.",
    },
    "--seed": {
        "default": 0,
        "metavar": "N",
        "type": click.IntRange(0, _MOST_SEED),
        "help": "Of the prompts; another one makes others.",
    },
    "--patience": {
        "default": 30,
        "metavar": "SECONDS",
        "type": _TIME,
        "help": "Without an end, until it is given up.",
    },
}
ENDPOINT_OPTIONS = {option[2:].replace("-", "_"): option for option in _OPTIONS if option != "--endpoint"}
"""Parameters that only `--endpoint` has, and their options."""
_EXCLUDE = (
    ("--rate", "--concurrency"),
    ("--rate", "--requests-per-concurrency"),
    ("--rate", "--soak"),
    ("--rate", "--connections-per-second"),
    ("--rate", "--multi-turn"),
    ("--requests", "--seconds"),
    ("--requests", "--requests-per-concurrency"),
    ("--prompts", "--input-tokens"),
    ("--ca", "--insecure"),
)
_GO_WITH = {"--burstiness": "--rate", "--ramp-from": "--rate", "--multi-turn": "--prompts"}
"""Options that are nothing without another one."""


def endpoint_options(function: FunctionT) -> FunctionT:
    """Add `--endpoint` and what goes with it."""
    for name, settings in reversed(_OPTIONS.items()):
        function = click.option(name, show_default="default" in settings, **settings)(function)
    return function


def check_together(given: list[str]) -> None:
    """Refuse options that do not go together.

    Args:
        given: parameters that stand in the command line.

    Raises:
        UsageError: they do not.
    """
    options = [f"--{name.replace('_', '-')}" for name in given]
    for one, other in _EXCLUDE:
        if one in options and other in options:
            raise click.UsageError(f"{one} and {other} do not go together.")
    for option, other in _GO_WITH.items():
        if option in options and other not in options:
            raise click.UsageError(f"{option} goes with {other}.")


def load_client(arguments: dict[str, Any]) -> tuple[Any, Path, Any]:
    """Return the load client, the user's home and the reporter."""
    from eval.bench.load.client import LoadClient
    from pipeline.base.homes import user_home
    from pipeline.runtimes.loadgen import ensure_loadgen

    home, shown = user_home(), reporter(verbose=arguments["verbose"], quiet=arguments["quiet"])
    return LoadClient(ensure_loadgen(home, shown)), home, shown


def run_endpoint(arguments: dict[str, Any]) -> int:
    """Measure an endpoint, print what came of it, and return the exit code."""
    from eval.bench.endpoint_folder import endpoint_folder, publish
    from eval.bench.load.endpoint import EndpointBench
    from pipeline.cli.bench_endpoint_table import print_load
    from pipeline.engines.external import ExternalEndpoint

    bench_values.check_headers(arguments["header"], arguments["header_env"])
    endpoint = ExternalEndpoint(
        arguments["endpoint"],
        model=arguments["model"],
        api_key_env=arguments["api_key_env"],
        ca_certificate=arguments["ca"],
        insecure=arguments["insecure"],
        headers=arguments["header"],
        header_env=arguments["header_env"],
    )
    plan = _plan(arguments)
    endpoint.require_reachable()  # told before anything is installed
    client, home, shown = load_client(arguments)
    context, soak = _context(arguments["out"], home, shown), None
    with endpoint_folder(context) as folder:
        bench = EndpointBench(plan, endpoint, client)
        found = bench.run(home, folder, shown)
        try:
            soak = _soak(arguments, bench, found, folder, shown)
        finally:  # a soak that fails takes nothing from what was measured before it
            publish(context, folder, found, soak)
    if soak is not None:
        from eval.bench.endpoint_soak import SoakedEndpoint

        found = SoakedEndpoint(**vars(found), soak=soak)
    emit(arguments["as_json"], found, lambda: print_load(found, soak))
    void = [(point, point.void) for point in found.points if point.void]
    for point, reasons in void:
        click.echo(f"awqctl: void at {point.level}: {'; '.join(reasons)}.", err=True)
    if any("prefix cache" in reason for _, reasons in void for reason in reasons) and not arguments["prompts"]:
        click.echo(
            f"awqctl: the server had these prompts before; --seed {arguments['seed'] + 1} makes others.", err=True
        )
    if soak is not None and soak.void:
        click.echo(f"awqctl: the soak is void: {'; '.join(soak.void)}.", err=True)
    return 3 if void or (soak is not None and soak.void) else 0


def _context(out: Path | None, home: Path, shown: Any) -> Any:
    from pipeline.record.context import RunContext

    out = (out or Path("out") / "endpoint").absolute()
    return RunContext(out=out, home=home, recipe_dir=Path.cwd(), accelerator="auto", reporter=shown)


def _soak(arguments: dict[str, Any], bench: Any, found: Any, folder: Path, shown: Any) -> Any:
    """Return the soak that was asked for; None where there is none."""
    if arguments["soak"] is None:
        return None
    from eval.bench.endpoint_soak import EndpointSoak
    from eval.bench.soak.soak import SoakPlan
    from pipeline.recipe.soak import Soak

    usual = Soak(minutes=arguments["soak"]) if arguments["soak"] else Soak()
    plan = SoakPlan(
        minutes=usual.minutes,
        share=usual.share,
        slice_s=usual.slice_s,
        input_tokens=arguments["input_tokens"],
        output_tokens=arguments["output_tokens"],
        ignore_eos=not arguments["natural_lengths"],
        drift_limit=usual.drift_limit,
        seed=arguments["seed"],
    )
    return EndpointSoak(bench, plan, folder, shown).run(found)


def _plan(arguments: dict[str, Any]) -> Any:
    from eval.bench.load.budget import Allowance
    from eval.bench.load.plan import EndpointPlan

    names = (
        *("requests_per_concurrency", "requests", "seconds", "natural_lengths", "seed"),
        *("prompts", "multi_turn", "tokenizer"),
    )
    return EndpointPlan(
        concurrency=() if arguments["rate"] else arguments["concurrency"],
        rates_per_s=arguments["rate"],
        burstiness=arguments["burstiness"],
        ramp_from_per_s=arguments["ramp_from"],
        connections_per_s=arguments["connections_per_second"],
        input_tokens=arguments["input_tokens"],
        output_tokens=arguments["output_tokens"],
        patience_s=arguments["patience"],
        allowance=Allowance(arguments["max_requests"], arguments["max_tokens"]),
        **{name: arguments[name] for name in names},
    )
