"""The checkpoint of a run, checked against its manifest and the record."""

from pathlib import Path

from pipeline.base.commands import command
from pipeline.base.errors import SourceError
from pipeline.base.homes import user_home
from pipeline.base.progress import Reporter
from pipeline.models.checksums import SumCache
from pipeline.models.manifest import differences, read_manifest
from pipeline.record.context import CHECKPOINT, RunContext

_SHOWN_PROBLEMS = 3


def checkpoint_of(context: RunContext, digest: str) -> Path:
    """Return the checkpoint of this run, every file checked.

    Args:
        context: of the run.
        digest: of the checkpoint, as the stage quantize reported it.

    Raises:
        SourceError: the checkpoint is gone, differs from its manifest, or is not the one in the record.
    """
    checkpoint = recorded_checkpoint(context, digest)
    check_checkpoint(checkpoint, context.reporter)
    return checkpoint


def recorded_checkpoint(context: RunContext, digest: str) -> Path:
    """Return the checkpoint of this run by its manifest alone; its other files are not looked at.

    Raises:
        SourceError: the checkpoint is gone, or is not the one in the record.
    """
    checkpoint = context.out / CHECKPOINT
    if not checkpoint.exists():
        raise SourceError(
            f"{checkpoint} is gone. Run `{command('quantize')}`: it puts back what a stopped run was replacing, or "
            f"makes it again."
        )
    manifest = read_manifest(checkpoint)
    if manifest.digest() != digest:
        raise SourceError(
            f"{checkpoint}, made {manifest.created_at}, is not the checkpoint that the record and the notes in "
            f"quantize/ describe: a run was stopped between writing and recording it, or the folder was exchanged. "
            f"Run `{command('quantize', '--force')}`."
        )
    return checkpoint


def check_checkpoint(checkpoint: Path, reporter: Reporter | None = None, *, advice: str | None = None) -> None:
    """Refuse a checkpoint that differs from its manifest. Files that did not change since are not read again.

    Args:
        checkpoint: the folder.
        reporter: told how far it is.
        advice: what to do about a difference; default to quantize again.

    Raises:
        SourceError: it does, or has none.
    """
    problems = differences(checkpoint, cache=SumCache(user_home()), reporter=reporter)
    if problems:
        shown = "; ".join(problems[:_SHOWN_PROBLEMS])
        more = f"; {len(problems) - _SHOWN_PROBLEMS} more" if len(problems) > _SHOWN_PROBLEMS else ""
        way = advice or f"Run `{command('quantize', '--force')}`."
        raise SourceError(f"{checkpoint} is not what its manifest says: {shown}{more}. {way}")
