"""`awqctl report`: the client report of a run, from its record alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pipeline.cli.common import (
    FunctionT,
    Session,
    UserPath,
    complete_recipe,
    json_option,
    open_recorded,
    open_session,
    verbosity_options,
)
from pipeline.cli.report_verify import verify
from pipeline.cli.run import FORCE, STORE, execute
from pipeline.cli.subcommands import CommandWithSubcommands
from pipeline.run.tracking import DEFAULT_STORE


def _formats(_context: click.Context, _parameter: click.Parameter, given: str | None) -> tuple[str, ...] | None:
    """Return the formats of a list with commas, each once."""
    from pipeline.report.render.formats import FORMATS

    if given is None:
        return None
    names = tuple(dict.fromkeys(name.strip().lower() for name in given.split(",") if name.strip()))
    unknown = [name for name in names if name not in FORMATS]
    if unknown or not names:
        what = f"'{unknown[0]}' is no format of a report." if unknown else "no format is named."
        raise click.UsageError(f"--format: {what} Choose from {', '.join(FORMATS)}; several with commas.")
    return names


def formats_option(text: str) -> Callable[[FunctionT], FunctionT]:
    """Add `--format`, a list with commas; None where it is not given."""
    return click.option("--format", "formats", metavar="NAMES", callback=_formats, help=text)


@click.command(cls=CommandWithSubcommands)
@click.argument("recipe", metavar="RUN", shell_complete=complete_recipe)
@formats_option("Of html, pdf, pptx, xlsx, md, csv, json; default: report.formats of the recipe, else html,md,json.")
@click.option("--template", type=UserPath(), help="PowerPoint file whose master and layouts the slides take.")
@click.option("--set", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Override a recipe key.")
@click.option("--out", type=UserPath(), help="Output folder of a recipe; default out/<recipe name>.")
@FORCE
@STORE
@verbosity_options
@json_option
def report(*, formats: tuple[str, ...] | None, template: Path | None, **arguments: Any) -> int:
    """Write the client report of RUN into its folder, as report/report.FORMAT.

    RUN is a recipe, or the output folder of a run: its record is enough then, the recipe's file need not be there. No
    other stage is run. Formats that are in the folder already are renewed together with those asked for, so that all
    files say the same.
    """
    from pipeline.record.record import RECORD
    from pipeline.run.tracking import check_store

    reference, store = arguments["recipe"], arguments["store"]
    own = [*(("--format", ",".join(formats)) if formats else ()), *(("--template", str(template)) if template else ())]
    settings = {
        "store": store if store != DEFAULT_STORE else None,
        "own": {"report": tuple(own)},
        "verbose": arguments["verbose"],
        "quiet": arguments["quiet"],
    }
    folder = Path(reference).expanduser()
    if (folder / RECORD).is_file():
        if arguments["out"]:
            raise click.UsageError("--out goes with a recipe; the report of a folder is written into that folder.")
        session = open_recorded(folder, arguments["overrides"], **settings)
    else:
        _refuse_unreported(folder)
        session = open_session(reference, arguments["overrides"], arguments["out"], **settings)
    check_store(store, session.context.out)
    return execute("report", arguments, _asked(session, formats, template))


def _refuse_unreported(folder: Path) -> None:
    from pipeline.base.errors import UsageError

    if folder.is_dir() and (folder.is_absolute() or len(folder.parts) > 1):
        raise UsageError(
            f"{folder} has no record.json, so it is no run's output folder. Give one of a run, or a recipe."
        )


def _asked(session: Session, formats: tuple[str, ...] | None, template: Path | None) -> Session:
    """Return the session with the formats and the template of the command line in its recipe."""
    given = {
        **({"formats": formats} if formats else {}),
        **({"pptx_template": str(template.absolute())} if template else {}),
    }
    if not given:
        return session
    asked = session.recipe.report.model_copy(update=given)
    return Session(session.recipe.model_copy(update={"report": asked}), session.context)


report.add_command(verify)
