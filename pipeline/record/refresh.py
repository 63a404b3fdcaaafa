"""Text files of a published checkpoint replaced, without copying what is large."""

import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from pipeline.base.errors import SourceError
from pipeline.models.checksums import sum_files
from pipeline.models.manifest import Manifest, read_manifest, write_manifest
from pipeline.record.context import RunContext

_NO_LINKS = (errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOSYS, errno.EOPNOTSUPP)
"""What file systems without hard links answer."""


def refresh(checkpoint: Path, texts: Mapping[str, str], context: RunContext) -> Manifest:
    """Replace text files of the published `checkpoint`, whole or not at all; return its new manifest.

    All other files become hard links to the ones that are there: nothing large is copied or read, and their sums in
    the manifest stay, so that damage is as visible afterwards as before. Where the file system has no hard links they
    are copied. When only the model card differs the digest stays, and the previous folder goes.

    Raises:
        SourceError: the checkpoint has no manifest, or lacks a file.
    """
    manifest = read_manifest(checkpoint)
    known = context.sums.recall(checkpoint)
    with context.staged(checkpoint.name) as folder:
        kept = [name for name in manifest.files if name not in texts]
        for name in kept:
            _link(checkpoint / name, folder / name)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        files = manifest.files | sum_files(folder, names=texts, cache=context.sums, publish_as=checkpoint)
        manifest = manifest.model_copy(update={"files": dict(sorted(files.items()))})
        write_manifest(manifest, folder)
    context.sums.carry({name: known[name] for name in kept if name in known}, checkpoint)
    return manifest


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target, follow_symlinks=False)
    except FileNotFoundError:
        raise SourceError(f"{source} is missing, though the manifest lists it. Quantize again with --force.") from None
    except OSError as problem:
        if problem.errno not in _NO_LINKS:
            raise
        shutil.copy2(source, target, follow_symlinks=False)
