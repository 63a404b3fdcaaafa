"""Whether what stages published is still as it was published. Files that did not change since are not read again."""

import errno
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.base.errors import SourceError
from pipeline.models.checksums import SumCache, read_sums, sum_files
from pipeline.models.manifest import EXTRA, differences
from pipeline.models.manifest import NAME as MANIFEST
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.stage import Stage


def published_sums(context: RunContext) -> dict[str, str]:
    """Return the SHA-256 of all files in the folders that were just published, by path below the output folder.

    A checkpoint's are left out: they stand in its manifest.
    """
    folders = [name for name in context.published if not (context.out / name / MANIFEST).exists()]
    return {
        f"{folder}/{name}": entry.sha256
        for folder in folders
        for name, entry in sum_files(context.out / folder, cache=context.sums).items()
    }


def damage(stage: Stage, recipe: Recipe, sums: Mapping[str, str], context: RunContext) -> str | None:
    """Return what of a stage's output is gone or not as it was published; None where all is.

    Args:
        stage: whose output it is.
        recipe: as it is now, for which outputs there must be.
        sums: as recorded with the result.
        context: of the run.

    Raises:
        SourceError: a checkpoint has a file more, which is no reason to make it again.
    """
    outputs = stage.outputs(recipe)
    missing = [path for path in outputs if not (context.out / path).exists()]
    if missing:
        return f"{missing[0]} is gone" if missing[0] in sums or not sums else f"{missing[0]} is not there yet"
    for folder in (path.removesuffix(f"/{MANIFEST}") for path in outputs if path.endswith(f"/{MANIFEST}")):
        if found := _checkpoint_damage(folder, context):
            return found
    return next(changed(sums, context.out, context.sums), None)


def _checkpoint_damage(folder: str, context: RunContext) -> str | None:
    problems = differences(context.out / folder, cache=context.sums, reporter=context.reporter)
    extra = [problem for problem in problems if problem.endswith(EXTRA)]
    if problems and problems == extra:
        raise SourceError(
            f"{context.out / folder} has more in it than its manifest lists ({extra[0]}), and engines might read that. "
            f"Move it away and run the same command again."
        )
    return next((f"{folder}/{problem}" for problem in problems if problem not in extra), None)


def changed(sums: Mapping[str, str], out: Path, cache: SumCache) -> Iterator[str]:
    """Yield what of these files is gone or not as it was written, a phrase each.

    Args:
        sums: SHA-256 by path below the output folder.
        out: the output folder.
        cache: spares what it knows.
    """
    by_folder: dict[str, list[str]] = defaultdict(list)
    for path in sums:
        folder, _, name = path.partition("/")
        by_folder[folder].append(name)
    for folder, names in by_folder.items():
        for name, found in read_sums(out / folder, names, cache=cache).items():
            path = f"{folder}/{name}"
            if isinstance(found, OSError):
                gone = found.errno in (errno.ENOENT, errno.ENOTDIR)
                yield f"{path} is gone" if gone else f"{path} cannot be read ({found.strerror})"
            elif found.sha256 != sums[path]:
                yield f"{path} is not as it was written"
