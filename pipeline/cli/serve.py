"""`awqctl serve`: an endpoint, and the commands for one that runs."""

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.common import (
    Session,
    context_of,
    emit,
    json_option,
    open_session,
    reporter,
    verbosity_options,
)
from pipeline.cli.dry_run_plan import dry_run_options
from pipeline.cli.serve_audit import audit
from pipeline.cli.serve_control import reload, status, stop
from pipeline.cli.serve_export import export
from pipeline.cli.serve_options import as_arguments, as_typed, check_together, served_options
from pipeline.cli.serve_report import operation_report
from pipeline.cli.serve_slo import slo
from pipeline.cli.subcommands import CommandWithSubcommands
from pipeline.run.tracking import DEFAULT_STORE

if TYPE_CHECKING:
    from serve.supervisor.releases import Releases
    from serve.supervisor.spec import ServingSpec
    from serve.supervisor.stop import Stop


@click.command(cls=CommandWithSubcommands)
@served_options
@click.option(
    "--release", "version", type=click.IntRange(1), metavar="VERSION", help="Serve this release; default production."
)
@click.option("--detach", is_flag=True, help="Return once it is up; it goes on in the background.")
@click.option("--despite-gates", is_flag=True, help="Serve although a gate was not passed; that is recorded.")
@dry_run_options("Say whether the checkpoint fits and the endpoint can be offered; start nothing.")
@verbosity_options
@json_option
def serve(**arguments: Any) -> None:
    """Serve the AWQ checkpoint of RECIPE until Ctrl-C: vLLM behind HAProxy with TLS and API keys.

    The checkpoint must have been made by `awqctl quantize` or `awqctl run`, and have passed its gates: otherwise it
    ends with 3 and says which one failed. Prints how to call the endpoint. With --dry-run it needs no checkpoint yet.
    """
    check_together(arguments)
    session = _opened(arguments)
    if arguments["dry_run"]:
        _dry_run(session, arguments)
    elif arguments["detach"]:
        _detach(session, arguments)
    else:
        _serve(session, arguments)


def _opened(arguments: dict[str, Any]) -> Session:
    endpoint = ("--endpoint", arguments["endpoint"]) if arguments["endpoint"] else ()
    own = {"serve": (*as_typed(arguments), *endpoint, *(["--detach"] if arguments["detach"] else []))}
    shown = {"verbose": arguments["verbose"], "quiet": arguments["quiet"]}
    if arguments["checkpoint"] is None:
        store = arguments["store"] if arguments["store"] != DEFAULT_STORE else None
        return open_session(
            arguments["recipe"], arguments["overrides"], arguments["out"], store=store, own=own, **shown
        )
    from serve.supervisor.lone_checkpoint import recipe_for

    loaded = recipe_for(arguments["checkpoint"], arguments["name"], arguments["overrides"])
    return Session(loaded.recipe, context_of(loaded, arguments["out"], reporter(**shown)))


def _dry_run(session: Session, arguments: dict[str, Any]) -> None:
    from pipeline.cli.dry_run_stages import dry_run

    recipe = session.recipe
    given = {name: arguments[name] for name in ("host", "port") if arguments[name] is not None}
    offered = recipe.model_copy(update={"serve": recipe.serve.model_copy(update=given)})
    dry_run(offered, session.context, gpu=arguments["gpu"], as_json=arguments["as_json"], stage="serve")


def _detach(session: Session, arguments: dict[str, Any]) -> None:
    from pipeline.base.commands import command, invocation
    from serve.endpoint import endpoint_folder
    from serve.supervisor.background import serve_in_background
    from serve.supervisor.foreground import usage_lines, without_key

    folder = endpoint_folder(arguments["endpoint"] or session.recipe.name)
    serving = serve_in_background(
        (*invocation(), "serve", "--json", *as_arguments(arguments)),
        folder,
        log=session.context.logs / "serve.log",
        reporter=session.context.reporter,
    )
    shown = serving if _key_may_be_shown(arguments) else without_key(serving)
    ends = f"It goes on in the background. `{command('serve stop', '--endpoint', folder.name)}` stops it."
    emit(arguments["as_json"], shown, f"{usage_lines(shown)}\n\n{_connections(shown)}\n{ends}\nLog: {shown.log}")


def _serve(session: Session, arguments: dict[str, Any]) -> None:
    from serve.endpoint import endpoint_folder
    from serve.gateway.key_stores import endpoint_keys
    from serve.supervisor.foreground import serve_forever, usage_lines
    from serve.supervisor.ownership import owned

    ours = click.get_current_context()

    def reread() -> "ServingSpec":
        """Return what is to be served from now on; asked for in a thread, where click knows of no command."""
        with click.Context(ours.command, parent=ours, info_name=ours.info_name):
            return _what(_opened(arguments), arguments)[0]

    with owned(endpoint_folder(arguments["endpoint"] or session.recipe.name)):
        pass  # told before minutes of reading; taken for good by what serves
    spec, releases = _what(session, arguments)
    serve_forever(
        spec,
        logs=session.context.logs,
        reporter=session.context.reporter,
        key_store=endpoint_keys(endpoint_folder(spec.endpoint), session.context.reporter.note),
        reread=reread,
        releases=releases,
        stop=_stop_on_signals(),
        on_ready=lambda serving: emit(
            arguments["as_json"], serving, f"{usage_lines(serving)}\n\n{_connections(serving)} Ctrl-C stops it."
        ),
        show_key=_key_may_be_shown(arguments),
    )
    click.echo("stopped", err=True)


def _what(session: Session, arguments: dict[str, Any]) -> "tuple[ServingSpec, Releases | None]":
    """Return what is served and how, once its gates let it, and the releases that it is one of."""
    from pipeline.record.health import SERVING_HEALTH
    from pipeline.run.releases import record_to_serve, released_spec
    from pipeline.run.tracking import Tracker
    from serve.supervisor.lone_checkpoint import check_lone_checkpoint
    from serve.supervisor.spec import spec_of_checkpoint

    recipe, context = session.recipe, session.context
    chosen = {
        "host": arguments["host"],
        "port": arguments["port"],
        "tls": False if arguments["plain_http"] else None,
        "endpoint": arguments["endpoint"],
    }
    if arguments["checkpoint"] is not None:
        folder = check_lone_checkpoint(recipe, arguments["checkpoint"], context.reporter)
        SERVING_HEALTH.require(recipe, context)
        return spec_of_checkpoint(recipe, context, folder, **chosen), None
    record = record_to_serve(recipe, context)
    SERVING_HEALTH.require(recipe, context)
    tracker = Tracker(arguments["store"], context.reporter)
    asked = {"version": arguments["version"], "despite": arguments["despite_gates"]}
    return released_spec(recipe, context, record, tracker, **asked, **chosen)


def _connections(serving: Any) -> str:
    return f"At most {serving.max_connections} connections at once."


def _key_may_be_shown(arguments: dict[str, Any]) -> bool:
    from serve.supervisor.first_key import is_read_at_once

    journal = os.environ.get("JOURNAL_STREAM")
    return is_read_at_once(sys.stdout.fileno(), as_json=arguments["as_json"], journal=journal)


def _stop_on_signals() -> "Stop":
    """Return what signals ask to stop, that of a terminal that closes, too; a second one cuts what is under way."""
    from serve.supervisor.stop import Stop

    stop = Stop()
    outlives = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN  # as `nohup` has it
    for number in (signal.SIGINT, signal.SIGTERM, *(() if outlives else (signal.SIGHUP,))):
        # From a thread of its own: this one may hold the lock of the event that it is waiting for.
        signal.signal(number, lambda *_: threading.Thread(target=stop.ask).start())
    return stop


for subcommand in (status, stop, reload, audit, export, slo, operation_report):
    serve.add_command(subcommand)
