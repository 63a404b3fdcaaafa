"""One process owns an endpoint: it holds the endpoint's lock for as long as it lives, however it ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.base.commands import command
from pipeline.base.errors import BusyError
from pipeline.base.locks import exclusive
from serve.endpoint import EndpointFolder


@contextmanager
def owned(folder: EndpointFolder) -> Iterator[None]:
    """Own the endpoint during the block; what a killed owner left is gone.

    Raises:
        BusyError: another process owns it; the message says which.
    """

    def held(holder: str) -> None:
        raise BusyError(
            f"The endpoint '{folder.name}' is served already ({holder}). Stop it with "
            f"`{command('serve stop', '--endpoint', folder.name)}`, or take another name with --endpoint NAME."
        )

    folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusive(folder.lock, held, patience_s=1.0):
        folder.lock.chmod(0o600)
        folder.state.unlink(missing_ok=True)
        yield
