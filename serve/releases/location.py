"""Where the weights of a release are now, and whether they are what was registered.

A later `quantize` puts another checkpoint in the same folder and keeps this one under another name, until it is pruned.
A release is found again by its digest, never by its folder alone.
"""

import shlex
from collections.abc import Iterator
from pathlib import Path

from pipeline.base.commands import program
from pipeline.base.errors import SourceError
from pipeline.base.homes import user_home
from pipeline.base.progress import Reporter
from pipeline.models.checksums import SumCache, digest_of, sum_files
from pipeline.models.manifest import read_manifest
from pipeline.models.trust import custom_code
from pipeline.quantize.weights import check_tokens
from pipeline.record.checkpoint import check_checkpoint
from pipeline.record.context import CHECKPOINT, EARLIER
from serve.releases.release import Release


def located(release: Release) -> Path:
    """Return the folder that has the weights of a release now, by its manifest alone.

    Raises:
        SourceError: none has; names the command that makes them again.
    """
    if release.arm == "baseline":
        if Path(release.checkpoint).is_dir():
            return Path(release.checkpoint)
        raise SourceError(
            f"The 16-bit model of release {release.version}, {release.checkpoint}, is gone. Bring it back: "
            f"`{_call('run', release.recipe, '--dry-run')}` says where the recipe looks for it."
        )
    for folder in _candidates(release):
        if _digest(folder) == release.digest:
            return folder
    again = _call("quantize", release.recipe, "--out", release.run)
    raise SourceError(
        f"The checkpoint of release {release.version} (digest {release.digest[:12]}, made {release.made_at}) is gone: "
        f"{release.checkpoint} has another one, or none, and {Path(release.run) / EARLIER} has it not. With the "
        f"settings of that time{_logged(release)} `{again}` makes it again."
    )


def verified(release: Release, reporter: Reporter) -> Path:
    """Return the folder of a release's weights, every file read or known to be unchanged.

    Raises:
        SourceError: they are gone, or not what was registered.
        ImpossiblePlanError: a prompt could end the engine for everybody.
    """
    folder = located(release)
    if release.arm == "baseline":
        sums = sum_files(folder, names=release.files, cache=SumCache(user_home()), reporter=reporter)
        if digest_of(sums) != release.digest:
            raise SourceError(
                f"The 16-bit model {folder} is not the one that release {release.version} was registered with. Bring "
                f"that one back, or register this one with `awqctl release add RUN --arm baseline`."
            )
    else:
        check_checkpoint(folder, reporter)
    if release.trust_remote_code and custom_code(folder).digest != release.code_digest:
        raise SourceError(
            f"The Python files of {folder} are not those that were trusted when release {release.version} was "
            f"registered. Read them, and register it again."
        )
    check_tokens(folder, trust_remote_code=release.trust_remote_code)
    return folder


def _candidates(release: Release) -> Iterator[Path]:
    yield Path(release.checkpoint)
    run = Path(release.run)
    yield run / CHECKPOINT
    if (run / EARLIER).is_dir():
        yield from sorted((run / EARLIER).glob(f"*-{release.digest[:12]}"))


def _digest(folder: Path) -> str | None:
    try:
        return read_manifest(folder).digest()
    except (SourceError, OSError):
        return None


def _call(*arguments: str) -> str:
    """Return the command line for the recipe of a release, which need not be what was typed."""
    return shlex.join([program(), *arguments])


def _logged(release: Release) -> str:
    return f" (MLflow run {release.mlflow_run_id})" if release.mlflow_run_id else ""
