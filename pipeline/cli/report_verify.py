"""`awqctl report verify`: a report held against the run that it is of."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.base.format import plural
from pipeline.cli.common import UserPath, emit, json_option

if TYPE_CHECKING:
    from pipeline.verification.result import ReportCheck

_MOST = 40
"""Problems on a screen; `--json` has all."""


@click.command("verify")
@click.argument("file", metavar="FILE", type=UserPath())
@click.option("--run", "run", type=UserPath(), metavar="DIR", help="Output folder of the run; default: above FILE.")
@json_option
def verify(file: Path, *, run: Path | None, as_json: bool) -> int:
    """Recompute the chain from a report back to the raw files; ends with 3 when a figure no longer holds.

    FILE is a report in any format, its evidence.json, or the output folder of a run, then all its reports. Checked
    are the hashes of the report and of every file behind it, each figure that the file prints, where each comes from,
    and the speeds and scores that the raw files give when computed again.
    """
    from pipeline.verification.chain import verify_report

    found = verify_report(file, run)
    emit(as_json, found, lambda: click.echo("\n".join(_lines(found))))
    return 0 if found.intact else 3


def _lines(found: "ReportCheck") -> list[str]:
    if not found.intact:
        shown = [one.sentence for one in found.problems[:_MOST]]
        further = len(found.problems) - len(shown)
        return [*shown, *([f"and {further} more: --json lists all"] if further else [])]
    kept = plural(found.keys, "key"), plural(found.files, "file")
    pieces = plural(found.figures, "printed piece")
    lines = [f"{', '.join(found.reports)}: {pieces} as the record gives them, {kept[0]} found, {kept[1]} as recorded"]
    lines += [f"made again: {one.what} ({plural(one.figures, 'figure')})" for one in found.recomputed]
    return [*lines, *(f"hashes only: {one}" for one in found.hashes_only)]
