"""`awqctl serve`: the endpoint in the foreground."""

import signal
import threading
from typing import Any

import click

from pipeline.cli.common import emit, json_option, open_session, recipe_options, verbosity_options
from pipeline.cli.dry_run_plan import dry_run_options
from pipeline.cli.serve_control import reload, status, stop
from pipeline.cli.serve_export import export
from pipeline.cli.serve_options import address_options, as_typed
from pipeline.cli.serve_report import operation_report
from pipeline.cli.serve_slo import slo
from pipeline.cli.subcommands import CommandWithSubcommands


@click.command(cls=CommandWithSubcommands)
@recipe_options
@address_options
@click.option("--endpoint", metavar="NAME", help="Name of the endpoint, which owns keys and audit; the recipe's.")
@click.option("--despite-gates", is_flag=True, help="Serve although a gate was not passed; that is recorded.")
@dry_run_options("Say whether the checkpoint fits and the endpoint can be offered; start nothing.")
@verbosity_options
@json_option
def serve(**arguments: Any) -> None:
    """Serve the AWQ checkpoint of RECIPE until Ctrl-C: vLLM behind HAProxy with TLS and API keys.

    The checkpoint must have been made by `awqctl quantize` or `awqctl run`, and have passed its gates: otherwise it
    ends with 3 and says which one failed. Prints how to call the endpoint. With --dry-run it needs no checkpoint yet.
    """
    from pipeline.record.health import ENGINE_HEALTH
    from pipeline.run.gates import record_despite, require_gates
    from pipeline.run.runner import record_for
    from pipeline.run.stages import stage_named
    from serve.endpoint import endpoint_folder
    from serve.gateway.keys import KeyStore
    from serve.supervisor.foreground import serve_forever, usage_lines
    from serve.supervisor.spec import serving_spec

    session = open_session(
        arguments["recipe"],
        arguments["overrides"],
        arguments["out"],
        own={"serve": as_typed(arguments)},
        verbose=arguments["verbose"],
        quiet=arguments["quiet"],
    )
    recipe, context = session.recipe, session.context
    if arguments["dry_run"]:
        from pipeline.cli.dry_run_stages import dry_run

        given = {name: arguments[name] for name in ("host", "port") if arguments[name] is not None}
        offered = recipe.model_copy(update={"serve": recipe.serve.model_copy(update=given)})
        dry_run(offered, context, gpu=arguments["gpu"], as_json=arguments["as_json"], stage="serve")
        return
    record = record_for(stage_named("serve"), recipe, context)
    ENGINE_HEALTH.require(recipe, context)
    passed_over = require_gates(recipe, record, context.reporter, despite=arguments["despite_gates"])
    spec = serving_spec(
        recipe,
        context,
        record,
        host=arguments["host"],
        port=arguments["port"],
        tls=False if arguments["plain_http"] else None,
        despite_gates=passed_over,
        endpoint=arguments["endpoint"],
    )
    if passed_over:
        record_despite(context, passed_over, f"{spec.host}:{spec.port}")
    serve_forever(
        spec,
        logs=context.logs,
        reporter=context.reporter,
        key_store=KeyStore(endpoint_folder(spec.endpoint).keys),
        stop=_stop_on_signals(),
        on_ready=lambda serving: emit(
            arguments["as_json"],
            serving,
            f"{usage_lines(serving)}\n\nAt most {serving.max_connections} connections at once. Ctrl-C stops it.",
        ),
    )
    click.echo("stopped", err=True)


def _stop_on_signals() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


for subcommand in (status, stop, reload, export, slo, operation_report):
    serve.add_command(subcommand)
