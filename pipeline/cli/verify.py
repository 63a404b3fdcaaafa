"""`awqctl verify`: a checkpoint against its manifest, and the files of a run against its record."""

from pathlib import Path

import click

from pipeline.base.format import plural
from pipeline.cli.common import UserPath, emit, json_option, reporter, verbosity_options


@click.command()
@click.argument("folder", metavar="DIR", type=UserPath())
@verbosity_options
@json_option
def verify(folder: Path, *, verbose: bool, quiet: bool, as_json: bool) -> int:
    """Check every file of the checkpoint in DIR against its manifest; ends with 3 when one differs.

    Of an output folder also every file that its results are made of is checked against the sums in them: samples,
    what the load client wrote, the report; and of a delivery every file. All files are read, whatever was read before.
    """
    from pipeline.base.homes import user_home
    from pipeline.deliver.manifest import delivery_problems, files_of, is_delivery
    from pipeline.models.checksums import SumCache
    from pipeline.models.manifest import DAMAGED, NAME, differences, read_manifest
    from pipeline.run.outputs import changed
    from pipeline.run.recorded_files import recorded_sums

    # What is read replaces what the cache knew, so that damage found here is damage for every stage.
    cache = SumCache(user_home(), trusted=False)
    checkpoint, sums = _checkpoint_in(folder), recorded_sums(folder)
    problems: list[str] = []
    files = 0
    if not sums or (checkpoint / NAME).exists():
        problems = differences(checkpoint, cache=cache, reporter=reporter(verbose=verbose, quiet=quiet))
        files = 0 if problems == [DAMAGED] else len(read_manifest(checkpoint).files)
    problems += changed(sums, folder, cache)
    delivered = 0
    if is_delivery(folder):
        problems += [one for one in delivery_problems(folder, cache) if one not in problems]
        delivered = len(files_of(folder))
    intact = not problems
    document = {
        "checkpoint": checkpoint,
        "files": files,
        "recorded_files": len(sums),
        "delivered_files": delivered,
        "intact": intact,
        "problems": problems,
    }
    lines = [f"{checkpoint}: {plural(files, 'file')}, all as in the manifest"] if files else []
    lines += [f"{folder}: {plural(len(sums), 'file')} of results, all as recorded"] if sums else []
    lines += [f"{folder}: {plural(delivered, 'file')} of a delivery, all as delivered"] if delivered else []
    emit(as_json, document, "\n".join(lines if intact else problems))
    return 0 if intact else 3


def _checkpoint_in(folder: Path) -> Path:
    """Return the folder, or the checkpoint in it when it is an output folder."""
    from pipeline.models.manifest import NAME
    from pipeline.record.context import CHECKPOINT

    inner = folder / CHECKPOINT
    if (folder / NAME).exists() or not (inner / NAME).exists():
        return folder
    click.echo(f"awqctl: {folder} is an output folder; checking {inner}.", err=True)
    return inner
