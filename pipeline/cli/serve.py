"""`awqctl serve`: the endpoint in the foreground."""

import signal
import threading
from typing import Any

import click

from pipeline.cli.common import emit, json_option, open_session, recipe_options


@click.command()
@recipe_options
@click.option("--host", metavar="ADDRESS", help="Address to listen on; default the recipe's (127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="0 takes a free port; default the recipe's (8443).")
@click.option("--plain-http", is_flag=True, help="No TLS. Keys and prompts cross the network readable.")
@json_option
def serve(**arguments: Any) -> None:
    """Serve the AWQ checkpoint of RECIPE until Ctrl-C: vLLM behind HAProxy with TLS and API keys.

    The checkpoint must have been made by `awqctl quantize` or `awqctl run`. Prints how to call the endpoint.
    """
    from pipeline.engines.preflight import check_compiler
    from pipeline.quantize.result import QuantizeResult
    from pipeline.record.checkpoint import recorded_checkpoint
    from pipeline.record.environment import environment_of
    from pipeline.record.record import RunRecord, load_record
    from pipeline.run.runner import RECORD, check_needs
    from pipeline.run.stages import stage_named
    from pipeline.runtimes.store import ensure
    from serve.gateway.keys import KeyStore, default_path
    from serve.supervisor.foreground import serve_forever, usage_lines

    session = open_session(arguments["recipe"], arguments["overrides"], arguments["out"])
    recipe, context = session.recipe, session.context
    record = load_record(context.out / RECORD) or RunRecord(
        recipe=recipe.model_dump(mode="json"), environment=environment_of(context.accelerator, context.machine)
    )
    check_needs(stage_named("serve"), recipe, record)
    check_compiler(recipe.engine, context.resolved)
    runtime = ensure("vllm", context.resolved, context.home, context.reporter)
    stop = _stop_on_signals()
    serve_forever(
        runtime,
        recorded_checkpoint(
            context, recipe.name, record.result(QuantizeResult).checkpoint_digest
        ),  # `serve_forever` reads it
        recipe,
        accelerator=context.resolved,
        logs=context.logs,
        reporter=context.reporter,
        host=arguments["host"] or recipe.serve.host,
        port=recipe.serve.port if arguments["port"] is None else arguments["port"],
        tls=recipe.serve.tls and not arguments["plain_http"],
        key_store=KeyStore(default_path()),
        stop=stop,
        on_ready=lambda serving: emit(arguments["as_json"], serving, f"{usage_lines(serving)}\n\nCtrl-C stops it."),
    )
    click.echo("stopped", err=True)


def _stop_on_signals() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
