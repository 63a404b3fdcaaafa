"""`awqctl verify`: a checkpoint against its manifest."""

from pathlib import Path

import click

from pipeline.cli.common import emit, json_option


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@json_option
def verify(folder: Path, as_json: bool) -> int:  # noqa: FBT001 -- a flag
    """Check every file of the checkpoint in DIR against its manifest; ends with 3 when one differs."""
    from pipeline.manifest import differences, read_manifest

    problems = differences(folder)
    files = len(read_manifest(folder).files)
    document = {"checkpoint": folder, "files": files, "intact": not problems, "problems": problems}
    emit(as_json, document, "\n".join(problems) or f"{folder}: {files} files, all as in the manifest")
    return 3 if problems else 0
