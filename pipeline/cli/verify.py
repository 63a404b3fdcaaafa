"""`awqctl verify`: a checkpoint against its manifest."""

from pathlib import Path

import click

from pipeline.cli.common import UserPath, emit, json_option, reporter, verbosity_options


@click.command()
@click.argument("folder", metavar="DIR", type=UserPath())
@verbosity_options
@json_option
def verify(folder: Path, *, verbose: bool, quiet: bool, as_json: bool) -> int:
    """Check every file of the checkpoint in DIR against its manifest; ends with 3 when one differs.

    All files are read, whatever was read before.
    """
    from pipeline.base.homes import user_home
    from pipeline.models.checksums import SumCache
    from pipeline.models.manifest import DAMAGED, differences, read_manifest

    folder = _checkpoint_in(folder)
    # What is read replaces what the cache knew, so that damage found here is damage for every stage.
    problems = differences(
        folder, cache=SumCache(user_home(), trusted=False), reporter=reporter(verbose=verbose, quiet=quiet)
    )
    files = 0 if problems == [DAMAGED] else len(read_manifest(folder).files)
    document = {"checkpoint": folder, "files": files, "intact": not problems, "problems": problems}
    emit(as_json, document, "\n".join(problems) or f"{folder}: {files} files, all as in the manifest")
    return 3 if problems else 0


def _checkpoint_in(folder: Path) -> Path:
    """Return the folder, or the checkpoint in it when it is an output folder."""
    from pipeline.models.manifest import NAME
    from pipeline.record.context import CHECKPOINT

    inner = folder / CHECKPOINT
    if (folder / NAME).exists() or not (inner / NAME).exists():
        return folder
    click.echo(f"awqctl: {folder} is an output folder; checking {inner}.", err=True)
    return inner
