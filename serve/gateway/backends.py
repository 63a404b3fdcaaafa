"""What stands behind the door: for each model the places that its engines may take, and which of them get requests.

A place is a unix socket and a server in HAProxy's configuration, there from the start; an engine takes it and leaves
it again without a reload. There are twice as many as engines, so that a new release can stand beside the old one.
"""

from dataclasses import dataclass, field
from pathlib import Path

from pipeline.base.results import Result

FULL_WEIGHT = 100


@dataclass(frozen=True)
class Backend:
    """One model behind the door."""

    name: str
    """In HAProxy's configuration, such as `model-1`."""
    models: tuple[str, ...]
    """Names that clients ask for: the model's, and those of its adapters."""
    sockets: tuple[Path, ...]
    """One for each place; the first is place 1."""
    max_model_len: int | None = None
    """Tokens of prompt and answer; stands in the list of models."""


@dataclass(frozen=True)
class Place:
    """One server of one backend."""

    backend: str
    number: int
    """From 1."""

    @property
    def server(self) -> str:
        """Return what HAProxy calls it."""
        return f"{self.backend}/place-{self.number}"

    @property
    def servers(self) -> tuple[str, str]:
        """Return its two servers: the one whose health is checked, and the one for when no check passes."""
        return self.server, f"{self.backend}/unchecked-{self.number}"


@dataclass
class Weights:
    """Which places get requests, and how many: none for a place that is not named."""

    of: dict[Place, int] = field(default_factory=dict)
    """From 0 (what is under way ends, nothing new comes) to 100."""


class PlaceState(Result):
    """What HAProxy says of one place."""

    backend: str
    number: int
    status: str
    """HAProxy's word: UP, DOWN, MAINT, DRAIN, `no check`."""
    weight: int
    sessions: int
    """Requests that its engine has."""
    queued: int
    total: int
    """Requests that it was given since the door opened."""


class DoorFigures(Result):
    """What HAProxy says of itself."""

    pid: int
    connections: int
    max_connections: int
    queued: int
    """Requests that wait for an engine."""
    dropped_logs: int
