"""`awqctl keys`: API keys of the endpoint."""

import click

from pipeline.cli.common import emit, json_option
from pipeline.cli.help import Group
from pipeline.cli.table import minute, print_rows

endpoint_option = click.option("--endpoint", metavar="NAME", help="Whose keys; default the only endpoint there is.")


@click.group(cls=Group)
def keys() -> None:
    """Make, list and revoke API keys of the endpoint.

    A change takes effect within two seconds on an endpoint that is running.
    """


@keys.command()
@click.argument("name")
@endpoint_option
@json_option
def add(name: str, *, endpoint: str | None, as_json: bool) -> None:
    """Make a key named NAME and print it, the only time it is readable."""
    from serve.endpoint import chosen_endpoint
    from serve.gateway.keys import KeyStore

    issued = KeyStore(chosen_endpoint(endpoint).keys).add(name)

    def show() -> None:
        click.echo(issued.key)
        click.echo(f"Key '{issued.name}' ({issued.id}) is active. It is not shown again.", err=True)

    emit(as_json, issued, show)


@keys.command("ls")
@endpoint_option
@json_option
def list_keys(*, endpoint: str | None, as_json: bool) -> None:
    """List all keys, revoked ones included. The keys themselves are not kept."""
    from serve.endpoint import chosen_endpoint
    from serve.gateway.keys import KeyStore

    listing = KeyStore(chosen_endpoint(endpoint).keys).ls()

    def show() -> None:
        if not listing.keys:
            click.echo("There is no key yet. Make one with `awqctl keys add NAME`.", err=True)
            return
        states = [f"revoked {minute(key.revoked_at)}" if key.revoked_at else "active" for key in listing.keys]
        rows = [
            (key.name, key.id, minute(key.created_at), state) for key, state in zip(listing.keys, states, strict=True)
        ]
        print_rows(rows, ("NAME", "ID", "CREATED (UTC)", "STATE"))

    emit(as_json, listing, show)


@keys.command()
@click.argument("name")
@endpoint_option
@json_option
def revoke(name: str, *, endpoint: str | None, as_json: bool) -> None:
    """Revoke the active key of that NAME or id."""
    from serve.endpoint import chosen_endpoint
    from serve.gateway.keys import KeyStore

    revoked = KeyStore(chosen_endpoint(endpoint).keys).revoke(name)
    emit(as_json, revoked, f"Key '{revoked.name}' ({revoked.id}) is revoked.")
