"""The Hugging Face hub: which commit a revision is, and that commit's files in the local cache.

The library finds the user's token itself. Its exceptions may hold addresses and headers, so none of their text is
passed on.
"""

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from pipeline.base.errors import EnvironmentLackError, SourceError
from pipeline.base.files import write_atomically
from pipeline.base.homes import expanded
from pipeline.base.progress import Task
from pipeline.models.files import PICKLED, UNWANTED
from pipeline.models.trust import is_commit

_DEFAULT = "main"
_TIMEOUT_S = 5.0
_DENIED = (401, 403)


@dataclass(frozen=True)
class Commit:
    """A commit of a hub model."""

    sha: str
    """40 hexadecimal digits."""
    note: str | None = None
    """A sentence for the reader where it may not be the newest."""


@lru_cache
def find_commit(repository: str, revision: str | None) -> Commit:
    """Return the commit that a revision stands for now.

    A full commit is taken at its word. For a branch or a tag the hub is asked, once per process: what is compared,
    downloaded and recorded is the same commit even when the branch moves meanwhile. When the hub cannot be asked, it is
    the commit that the local cache holds for that revision.

    Raises:
        SourceError: the hub has no such model or revision, and neither has the cache.
        EnvironmentLackError: the hub cannot be reached, and the cache does not hold it.
    """
    if revision is not None and is_commit(revision):
        return Commit(revision)
    reference = revision or _DEFAULT
    try:
        with _explained(f"{repository}@{reference}"):
            return Commit(_ask(repository, reference))
    except (SourceError, EnvironmentLackError) as problem:
        cached = _cached_commit(repository, reference)
        if cached is None:
            raise
        reason = "shows no such model" if isinstance(problem, SourceError) else "cannot be reached or is switched off"
        return Commit(
            cached,
            f"The hub {reason}, so whether {repository}@{reference} has a newer commit is not known; commit "
            f"{cached[:12]} from the local cache is used.",
        )


def fetch(repository: str, commit: Commit, patterns: Sequence[str], task: Task | None = None) -> Path:
    """Return the folder of a commit in the local cache, with at least the files that match `patterns`.

    A hub that could not be asked for the commit is not asked for its files either.

    Args:
        repository: on the hub.
        commit: of it.
        patterns: of names of files.
        task: told how many bytes have come, as soon as any do.

    Raises:
        SourceError: the user may not read them.
        EnvironmentLackError: the hub cannot be reached, and the cache does not hold them.
    """
    from huggingface_hub import snapshot_download  # noqa: PLC0415 -- only a hub model needs it

    with _explained(f"{repository}@{commit.sha[:12]}"):
        folder = snapshot_download(
            repository,
            revision=commit.sha,
            allow_patterns=list(patterns),
            ignore_patterns=[*UNWANTED, *PICKLED],
            local_files_only=commit.note is not None,
            tqdm_class=_reporting(task, f"downloading {repository}") if task else None,
        )
        return Path(folder)


def _reporting(task: Task, text: str) -> Any:
    """Return what the library draws its bars with, so that it reports the one of bytes instead.

    Its total grows while files begin, eight at a time.
    """
    from tqdm import tqdm  # type: ignore[import-untyped]  # noqa: PLC0415 -- only a hub model needs it

    class ReportingBar(tqdm):  # type: ignore[misc]
        """A bar that is drawn nowhere."""

        def __init__(self, *arguments: Any, **settings: Any) -> None:
            super().__init__(*arguments, **settings | {"file": io.StringIO()})

        def display(self, *_: Any, **__: Any) -> None:
            """Report."""
            if self.unit == "B" and self.n:
                task.update(text=text, done=self.n, total=self.total)

    return ReportingBar


def remember(repository: str, revision: str | None, commit: str) -> None:
    """Note in the hub's cache which commit a branch or tag stood for, as the library does when it is given those."""
    if revision is None or not is_commit(revision):
        with contextlib.suppress(OSError):  # a cache of somebody else, which is complete without this
            write_atomically(_cache(repository) / "refs" / (revision or _DEFAULT), commit)


def _ask(repository: str, reference: str) -> str:
    from huggingface_hub import HfApi  # noqa: PLC0415 -- only a hub model needs it

    sha = HfApi().model_info(repository, revision=reference, timeout=_TIMEOUT_S).sha
    if not is_commit(sha):
        raise ValueError("not a commit")
    return cast("str", sha)


def _cached_commit(repository: str, reference: str) -> str | None:
    try:
        commit = (_cache(repository) / "refs" / reference).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
    return commit if is_commit(commit) and (_cache(repository) / "snapshots" / commit).is_dir() else None


def _cache(repository: str) -> Path:
    from huggingface_hub import constants  # noqa: PLC0415 -- only a hub model needs it
    from huggingface_hub.file_download import repo_folder_name  # noqa: PLC0415

    return expanded(constants.HF_HUB_CACHE, "HF_HUB_CACHE or HF_HOME") / repo_folder_name(
        repo_id=repository, repo_type="model"
    )


@contextlib.contextmanager
def _explained(wanted: str) -> Iterator[None]:
    """Turn the library's errors into sentences of ours; a full disk and the like pass through."""
    from huggingface_hub.errors import (  # noqa: PLC0415 -- only a hub model needs it
        HfHubHTTPError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    # The HTTP library differs by version of the hub library; its errors are the first base of the hub's.
    transport = cast("type[Exception]", HfHubHTTPError.__bases__[0])
    try:
        yield
    except (RepositoryNotFoundError, RevisionNotFoundError, HFValidationError) as problem:
        raise _denied(wanted) from problem
    except UnicodeEncodeError:
        raise SourceError("The hub token holds characters that no token has. Set HF_TOKEN anew.") from None
    except (transport, OSError, ValueError) as problem:
        if getattr(getattr(problem, "response", None), "status_code", None) in _DENIED:
            raise _denied(wanted) from problem
        if isinstance(problem, OSError) and problem.errno and not isinstance(problem, ConnectionError | TimeoutError):
            raise
        raise EnvironmentLackError(
            f"The model hub cannot be reached and {wanted} is not in the local cache. Check the network, "
            f"or copy the model here and give its folder as model.source."
        ) from problem


def _denied(wanted: str) -> SourceError:
    return SourceError(
        f"The hub has no model {wanted} that you may read. Check the id and the revision; "
        f"for a gated model accept its licence and set HF_TOKEN."
    )
