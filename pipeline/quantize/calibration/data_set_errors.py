"""What goes wrong inside `datasets`, told without tokens: whose fault it is, and what to do."""

from collections.abc import Iterator

from pipeline.base.errors import AwqctlError, EnvironmentLackError, SourceError
from pipeline.models import redacted

_LONGEST_REASON = 300
_REFUSED = (401, 403)
"""HTTP statuses of the hub that ask for a token, or for another one."""


def failures() -> tuple[type[Exception], ...]:
    """Return what `datasets` and the clients below it raise."""
    from aiohttp import ClientError  # noqa: PLC0415 -- loaded by `datasets`, for files over HTTP
    from datasets.exceptions import DatasetsError  # noqa: PLC0415 -- seconds of import, only here
    from httpx import HTTPError  # noqa: PLC0415 -- loaded by `datasets`
    from pyarrow import ArrowException  # type: ignore[import-untyped]  # noqa: PLC0415 -- loaded by `datasets`

    of_the_data = (ArrowException, DatasetsError, ValueError, TypeError, KeyError, RuntimeError, EOFError)
    return (*of_the_data, OSError, HTTPError, ClientError)


def explained(problem: Exception, title: str, *, is_local: bool) -> AwqctlError:
    """Return the error to show for one of `failures`.

    Raise it `from None`: requests with tokens in their headers hang on the cause.

    Args:
        problem: what was raised.
        title: which data set, for the reader.
        is_local: it is a folder on this machine.
    """
    from datasets.exceptions import DatasetNotFoundError  # noqa: PLC0415 -- loaded already, it raised `problem`
    from huggingface_hub.errors import RepositoryNotFoundError  # noqa: PLC0415

    reason = f"{title}: {_reason(problem)}"
    if is_local:
        return SourceError(f"{reason}. Give a folder of .parquet, .jsonl or .txt files, and a split that it has.")
    if isinstance(problem, DatasetNotFoundError | RepositoryNotFoundError) or _status(problem) in _REFUSED:
        return SourceError(f"{reason}. Check the name; for a gated data set accept its terms and set HF_TOKEN.")
    if _is_of_the_network(problem):
        return EnvironmentLackError(f"{reason}. Check the network, or copy the data here and give its file or folder.")
    return SourceError(f"{reason}. Correct config and split, or give a local file.")


def _status(problem: Exception) -> int | None:
    """Return the HTTP status that the hub answered with."""
    return getattr(getattr(problem, "response", None), "status_code", None)


def _is_of_the_network(problem: Exception) -> bool:
    """Return whether the hub could not be asked; `datasets` reports that as a missing file too."""
    from aiohttp import ClientError  # noqa: PLC0415 -- loaded already, as above
    from httpx import HTTPError  # noqa: PLC0415
    from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415

    if isinstance(problem, FileNotFoundError):
        return any(isinstance(cause, LocalEntryNotFoundError) for cause in _causes(problem))
    return isinstance(problem, OSError | HTTPError | ClientError)


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those it was raised from or during."""
    cause: BaseException | None = problem
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _reason(problem: Exception) -> str:
    """Return the message on one line, without tokens and passwords, cut where it gets long."""
    text = " ".join(redacted(str(problem)).split())
    return text[:_LONGEST_REASON].rstrip(". ") or type(problem).__name__
