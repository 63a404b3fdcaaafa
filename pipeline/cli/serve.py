"""`awqctl serve`: the endpoint in the foreground."""

import signal
import threading
from typing import Any

import click

from pipeline.cli.common import emit, json_option, open_session, recipe_options, verbosity_options
from pipeline.cli.dry_run_plan import dry_run_options


@click.command()
@recipe_options
@click.option("--host", metavar="ADDRESS", help="Address to listen on; default the recipe's (127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="0 takes a free port; default the recipe's (8443).")
@click.option("--plain-http", is_flag=True, help="No TLS. Keys and prompts cross the network readable.")
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
    from serve.gateway.key_stores import endpoint_keys
    from serve.supervisor.foreground import serve_forever, usage_lines
    from serve.supervisor.spec import serving_spec

    session = open_session(
        arguments["recipe"],
        arguments["overrides"],
        arguments["out"],
        own={"serve": _as_typed(arguments)},
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
    )
    if passed_over:
        record_despite(context, passed_over, f"{spec.host}:{spec.port}")
    serve_forever(
        spec,
        logs=context.logs,
        reporter=context.reporter,
        key_store=endpoint_keys(endpoint_folder(spec.endpoint), context.reporter.note),
        stop=_stop_on_signals(),
        on_ready=lambda serving: emit(
            arguments["as_json"],
            serving,
            f"{usage_lines(serving)}\n\nAt most {serving.max_connections} connections at once. Ctrl-C stops it.",
        ),
    )
    click.echo("stopped", err=True)


def _as_typed(arguments: dict[str, Any]) -> tuple[str, ...]:
    """Return the options that are the endpoint's alone, for messages that name `serve` again."""
    given = {"--host": arguments["host"], "--port": arguments["port"]}
    options = [part for name, value in given.items() if value is not None for part in (name, str(value))]
    return (*options, *(["--plain-http"] if arguments["plain_http"] else []))


def _stop_on_signals() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
