"""Room for one running engine between two stages of a run, so that what is loaded need not be loaded again."""

import secrets
from collections.abc import Callable
from typing import Any


class Slot:
    """Holds at most one engine; whoever takes it owns it, and another one is only started when this is empty.

    Attributes:
        api_key: of every engine that may stay here, made for this run so that nobody else can load them.
    """

    def __init__(self) -> None:
        self.api_key = secrets.token_urlsafe(24)
        self._held: tuple[str, Any, Callable[[], None]] | None = None

    def take(self, identity: str) -> Any:
        """Return the engine of this identity and let go of it; stop any other, and return None."""
        if self._held is not None and self._held[0] == identity:
            (_, engine, _), self._held = self._held, None
            return engine
        self.clear()
        return None

    def put(self, identity: str, engine: object, stop: Callable[[], None]) -> None:
        """Keep a running engine, instead of the one that was here.

        Args:
            identity: equal for engines that serve the same weights with the same settings.
            engine: what `take` returns.
            stop: stops it.
        """
        self.clear()
        self._held = (identity, engine, stop)

    def clear(self) -> None:
        """Stop the engine that is here."""
        if self._held is not None:
            (_, _, stop), self._held = self._held, None
            stop()

    @property
    def empty(self) -> bool:
        """Whether no engine is here."""
        return self._held is None

    def holds(self, identity: str) -> bool:
        """Return whether the engine of this identity is here."""
        return self._held is not None and self._held[0] == identity
