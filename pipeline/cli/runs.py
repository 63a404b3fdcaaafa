"""`awqctl runs`: the runs there are, one of them, and several side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from pipeline.cli.common import UserPath, console, emit, json_option
from pipeline.cli.help import Group
from pipeline.run.tracking import DEFAULT_STORE

_HTML = click.option("--html", "page", type=UserPath(), metavar="FILE", help="Write a page that loads nothing, too.")
_STORE = click.option(
    "--store", default=DEFAULT_STORE, show_default=True, metavar="URI", help="MLflow store, for RUN by id or name."
)


@click.group(cls=Group)
def runs() -> None:
    """Runs that were made: list, show, compare."""


@runs.command("ls")
@click.option(
    "--out", "folders", multiple=True, type=UserPath(), help="Where to look; may be repeated.  [default: out]"
)
@_HTML
@json_option
def ls(folders: Sequence[Path], *, page: Path | None, as_json: bool) -> None:
    """List the runs in output folders, and in the folders directly below them."""
    from pipeline.base.commands import command
    from pipeline.base.errors import AwqctlError
    from pipeline.cli.runs_table import runs_table
    from pipeline.runs.find import record_of, runs_below
    from pipeline.runs.overview import overview

    found = []
    for run in runs_below(folders or (Path("out"),)):
        try:
            found.append(overview(run.name, str(run), record_of(run)))
        except AwqctlError as problem:
            click.echo(f"awqctl: {run} is left out: {problem.message}", err=True)
    nothing = f"No runs. `{command('run')}` makes one; --out DIR looks elsewhere."
    _answer(found, "Runs", (runs_table(found),) if found else (), page, as_json=as_json, otherwise=nothing)


@runs.command("show")
@click.argument("run", metavar="RUN")
@_STORE
@_HTML
@json_option
def show(run: str, *, store: str, page: Path | None, as_json: bool) -> None:
    """Show RUN: its stages, gates, clauses, and where its report and its MLflow run are.

    RUN is an output folder, or the id or the name of its MLflow run.
    """
    from pipeline.cli.runs_table import run_tables
    from pipeline.runs.find import folder_of, record_of
    from pipeline.runs.overview import overview

    path = run_folder(run, store)
    record = record_of(path)
    folder = folder_of(path)
    found = overview(folder.resolve().name, str(folder), record)
    _answer(found, found.name, run_tables(found), page, as_json=as_json)


@runs.command("compare")
@click.argument("named", nargs=-1, required=True, metavar="RUN RUN...")
@_STORE
@_HTML
@json_option
def compare(named: Sequence[str], *, store: str, page: Path | None, as_json: bool) -> int:
    """Compare runs with the first: what differs in their settings, then figures where they are comparable.

    RUN is an output folder, or the id or the name of its MLflow run. Accuracy is paired on the items, as by `awqctl
    compare`; speed is refused where `awqctl bench rank` refuses it, cost where load or prices differ. Ends with 2 where
    nothing can be compared.
    """
    from pipeline.cli.runs_table import comparison_tables
    from pipeline.runs.comparison import compare_runs

    found = compare_runs([run_folder(one, store) for one in named])
    title = " / ".join(run.name for run in found.runs)
    _answer(found, title, comparison_tables(found), page, as_json=as_json, notes=found.notes)
    if found.figures:
        return 0
    reasons = "\n  ".join(f"{one.topic}, {one.what}: {one.why}" for one in found.refused)
    click.echo(f"awqctl: These runs have no figure that can be compared:\n  {reasons}", err=True)
    return 2


def run_folder(reference: str, store: str) -> Path:
    """Return a run's folder, or its record; the store is only asked where there is no such path."""
    from pipeline.base.homes import expanded

    path = expanded(reference, "RUN")
    if path.exists():
        return path
    from pipeline.base.errors import SourceError
    from pipeline.run.logged_runs import logged_folder
    from pipeline.run.tracking import Tracker

    if "/" in reference or (store == DEFAULT_STORE and not Path("mlruns").exists()):
        raise SourceError(f"There is no run {reference}. `awqctl runs ls` lists those below out/.")
    return logged_folder(reference, Tracker(store))


def _answer(
    document: Any,
    title: str,
    tables: Sequence[Any],
    page: Path | None,
    *,
    as_json: bool,
    notes: Sequence[str] = (),
    otherwise: str = "",
) -> None:
    from pipeline.base.files import write_atomically
    from pipeline.cli.runs_page import runs_page
    from pipeline.report.terminal import print_tables

    def text() -> None:
        print_tables(tables, console())
        for note in notes:
            console().print(note, markup=False)
        if not tables:
            click.echo(otherwise)

    emit(as_json, document, text)
    if page is not None:
        write_atomically(page, runs_page(title, tables, notes))
        click.echo(f"awqctl: {page} is written.", err=True)
