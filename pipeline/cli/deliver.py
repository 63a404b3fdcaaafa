"""`awqctl deliver`: what the client keeps of a run, in one folder, and on the hub where that is asked for."""

from pathlib import Path
from typing import Any

import click

from pipeline.base.format import plural, size_text
from pipeline.cli.common import UserPath, complete_recipe, emit, json_option, open_recorded, verbosity_options
from pipeline.cli.report import formats_option


@click.command()
@click.argument("run", metavar="RUN", shell_complete=complete_recipe)
@click.option("--out", type=UserPath(), metavar="DIR", required=True, help="Folder to make.")
@formats_option("Formats of the report; default: those that the run has.")
@click.option("--force", is_flag=True, help="Replace an earlier delivery in DIR.")
@click.option("--despite-gates", is_flag=True, help="Deliver although a gate was not passed; the README says so.")
@click.option("--to", "repository", metavar="ORG/NAME", help="Also upload checkpoint, card and reports to the hub.")
@click.option("--public", is_flag=True, help="With --to: make the repository public; default private.")
@verbosity_options
@json_option
def deliver(
    *,
    run: str,
    out: Path,
    formats: tuple[Any, ...] | None,
    force: bool,
    despite_gates: bool,
    repository: str | None,
    public: bool,
    **shown: Any,
) -> None:
    """Put together what a client keeps of RUN: checkpoint, card, reports, evidence, raw results, recipe and a README.

    RUN is the output folder of a run, or a recipe. DIR appears whole or not at all; `awqctl verify DIR` and plain
    `sha256sum -c SHA256SUMS` check it. Paths of this machine and user names are taken out, and a token in it is
    refused. Ends with 3 when a gate was not passed, or an agreed clause for which a run ends so.

    An upload that was stopped goes on when the same command is run again.
    """
    from pipeline.deliver.delivery import deliver as deliver_run
    from pipeline.deliver.delivery import require_same_run
    from pipeline.deliver.manifest import is_delivery
    from pipeline.deliver.upload import upload

    if public and not repository:
        raise click.UsageError("--public goes with --to.")
    document: dict[str, Any] = {}
    lines: list[str] = []
    session = open_recorded(_folder(run), (), verbose=shown["verbose"], quiet=shown["quiet"])
    record = _record(session)
    if repository and is_delivery(out) and not force:
        require_same_run(out, session.recipe, record)
    else:
        found = deliver_run(
            session.recipe,
            session.context,
            record,
            out,
            formats=formats or (),
            force=force,
            despite_gates=despite_gates,
        )
        document = found.model_dump(mode="json")
        lines = [
            f"{out}: {plural(found.files, 'file')}, {size_text(found.bytes)}; verify it with `awqctl verify {out}`"
        ]
        lines += [f"not passed: {said}" for said in found.gates_not_passed]
    if repository:
        sent = upload(out, repository, public=public, reporter=session.context.reporter)
        document = {**document, "out": str(out), "hub": sent.model_dump(mode="json")}
        lines.append(f"{sent.repository}@{sent.revision}: {plural(sent.files, 'file')}, {_seen(sent.private)}")
    emit(shown["as_json"], document, "\n".join(lines))


def _seen(private: bool) -> str:  # noqa: FBT001 -- one word for it
    return "private" if private else "public"


def _folder(run: str) -> Path:
    """Return the output folder that is named, or the default one of a recipe."""
    from pipeline.base.commands import program
    from pipeline.base.errors import UsageError
    from pipeline.recipe.load import load_recipe
    from pipeline.record.record import RECORD

    folder = Path(run).expanduser()
    if (folder / RECORD).is_file():
        return folder
    if folder.is_dir():
        raise UsageError(f"{folder} has no {RECORD}, so it is no run's output folder.")
    out = Path("out") / load_recipe(run).recipe.folder_name
    if not (out / RECORD).is_file():
        raise UsageError(
            f"{out} has no {RECORD}: {run} was not run yet. Run `{program()} run {run}`, or name its folder."
        )
    return out


def _record(session: Any) -> Any:
    from pipeline.record.record import RECORD, load_record

    return load_record(session.context.out / RECORD)
