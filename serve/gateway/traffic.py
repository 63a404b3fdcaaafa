"""Which places get requests, told to a running HAProxy: states, weights and lots, without a reload."""

from collections.abc import Mapping
from pathlib import Path

from serve.gateway.backends import FULL_WEIGHT, Place, PlaceState, Weights
from serve.gateway.runtime_api import RuntimeApi
from serve.gateway.shares import leaders, lots


class Traffic:
    """How the requests of each backend are shared among its places.

    Args:
        runtime: HAProxy's.
        lots: the map of lots.
    """

    def __init__(self, runtime: RuntimeApi, lots: Path) -> None:
        self._runtime = runtime
        self._map = lots
        self._weights = Weights()
        self._lots: dict[str, tuple[Place, ...]] = {}

    def admit(self, place: Place, weight: int) -> None:
        """Give a place requests by its weight.

        Raises:
            EngineError: HAProxy does not answer or refuses.
        """
        self._weights.of[place] = weight
        self._share(place.backend)
        self._set_state(place, "ready")

    def withdraw(self, place: Place) -> None:
        """Take a place out of use.

        Raises:
            EngineError: HAProxy does not answer or refuses.
        """
        self._weights.of.pop(place, None)
        self._set_state(place, "maint")
        self._share(place.backend)

    def in_force(self) -> Weights:
        """Return the weights as HAProxy has them: 0 for places that are drawn by lot."""
        shares = {place: FULL_WEIGHT if place in leaders(self._of(place.backend)) else 0 for place in self._weights.of}
        return Weights(shares)

    def rows(self) -> str:
        """Return the map of lots as it stands in its file."""
        return "".join(
            f"{backend}:{lot} place-{place.number}\n"
            for backend, drawn in self._lots.items()
            for lot, place in enumerate(drawn)
        )

    def state(self, place: Place, rows: Mapping[tuple[str, str], Mapping[str, str]]) -> PlaceState:
        """Return what HAProxy says of a place.

        Args:
            place: of which.
            rows: of `show stat`, by backend and server.
        """
        found = [rows[server.split("/")[0], server.split("/")[1]] for server in place.servers]
        return PlaceState(
            backend=place.backend,
            number=place.number,
            status=found[0]["status"],
            weight=self._weights.of.get(place, 0),
            sessions=sum(int(row["scur"]) for row in found),
            queued=sum(int(row["qcur"] or 0) for row in found),
            total=sum(int(row["stot"]) for row in found),
        )

    def _set_state(self, place: Place, state: str) -> None:
        for server in place.servers:
            self._runtime.do(f"set server {server} state {state}")

    def _share(self, backend: str) -> None:
        weights = self._of(backend)
        leading = leaders(weights)
        for place in weights:
            for server in place.servers:
                self._runtime.do(f"set weight {server} {FULL_WEIGHT if place in leading else 0}")
        if self._lots.get(backend, ()) != lots(weights):
            self._lots[backend] = lots(weights)
            version = self._runtime.ask(f"prepare map {self._map}").rpartition(" ")[2]
            if rows := self.rows():
                self._runtime.do(f"add map @{version} {self._map} <<\n{rows}")
            self._runtime.do(f"commit map @{version} {self._map}")

    def _of(self, backend: str) -> dict[Place, int]:
        return {place: weight for place, weight in self._weights.of.items() if place.backend == backend}
