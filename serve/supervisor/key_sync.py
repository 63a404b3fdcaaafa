"""`KeySync`: the door follows the endpoint's keys."""

from collections.abc import Sequence

from pipeline.base.errors import UsageError
from pipeline.base.progress import Reporter
from serve.gateway.gateway import Gateway
from serve.gateway.keys import KeyStore
from serve.gateway.rules import KeyRule


class KeySync:
    """Reads the key file again and again.

    Args:
        store: the file; None for none but `extra`.
        extra: keys that are never written down.
        reporter: warned about a file that cannot be read.

    Attributes:
        stored: keys of the file as it could be read last.
    """

    def __init__(self, store: KeyStore | None, extra: Sequence[KeyRule], reporter: Reporter) -> None:
        self.stored: tuple[KeyRule, ...] = ()
        self._store = store
        self._extra = tuple(extra)
        self._reporter = reporter
        self._complaint = ""

    def active(self) -> tuple[KeyRule, ...]:
        """Return the keys that are let in now; those of before where the file cannot be read, with a warning."""
        if self._store is not None:
            try:
                self.stored = self._store.active()
            except UsageError as problem:
                if problem.message != self._complaint:
                    self._reporter.warn(f"{problem.message} Until then the keys stay as they were.")
                self._complaint = problem.message
            else:
                self._complaint = ""
        return (*self.stored, *self._extra)

    def sync(self, gateway: Gateway) -> None:
        """Let in the keys that are active now.

        Raises:
            EngineError: HAProxy does not answer or refuses.
        """
        gateway.sync_keys(self.active())
