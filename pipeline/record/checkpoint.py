"""The checkpoint of a run, checked against its manifest and the record."""

from pathlib import Path

from pipeline.base.errors import SourceError
from pipeline.base.homes import user_home
from pipeline.base.progress import Reporter
from pipeline.models.checksums import SumCache
from pipeline.models.manifest import differences, read_manifest
from pipeline.record.context import CHECKPOINT, RunContext
from pipeline.record.record import RunRecord

_SHOWN_PROBLEMS = 3


def checkpoint_of(context: RunContext, record: RunRecord) -> Path:
    """Return the checkpoint of this run, every file checked.

    Raises:
        MissingStageError: nothing has been quantized yet.
        SourceError: the checkpoint is gone, differs from its manifest, or is not the one in the record.
    """
    checkpoint = recorded_checkpoint(context, record)
    check_checkpoint(checkpoint, context.reporter)
    return checkpoint


def recorded_checkpoint(context: RunContext, record: RunRecord) -> Path:
    """Return the checkpoint of this run by its manifest alone; its other files are not looked at.

    Raises:
        MissingStageError: nothing has been quantized yet.
        SourceError: the checkpoint is gone, or is not the one in the record.
    """
    checkpoint, name = context.out / CHECKPOINT, record.recipe.name
    expected = record.done("quantize").payload["checkpoint_digest"]
    if not checkpoint.exists():
        raise SourceError(
            f"{checkpoint} is gone. Run `awqctl quantize {name}`: it puts back what a stopped run was replacing, or "
            f"makes it again."
        )
    manifest = read_manifest(checkpoint)
    if manifest.digest() != expected:
        raise SourceError(
            f"{checkpoint}, made {manifest.created_at}, is not the checkpoint that the record and the notes in "
            f"quantize/ describe: a run was stopped between writing and recording it, or the folder was exchanged. "
            f"Run `awqctl quantize {name} --force`."
        )
    return checkpoint


def check_checkpoint(checkpoint: Path, reporter: Reporter | None = None) -> None:
    """Refuse a checkpoint that differs from its manifest. Files that did not change since are not read again.

    Raises:
        SourceError: it does, or has none.
    """
    problems = differences(checkpoint, cache=SumCache(user_home()), reporter=reporter)
    if problems:
        shown = "; ".join(problems[:_SHOWN_PROBLEMS])
        more = f"; {len(problems) - _SHOWN_PROBLEMS} more" if len(problems) > _SHOWN_PROBLEMS else ""
        raise SourceError(f"{checkpoint} is not what its manifest says: {shown}{more}. Quantize again with --force.")
