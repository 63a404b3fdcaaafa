"""`DoorSettings`: what the recipe says of the door, beside where it listens."""

from dataclasses import dataclass
from typing import Self

from pipeline.recipe.serve import Serve
from serve.gateway.key_refusals import FAILED_KEYS


@dataclass(frozen=True)
class DoorSettings:
    """How requests are let in; everything here can change while the endpoint serves (`Gateway.reload`)."""

    queue_timeout_s: int = 60
    """For which a request waits until an engine takes it, before it is answered with 503."""
    drain_timeout_s: int = 30
    """For which answers that are under way at a reload go on."""
    max_body_bytes: int = 4 * 2**20
    max_answers: int = 16
    """To one prompt (`n`, `best_of`)."""
    max_connections_per_source: int | None = None
    failed_keys: int = FAILED_KEYS
    """Requests without a valid key that one source may send in a minute; further ones are answered with 429, and none
    with a valid key ever is."""
    cors_origins: tuple[str, ...] = ()
    """`*` for all."""
    probes_at_door: bool = False

    @classmethod
    def of(cls, offered: Serve) -> Self:
        """Return what a recipe's section `serve` says."""
        return cls(
            queue_timeout_s=offered.queue_timeout_s,
            drain_timeout_s=offered.drain_timeout_s,
            max_body_bytes=int(offered.limits.max_body_mib * 2**20),
            max_answers=offered.limits.max_n,
            max_connections_per_source=offered.max_connections_per_source,
            cors_origins=offered.cors_origins,
            probes_at_door=offered.probes_at_door,
        )
