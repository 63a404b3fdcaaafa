"""`awqctl serve status`, `stop` and `reload`: a running endpoint asked from another terminal."""

import click

from pipeline.cli.common import FiniteRange, emit, json_option

endpoint_option = click.option("--endpoint", metavar="NAME", help="Which; default the only endpoint there is.")
READY, NOT_READY, NOT_RUNNING = 0, 3, 4
_LEAST_S, _MOST_S, _USUAL_S = 0.2, 3600, 2


@click.command()
@endpoint_option
@click.option(
    "--watch",
    "every_s",
    is_flag=False,
    flag_value=_USUAL_S,
    type=FiniteRange(_LEAST_S, _MOST_S),
    metavar="[SECONDS]",
    help="Show it again and again, every two seconds or as said; q or Ctrl-C leaves.",
)
@json_option
def status(*, endpoint: str | None, every_s: float | None, as_json: bool) -> int:
    """Show how the endpoint is: ends with 0 when ready, with 3 when it runs and is not, with 4 when none runs."""
    from serve.endpoint import chosen_endpoint
    from serve.supervisor.remote import status_of

    folder = chosen_endpoint(endpoint, may_be_new=True)
    if every_s is not None:
        from pipeline.cli.serve_watch import watch

        if as_json:
            raise click.UsageError("--watch is for people; programs ask for --json as often as they like.")
        watch(folder, every_s)
        return READY
    if as_json:
        found = status_of(folder)
        emit(as_json, found or {"name": folder.name, "running": False}, "")
    else:
        from pipeline.cli.serve_status_table import picture
        from pipeline.cli.table import print_trimmed
        from serve.live.watch import Watch

        with Watch(folder) as looking:
            look = looking.look()
        print_trimmed(picture(look, folder.name))
        found = look.status
    if found is None:
        return NOT_RUNNING
    return READY if found.ready else NOT_READY


@click.command()
@endpoint_option
@json_option
def stop(*, endpoint: str | None, as_json: bool) -> None:
    """Stop the endpoint once the answers under way have ended, at most the recipe's serve.drain_timeout_s."""
    from serve.endpoint import chosen_endpoint
    from serve.supervisor import remote

    folder = chosen_endpoint(endpoint, may_be_new=True)
    pid = remote.stop(folder, _note)
    emit(as_json, {"name": folder.name, "pid": pid, "running": False}, f"The endpoint '{folder.name}' has stopped.")


@click.command()
@endpoint_option
@json_option
def reload(*, endpoint: str | None, as_json: bool) -> None:
    """Let the endpoint read its recipe and certificate again, without losing a request.

    What only a new start can change (the model, the engine, the address) is named and stays as it is.
    """
    from serve.endpoint import chosen_endpoint
    from serve.supervisor import remote

    folder = chosen_endpoint(endpoint, may_be_new=True)
    done = remote.reload(folder, _note)
    later = [f"Only a new start changes {'; '.join(done.at_restart)}."] if done.at_restart else []
    lines = [*(done.done or ("Nothing has changed.",)), *later]
    emit(as_json, done, "\n".join(lines))


def _note(text: str) -> None:
    click.echo(text, err=True)
