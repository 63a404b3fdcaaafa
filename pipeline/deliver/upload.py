"""A delivery on the hub: checkpoint, card and reports, in one commit.

Files that the hub has already are not sent again, so that an upload that was stopped goes on when it is run again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from pipeline.base.errors import EnvironmentLackError, SourceError, UsageError
from pipeline.base.progress import Reporter
from pipeline.base.results import Result
from pipeline.deliver.manifest import DeliveryManifest, delivery_problems, read_delivery

_DENIED = (401, 403, 404)
_CHECKPOINT, _REPORT = "checkpoint/", "report/"


class Published(Result):
    """Where a delivery is on the hub."""

    repository: str
    revision: str
    """The commit."""
    private: bool
    files: int


def upload(folder: Path, repository: str, *, public: bool, reporter: Reporter) -> Published:
    """Send a delivery to a model repository, which is made where there is none, and return the commit.

    Args:
        folder: of the delivery.
        repository: `org/name`.
        public: whether a repository that is made is public. One that is there stays as it is.
        reporter: told what is sent.

    Raises:
        SourceError: the delivery is not as its manifest says, or the user may not write to the repository.
        EnvironmentLackError: the hub cannot be reached, or stopped on the way; run again, it goes on.
        UsageError: the name is none, or there is a public repository where a private one was asked for.
    """
    if problems := delivery_problems(folder):
        raise SourceError(f"{folder} is not as it was made: {'; '.join(problems[:3])}. Deliver again with --force.")
    manifest = read_delivery(folder)
    names = dict(hub_names(manifest))
    with _explained(repository):
        from huggingface_hub import CommitOperationAdd, HfApi  # noqa: PLC0415 -- only an upload needs it

        api = HfApi()
        api.create_repo(repository, private=not public, exist_ok=True)
        private = bool(api.model_info(repository).private)
        if not private and not public:
            raise UsageError(
                f"{repository} is public on the hub. Name another one, or say --public where everybody may read it."
            )
        reporter.note(f"{len(names)} files to {repository}; those that the hub has already are not sent again")
        additions = [
            CommitOperationAdd(path_in_repo=target, path_or_fileobj=folder / name) for name, target in names.items()
        ]
        summary = f"{manifest.recipe}, delivered by awqctl {manifest.awqctl}"
        done = api.create_commit(repository, additions, commit_message=summary)
    return Published(repository=repository, revision=done.oid, private=private, files=len(names))


def hub_names(manifest: DeliveryManifest) -> Iterator[tuple[str, str]]:
    """Yield the files that are sent, and their names there: the checkpoint at the top, where engines look for it."""
    for name in manifest.files:
        if name.startswith(_CHECKPOINT):
            yield name, name.removeprefix(_CHECKPOINT)
        elif name.startswith(_REPORT):
            yield name, name


@contextmanager
def _explained(repository: str) -> Iterator[None]:
    """Turn the library's errors into sentences of ours; their own text may hold addresses and headers."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError  # noqa: PLC0415 -- only an upload needs it

    transport = cast("type[Exception]", HfHubHTTPError.__bases__[0])
    try:
        yield
    except HFValidationError as problem:
        raise UsageError(f"'{repository}' is no name of a repository: give --to org/name.") from problem
    except (transport, OSError, ValueError, RuntimeError) as problem:
        status = getattr(getattr(problem, "response", None), "status_code", None)
        if status in _DENIED:
            raise SourceError(
                f"The hub does not let you write to {repository}. Set HF_TOKEN to a token with the right to write, and "
                f"check the name of the organization."
            ) from problem
        raise EnvironmentLackError(
            f"The upload to {repository} was not finished. Nothing of it is visible yet; run the same command again, "
            f"which goes on with the files that are missing."
        ) from problem
