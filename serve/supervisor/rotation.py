"""`Rotation`: which places get requests, told to a door that may be starting again at the moment."""

import time
from collections.abc import Callable

from pipeline.base.errors import EngineError
from serve.gateway.backends import Place, PlaceState
from serve.gateway.gateway import Gateway

_PATIENCE_S = 10.0
_PAUSE_S = 0.2


class Rotation:
    """The gateway's places, for engines that come and go in threads of their own.

    HAProxy that died keeps what it is told: the gateway writes it into the next one's configuration. So a change is
    repeated until an HAProxy that lives has it.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def admit(self, place: Place, weight: int) -> None:
        """Give a place requests; with weight 0 what it has ends and nothing new comes.

        Raises:
            EngineError: HAProxy refuses, or stays away.
        """
        self._until_told(lambda: self._gateway.admit(place, weight))

    def withdraw(self, place: Place) -> None:
        """Take a place out of use.

        Raises:
            EngineError: HAProxy refuses, or stays away.
        """
        self._until_told(lambda: self._gateway.withdraw(place))

    def cut(self, place: Place) -> None:
        """Break off what a place has under way.

        Raises:
            EngineError: HAProxy refuses, or stays away.
        """
        self._until_told(lambda: self._gateway.cut(place))

    def states(self) -> dict[Place, PlaceState]:
        """Return what HAProxy says of the places; nothing while it does not answer."""
        try:
            return {Place(state.backend, state.number): state for state in self._gateway.places()}
        except EngineError:
            return {}

    def under_way(self, place: Place | None = None) -> int:
        """Return how many requests a place has, or all of them; 0 while HAProxy does not answer.

        What a process of before a reload still has cannot be told apart by places: each such process counts as one.
        """
        try:
            finishing = self._gateway.finishing()
        except EngineError:
            return 0
        states = self.states()
        chosen = states.values() if place is None else [states[place]] if place in states else []
        return finishing + sum(state.sessions + state.queued for state in chosen)

    def _until_told(self, tell: Callable[[], None]) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return tell()
            except EngineError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_S)
