"""`awqctl serve status`, `stop` and `reload`: a running endpoint asked from another terminal."""

from typing import TYPE_CHECKING

import click

from pipeline.cli.common import emit, json_option

if TYPE_CHECKING:
    from serve.status import EndpointStatus

endpoint_option = click.option("--endpoint", metavar="NAME", help="Which; default the only endpoint there is.")
READY, NOT_READY, NOT_RUNNING = 0, 3, 4


@click.command()
@endpoint_option
@json_option
def status(*, endpoint: str | None, as_json: bool) -> int:
    """Show how the endpoint is: ends with 0 when ready, with 3 when it runs and is not, with 4 when none runs."""
    from serve.endpoint import chosen_endpoint
    from serve.supervisor.remote import status_of

    folder = chosen_endpoint(endpoint)
    found = status_of(folder)
    if found is None:
        emit(as_json, {"name": folder.name, "running": False}, f"The endpoint '{folder.name}' is not running.")
        return NOT_RUNNING
    emit(as_json, found, lambda: _show(found))
    return READY if found.ready else NOT_READY


def _show(found: "EndpointStatus") -> None:
    click.echo(f"{found.name}: {'ready' if found.ready else 'not ready'}, {found.base_url}")


@click.command()
@endpoint_option
@json_option
def stop(*, endpoint: str | None, as_json: bool) -> None:
    """Stop the endpoint once the answers under way have ended, at most the recipe's serve.drain_timeout_s."""
    from serve.endpoint import chosen_endpoint
    from serve.supervisor import remote

    folder = chosen_endpoint(endpoint)
    pid = remote.stop(folder, _note, drain_timeout_s=3600)
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

    folder = chosen_endpoint(endpoint)
    done = remote.reload(folder, _note)
    emit(as_json, done, f"The endpoint '{folder.name}' has read its settings again.")


def _note(text: str) -> None:
    click.echo(text, err=True)
