"""`KeySync`: the door follows the endpoint's keys."""

import time
from collections.abc import Callable, Sequence

from pipeline.base.errors import AwqctlError
from pipeline.base.progress import Reporter
from serve.gateway.gateway import Gateway
from serve.gateway.keys import KeyStore, digest, new_key
from serve.gateway.rules import KeyRule, temporary_rule


class KeySync:
    """Reads the key file again and again.

    Args:
        store: the file; None for none but `extra`.
        extra: keys that are never written down.
        reporter: warned about a file that cannot be read.
        named: told the keys before they are let in, so that no request is without its key's name in the audit.

    Attributes:
        stored: keys of the file as it could be read last.
    """

    def __init__(
        self,
        store: KeyStore | None,
        extra: Sequence[KeyRule],
        reporter: Reporter,
        named: Callable[[Sequence[KeyRule]], None],
    ) -> None:
        self.stored: tuple[KeyRule, ...] = ()
        self._store = store
        self._extra = tuple(extra)
        self._lent: dict[KeyRule, float] = {}
        self._reporter = reporter
        self._named = named
        self._complaint = ""

    def active(self) -> tuple[KeyRule, ...]:
        """Return the keys that are to be let in now; those of before where the file cannot be read, with a warning."""
        if self._store is not None:
            try:
                self.stored = self._store.active()
            except AwqctlError as problem:
                if problem.message != self._complaint:
                    self._reporter.warn(f"{problem.message} Until then the keys stay as they were.")
                self._complaint = problem.message
            else:
                self._complaint = ""
        now = time.monotonic()
        self._lent = {rule: until for rule, until in self._lent.items() if until > now}
        self._named(self.stored)
        return (*self.stored, *self._extra, *self._lent)

    def lend(self, seconds: float) -> str:
        """Return a new key that is let in for so long from the next `sync` on, and is never written down."""
        key = new_key()
        self._lent = {**self._lent, temporary_rule(digest(key)): time.monotonic() + seconds}
        return key

    def sync(self, gateway: Gateway) -> None:
        """Let in the keys that are active now.

        Raises:
            EngineError: HAProxy does not answer or refuses.
        """
        gateway.sync_keys(self.active())
