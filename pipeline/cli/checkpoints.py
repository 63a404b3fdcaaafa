"""`awqctl checkpoints`: the current checkpoint of a recipe and the ones it replaced."""

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.common import UserPath, emit, json_option, open_session, recipe_options

if TYPE_CHECKING:
    from pipeline.models.manifest import Manifest

_EARLIER_NAME = re.compile(r"\w+-[0-9a-f]{12}")
"""What `pipeline.record.publish` calls them; anything else in the folder is somebody else's."""


@click.group()
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
    folder = _existing(_folder(recipe, out))
    rows = _rows(folder)

    def table() -> None:
        if not rows:
            click.echo(f"There is no checkpoint in {folder} yet. Make one with `awqctl quantize`.", err=True)
            return
        width = max(len(row["folder"]) for row in rows)
        click.echo(f"{'FOLDER':{width}}  {'MADE':25}  {'BACKEND':14}  {'GIB':>8}  {'SOURCE':<12}  STATE")
        for row in rows:
            commit, state = (row["source_commit"] or "-")[:12], "complete" if row["complete"] else row["problems"][0]
            made, backend, size = row["created_at"] or "-", row["backend"] or "-", row["bytes"] / 2**30
            click.echo(f"{row['folder']:{width}}  {made:25}  {backend:14}  {size:8.2f}  {commit:<12}  {state}")

    emit(as_json, rows, table)


@checkpoints.command()
@recipe_options
@click.option("--keep", type=click.IntRange(min=0), default=0, show_default=True, help="Earlier ones to keep.")
@json_option
def prune(**arguments: Any) -> None:
    """Remove earlier checkpoints of RECIPE but the newest; the current one always stays."""
    from filelock import FileLock, Timeout

    from pipeline.base.errors import BusyError
    from pipeline.record.context import EARLIER
    from pipeline.record.publish import discard

    context = open_session(arguments["recipe"], arguments["overrides"], arguments["out"]).context
    _existing(context.out)
    try:
        with FileLock(context.out / ".lock", timeout=0):
            context.recover()
            earlier = [row for row in _rows(context.out) if not row["current"]]
            kept, doomed = earlier[: arguments["keep"]], earlier[arguments["keep"] :]
            for row in doomed:
                discard(context.out / row["folder"], context.scratch)
            with suppress(OSError):
                (context.out / EARLIER).rmdir()  # where nothing is left in it
    except Timeout:
        raise BusyError(f"Another awqctl works in {context.out}. Wait for it, then prune again.") from None
    freed = sum(row["bytes"] for row in doomed)
    document = {
        "removed": [row["folder"] for row in doomed],
        "kept": [row["folder"] for row in kept],
        "freed_bytes": freed,
    }
    lines = [f"removed {row['folder']}" for row in doomed]
    lines.append(f"{len(doomed)} removed, {freed / 2**30:.2f} GiB; {len(kept)} earlier and the current one stay")
    emit(arguments["as_json"], document, "\n".join(lines))


def _folder(recipe: str | None, out: Path | None) -> Path:
    if recipe is None and out is None:
        raise click.UsageError("Give RECIPE or --out DIR.")
    if recipe is None:
        return out.absolute() if out else Path()
    folder: Path = open_session(recipe, (), out).context.out
    return folder


def _existing(out: Path) -> Path:
    from pipeline.base.errors import SourceError

    if not out.is_dir():
        raise SourceError(f"There is no output folder {out}. Make one with `awqctl quantize`, or give --out.")
    return out


def _rows(out: Path) -> list[dict[str, Any]]:
    """Return what is known of each checkpoint: the current one, earlier ones from new to old, damaged ones last."""
    from pipeline.record.context import CHECKPOINT, EARLIER

    current = [_row(out / CHECKPOINT, out)] if (out / CHECKPOINT).is_dir() else []
    folders = (out / EARLIER).iterdir() if (out / EARLIER).is_dir() else ()
    earlier = [_row(path, out) for path in folders if path.is_dir() and _EARLIER_NAME.fullmatch(path.name)]
    return current + sorted(earlier, key=lambda row: (row["complete"], row["created_at"] or ""), reverse=True)


def _row(folder: Path, out: Path) -> dict[str, Any]:
    from pipeline.base.errors import SourceError
    from pipeline.models.manifest import differences, read_manifest
    from pipeline.record.context import CHECKPOINT

    manifest: Manifest | None = None
    try:
        problems = differences(folder, contents=False)
        manifest = read_manifest(folder)
    except SourceError:
        problems = ["no manifest that can be read"]
    return {
        "folder": folder.relative_to(out).as_posix(),
        "current": folder.name == CHECKPOINT,
        "created_at": manifest and manifest.created_at,
        "source": manifest and manifest.source.reference,
        "source_commit": manifest and manifest.source.commit,
        "backend": manifest and _backend(manifest),
        "bytes": sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()),
        "digest": manifest and manifest.digest(),
        "complete": not problems,
        "problems": problems,
    }


def _backend(manifest: "Manifest") -> str:
    """Return what made it; `auto` in the recipe says no more than the versions do."""
    asked = str(manifest.quantize.get("backend"))
    found = [name for package, name in _BACKENDS.items() if package in manifest.versions]
    return found[0] if found else asked


_BACKENDS = {"autoawq": "autoawq", "llmcompressor": "llm-compressor"}
