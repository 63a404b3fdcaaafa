"""`Refusals`: why the door answers 503 to everything, from several who may want that."""

import contextlib
import threading

from pipeline.base.errors import EngineError
from serve.gateway.gateway import Gateway


class Refusals:
    """The reasons, by who has them; the door is told the first one."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}
        self._gateway: Gateway | None = None
        self._changing = threading.RLock()

    def attach(self, gateway: Gateway) -> None:
        """Tell this door from now on."""
        self._gateway = gateway
        self.sync()

    def set(self, who: str, reason: str | None) -> None:
        """Refuse everything for that reason; None has none any more."""
        with self._changing:
            if reason is None:
                self._reasons.pop(who, None)
            else:
                self._reasons[who] = reason
            self.sync()

    def sync(self) -> None:
        """Tell the door, unless it knows or is being started again; then the next call does."""
        with self._changing:
            wanted = next(iter(self._reasons.values()), None)
            if self._gateway is not None and self._gateway.refusing != wanted:
                with contextlib.suppress(EngineError):
                    self._gateway.refuse(wanted)
