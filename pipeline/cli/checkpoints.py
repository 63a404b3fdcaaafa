"""`awqctl checkpoints`: the current checkpoint of a recipe and the ones it replaced."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.base.commands import Typed, command, typed
from pipeline.base.format import size_text
from pipeline.cli.common import UserPath, emit, json_option, open_session, recipe_options
from pipeline.cli.help import Group
from pipeline.cli.table import minute, print_rows

if TYPE_CHECKING:
    from pipeline.record.stored_checkpoints import StoredCheckpoint


@click.group(cls=Group)
def checkpoints() -> None:
    """Checkpoints of a recipe: the current one, and earlier ones that were replaced and kept."""


@checkpoints.command("ls")
@click.argument("recipe", metavar="[RECIPE]", required=False)
@click.option("--out", type=UserPath(), help="Output folder; default out/<recipe name>.")
@json_option
def list_checkpoints(recipe: str | None, out: Path | None, *, as_json: bool) -> None:
    """List the checkpoints of RECIPE, or those in the folder --out.

    Complete means that every file of the manifest is there in its size; `awqctl verify DIR` reads them.
    """
    from pipeline.record.stored_checkpoints import stored_checkpoints

    folder = _existing(_folder(recipe, out))
    rows = stored_checkpoints(folder)

    def table() -> None:
        if not rows:
            click.echo(f"There is no checkpoint in {folder} yet. Make one with `{command('quantize')}`.", err=True)
            return
        print_rows([_cells(row) for row in rows], ("FOLDER\nMODEL", "MADE (UTC)\nBACKEND", "GIB", "STATE"))

    emit(as_json, rows, table)


def _cells(row: "StoredCheckpoint") -> tuple[str, str, str, str]:
    made = minute(row.created_at) if row.created_at else "-"
    return (
        f"{row.folder}\n{row.model}",
        f"{made}\n{row.backend or '-'}",
        f"{row.bytes / 2**30:.2f}",
        "complete" if row.complete else row.problems[0],
    )


@checkpoints.command()
@recipe_options
@click.option("--keep", type=click.IntRange(min=0), default=1, show_default=True, help="Earlier ones to keep.")
@click.option("--yes", is_flag=True, help="Remove without asking; needed where nobody can be asked.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed; remove nothing.")
@json_option
def prune(**arguments: Any) -> None:
    """Remove earlier checkpoints of RECIPE but the newest; the current one always stays.

    What goes is said, and asked for, before it goes. `--keep 0` leaves the current one alone; where that is missing
    or damaged, the newest earlier one stays all the same.
    """
    from pipeline.record.stored_checkpoints import prune as remove
    from pipeline.record.stored_checkpoints import stored_checkpoints, to_prune
    from serve.releases.registry import needed_checkpoints

    context = open_session(arguments["recipe"], arguments["overrides"], arguments["out"]).context
    out, keep, removed = _existing(context.out), arguments["keep"], []
    needed = needed_checkpoints()
    doomed = [one for one in to_prune(out, keep) if one.digest not in needed]
    for one in to_prune(out, keep):
        if one.digest in needed:
            click.echo(f"{one.folder} stays: it is {needed[one.digest]}.", err=True)
    if not arguments["dry_run"] and _agreed(doomed, out, asked=not arguments["yes"]):
        removed = remove(context, doomed, keep)
    left = stored_checkpoints(out)
    freed = sum(one.bytes for one in removed)
    document = {
        "removed": [one.folder for one in removed],
        "would_remove": [one.folder for one in doomed] if arguments["dry_run"] else [],
        "kept": [one.folder for one in left if not (one.current or (arguments["dry_run"] and one in doomed))],
        "freed_bytes": freed,
    }
    lines = [f"would remove {_line(one)}" for one in doomed] if arguments["dry_run"] else []
    lines += [f"removed {one.folder}" for one in removed]
    current = "the current one stays" if any(one.current for one in left) else "there is no current one"
    lines.append(f"{len(removed)} removed, {size_text(freed)}; {_earlier(left)}, {current}")
    emit(arguments["as_json"], document, "\n".join(lines))


def _agreed(doomed: Sequence["StoredCheckpoint"], out: Path, *, asked: bool) -> bool:
    """Return whether these may go: told to, or asked and answered; what goes is shown before."""
    from pipeline.base.errors import UsageError

    if not doomed or not asked:
        return True
    for one in doomed:
        click.echo(f"to be removed: {_line(one)}", err=True)
    if not sys.stdin.isatty():
        raise UsageError(
            f"Nothing was removed from {out}, because nobody can be asked. Repeat it with --yes to remove what "
            f"is listed above, or with --dry-run to look."
        )
    return click.confirm(f"Remove {len(doomed)} from {out} for good?", err=True)


def _line(one: "StoredCheckpoint") -> str:
    state = "" if one.complete else f", {one.problems[0]}"
    return f"{one.folder} ({one.model}, made {one.created_at or 'at an unknown time'}, {size_text(one.bytes)}{state})"


def _earlier(left: Sequence["StoredCheckpoint"]) -> str:
    earlier = sum(not one.current for one in left)
    return f"{earlier} earlier {'stays' if earlier == 1 else 'stay'}"


def _folder(recipe: str | None, out: Path | None) -> Path:
    if recipe is None and out is None:
        raise click.UsageError("Give RECIPE or --out DIR.")
    if recipe is None:
        click.get_current_context().with_resource(typed(Typed(out=out)))
        return out.absolute() if out else Path()
    folder: Path = open_session(recipe, (), out).context.out
    return folder


def _existing(out: Path) -> Path:
    from pipeline.base.errors import SourceError

    if not out.is_dir():
        raise SourceError(f"There is no output folder {out}. Make one with `{command('quantize')}`, or give --out.")
    return out
