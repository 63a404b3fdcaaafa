"""`awqctl acceptance`: the acceptance files that ship, and yours."""

from pathlib import Path

import click

from pipeline.cli.common import UserPath, emit, json_option, write_new
from pipeline.cli.help import Group
from pipeline.cli.table import print_rows

_COLUMNS = ("name", "clauses", "")


@click.group(cls=Group)
def acceptance() -> None:
    """What a client accepts: files that ship, and yours."""


@acceptance.command("ls")
@json_option
def ls(*, as_json: bool) -> None:
    """List the acceptance files that ship."""
    from pipeline.recipe.acceptance_file import packaged_acceptance, read_acceptance

    found = {name: read_acceptance(path).terms for name, path in packaged_acceptance().items()}
    rows = [{"name": name, "clauses": len(terms.clauses), "title": terms.title} for name, terms in found.items()]
    emit(
        as_json,
        rows,
        lambda: print_rows([(name, str(len(one.clauses)), one.title) for name, one in found.items()], _COLUMNS),
    )


@acceptance.command("show")
@click.argument("name", metavar="FILE")
@json_option
def show(*, name: str, as_json: bool) -> None:
    """Print FILE, a path or the name of one that ships."""
    from pipeline.recipe.acceptance_file import find_acceptance, read_acceptance
    from pipeline.recipe.load import recipe_text

    path = find_acceptance(name, Path())
    emit(as_json, read_acceptance(path).terms, recipe_text(path).rstrip())


@acceptance.command("cp")
@click.argument("name", metavar="FILE")
@click.argument("destination", type=UserPath())
def cp(name: str, destination: Path) -> None:
    """Copy FILE to DESTINATION, a file that does not exist yet, to fill in and sign."""
    from pipeline.recipe.acceptance_file import find_acceptance
    from pipeline.recipe.load import recipe_text

    write_new(destination, recipe_text(find_acceptance(name, Path())))
    click.echo(str(destination))


@acceptance.command("validate")
@click.argument("name", metavar="FILE")
@json_option
def validate(*, name: str, as_json: bool) -> None:
    """Check FILE and print its SHA-256, which the record of a run has; ends with 2 where it is not valid."""
    from pipeline.recipe.acceptance_file import find_acceptance, read_acceptance

    path = find_acceptance(name, Path())
    found = read_acceptance(path)
    signed = found.terms.signed_off
    document = {
        "file": path,
        "valid": True,
        "clauses": len(found.terms.clauses),
        "sha256": found.sha256,
        "signed_off": signed.model_dump(mode="json") if signed else None,
    }
    by = f"signed off by {signed.name} on {signed.date}" if signed else "not signed off"
    emit(as_json, document, f"{path}: valid, {len(found.terms.clauses)} clauses, {by}\nSHA-256 {found.sha256}")
