"""`awqctl keys`: API keys of an endpoint."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.common import FunctionT, emit, json_option
from pipeline.cli.help import Group
from pipeline.cli.table import minute, print_rows

if TYPE_CHECKING:
    from serve.gateway.keys import IssuedKey, KeyInfo, KeyStore
    from serve.gateway.terms import KeyTerms

endpoint_option = click.option("--endpoint", metavar="NAME", help="Whose keys; default the only endpoint there is.")
_NAMING_ENDPOINT = ("keys ls", "keys revoke", "keys rotate", "keys change")


def _terms_options(function: FunctionT) -> FunctionT:
    for decorate in (
        click.option("--keep-text", metavar="DAYS", help="Keep prompts and answers of this key so long; else never."),
        click.option("--models", metavar="A,B", help="Models that it may ask for; else all."),
        click.option(
            "--expires", metavar="DATE", help="Last day (2027-01-31), time (2027-01-31T12:00) in UTC, or 30d."
        ),
        click.option("--concurrent", metavar="N", help="Requests at once."),
        click.option("--tpm", metavar="N", help="Tokens per minute, of prompts and answers together."),
        click.option("--rpm", metavar="N", help="Requests per minute."),
    ):
        function = decorate(function)
    return function


@click.group(cls=Group)
def keys() -> None:
    """Make, limit, list, rotate and revoke API keys of an endpoint.

    A change takes effect within a second on an endpoint that is running.
    """


@keys.command()
@click.argument("name")
@endpoint_option
@_terms_options
@json_option
def add(name: str, *, endpoint: str | None, as_json: bool, **options: str | None) -> None:
    """Make a key named NAME and print it, the only time it is readable.

    A limit that is not given is none.
    """
    from pipeline.base.commands import command
    from serve.gateway.key_stores import unclaimed_keys

    store, terms = _store(endpoint, may_be_new=True), _terms(options)
    issued = store.add(name, terms)
    _tell_of_models_not_served(store, issued)
    waits = f"There is no endpoint yet: the first one that `{command('serve')}` starts will have it."
    emit(as_json, issued, lambda: _show(issued, "is active", *([waits] if store.path == unclaimed_keys() else [])))


@keys.command("ls")
@endpoint_option
@json_option
def list_keys(*, endpoint: str | None, as_json: bool) -> None:
    """List all keys, those that ended included. The keys themselves are not kept."""
    listing = _store(endpoint).ls()

    def show() -> None:
        if not listing.keys:
            click.echo("There is no key yet. Make one with `awqctl keys add NAME`.", err=True)
            return
        print_rows([_row(key) for key in listing.keys], ("NAME", "ID", "CREATED", "STATE", "UNTIL (UTC)", "LIMITS"))

    emit(as_json, listing, show)


@keys.command()
@click.argument("name")
@endpoint_option
@json_option
def revoke(name: str, *, endpoint: str | None, as_json: bool) -> None:
    """Revoke the key of that NAME or id."""
    revoked = _store(endpoint).revoke(name)
    emit(as_json, revoked, f"Key '{revoked.name}' ({revoked.id}) is revoked.")


@keys.command()
@click.argument("name")
@endpoint_option
@click.option("--overlap", metavar="TIME", help="Let the old secret in for so long, too (24h); else it ends at once.")
@json_option
def rotate(name: str, *, endpoint: str | None, overlap: str | None, as_json: bool) -> None:
    """Give the key of that NAME or id a new secret and print it, the only time it is readable.

    Its name, id and limits stay, and what it has used of them.
    """
    from datetime import timedelta

    from serve.gateway.terms import duration_of

    store = _store(endpoint)
    issued = store.rotate(name, duration_of(overlap) if overlap else timedelta(0))
    until = issued.old_secret_until
    old = f"The old secret is let in until {minute(until)} UTC." if until else "The old secret is let in no more."
    emit(as_json, issued, lambda: _show(issued, "has a new secret", old))


@keys.command()
@click.argument("name")
@endpoint_option
@_terms_options
@json_option
def change(name: str, *, endpoint: str | None, as_json: bool, **options: str | None) -> None:
    """Change limits of the key of that NAME or id; `none` takes one away, those not given stay."""
    from pipeline.base.errors import UsageError

    store, terms = _store(endpoint), _terms(options)
    if not terms.model_fields_set:
        raise UsageError("Nothing is to be changed. Name at least one limit, such as --rpm 60 or --expires none.")
    changed = store.change(name, terms)
    _tell_of_models_not_served(store, changed)
    emit(as_json, changed, f"Key '{changed.name}' ({changed.id}): {_joined(_terms_in_words(changed)) or 'no limits'}.")


def _store(endpoint: str | None, *, may_be_new: bool = False) -> "KeyStore":
    """Return the keys that the command is about; messages name other commands with its `--endpoint`."""
    from pipeline.base.commands import Typed, typed
    from serve.gateway.key_stores import chosen_keys

    own = dict.fromkeys(_NAMING_ENDPOINT, ("--endpoint", endpoint)) if endpoint else {}
    click.get_current_context().with_resource(typed(Typed(own=own)))
    return chosen_keys(endpoint, note=lambda text: click.echo(text, err=True), may_be_new=may_be_new)


def _tell_of_models_not_served(store: "KeyStore", key: "KeyTerms") -> None:
    """Say on standard error which models of a key a running endpoint lacks: a slip of the pen, or one to come."""
    from pipeline.base.errors import AwqctlError
    from serve.endpoint import EndpointFolder
    from serve.supervisor.remote import status_of

    if not key.models:
        return
    try:
        status = status_of(EndpointFolder(store.path.parent))
    except AwqctlError:  # it starts or ends just now, or is of another version
        return
    if status and status.models and (unknown := [model for model in key.models if model not in status.models]):
        there = ", ".join(status.models)
        click.echo(f"The running endpoint does not serve {', '.join(unknown)}; it serves {there}.", err=True)


def _terms(options: dict[str, str | None]) -> Any:
    from datetime import UTC, datetime

    from serve.gateway.terms import terms_of

    return terms_of(options, datetime.now(UTC))


def _show(issued: "IssuedKey", what: str, *further: str) -> None:
    click.echo(issued.key)
    limits = _joined(_terms_in_words(issued))
    said = f"Key '{issued.name}' ({issued.id}) {what}{f': {limits}' if limits else ''}. It is not shown again."
    click.echo(" ".join((said, *further)), err=True)


def _terms_in_words(terms: Any) -> list[str]:
    from serve.gateway.terms import limits_in_words

    return [*limits_in_words(terms), *([f"until {minute(terms.expires_at)} UTC"] if terms.expires_at else [])]


def _row(key: "KeyInfo") -> tuple[str, ...]:
    from serve.gateway.terms import limits_in_words

    until = key.revoked_at or key.expires_at
    overlap = [f"old secret until {minute(key.old_secret_until)}"] if key.old_secret_until else []
    limits = _joined([*limits_in_words(key), *overlap]) or "none"
    return key.name, key.id, key.created_at[:10], key.state, minute(until) if until else "", limits


def _joined(words: Iterable[str]) -> str:
    return ", ".join(words)
