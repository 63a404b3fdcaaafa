"""The checkpoints in an output folder: the current one, and earlier ones that were replaced and kept."""

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.base.errors import SourceError
from pipeline.base.results import Result
from pipeline.models.checksums import digest_of
from pipeline.models.manifest import Manifest, differences, read_manifest
from pipeline.record.context import CHECKPOINT, EARLIER, RunContext
from pipeline.record.publish import discard

_EARLIER_NAME = re.compile(r"\w+-[0-9a-f]{12}")
"""What `pipeline.record.publish` calls them; anything else in the folder is somebody else's."""
_BACKENDS = {"autoawq": "autoawq", "llmcompressor": "llm-compressor"}


class StoredCheckpoint(Result):
    """What is known of one checkpoint without reading its weights."""

    folder: str
    """Relative to the output folder."""
    current: bool
    created_at: str | None
    source: str | None
    """The model, as the recipe named it."""
    source_commit: str | None
    source_digest: str | None
    """SHA-256 over the sums of the model's files, which tells models of one name apart."""
    backend: str | None
    bytes: int
    digest: str | None
    complete: bool
    """Whether every file of the manifest is there in its size."""
    problems: tuple[str, ...]

    @property
    def model(self) -> str:
        """The model and which state of it, in words."""
        state = self.source_commit or self.source_digest
        return f"{self.source}@{state[:12]}" if self.source and state else self.source or "-"


def stored_checkpoints(out: Path) -> list[StoredCheckpoint]:
    """Return the current checkpoint, then earlier ones from new to old, damaged ones last."""
    current = [_stored(out / CHECKPOINT, out)] if (out / CHECKPOINT).is_dir() else []
    folders = (out / EARLIER).iterdir() if (out / EARLIER).is_dir() else ()
    earlier = [_stored(path, out) for path in folders if path.is_dir() and _EARLIER_NAME.fullmatch(path.name)]
    return current + sorted(earlier, key=lambda one: (one.complete, one.created_at or ""), reverse=True)


def to_prune(out: Path, keep: int) -> list[StoredCheckpoint]:
    """Return the earlier checkpoints but the `keep` newest; one is kept in any case where no current one is whole."""
    stored = stored_checkpoints(out)
    whole = any(one.current and one.complete for one in stored)
    return [one for one in stored if not one.current][keep if whole else max(keep, 1) :]


def prune(context: RunContext, agreed: Sequence[StoredCheckpoint], keep: int) -> list[StoredCheckpoint]:
    """Remove what was agreed on, as far as it is still to go; return what went.

    Raises:
        BusyError: another process works in the output folder.
    """
    names = {(one.folder, one.digest) for one in agreed}
    with context.alone(". Wait for it, then prune again."):
        context.recover()
        doomed = [one for one in to_prune(context.out, keep) if (one.folder, one.digest) in names]
        for one in doomed:
            discard(context.out / one.folder, context.scratch)
        with suppress(OSError):
            (context.out / EARLIER).rmdir()  # where nothing is left in it
    return doomed


def _stored(folder: Path, out: Path) -> StoredCheckpoint:
    manifest: Manifest | None = None
    try:
        problems = differences(folder, contents=False)
        manifest = read_manifest(folder)
    except SourceError:
        problems = ["no manifest that can be read"]
    return StoredCheckpoint(
        folder=folder.relative_to(out).as_posix(),
        current=folder.name == CHECKPOINT,
        created_at=manifest and manifest.created_at,
        source=manifest and manifest.source.reference,
        source_commit=manifest and manifest.source.commit,
        source_digest=digest_of(manifest.source.files) if manifest and manifest.source.files else None,
        backend=manifest and _backend(manifest),
        bytes=sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()),
        digest=manifest and manifest.digest(),
        complete=not problems,
        problems=tuple(problems),
    )


def _backend(manifest: Manifest) -> str:
    """Return what made it; `auto` in the recipe says no more than the versions do."""
    found = [name for package, name in _BACKENDS.items() if package in manifest.versions]
    return found[0] if found else str(manifest.quantize.get("backend"))
