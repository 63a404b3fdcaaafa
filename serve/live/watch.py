"""`Watch`: one look at a running endpoint after the other."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from pipeline.base.errors import AwqctlError
from pipeline.hardware.health.processes import Owners
from pipeline.hardware.health.readers import GpuReader, gpu_readers
from pipeline.hardware.health.sample import GpuSample
from serve.endpoint import EndpointFolder, not_running
from serve.live.rates import TokenRates
from serve.live.recent import RecentRequests, Traffic
from serve.status import EndpointStatus
from serve.supervisor.remote import status_of


@dataclass(frozen=True)
class Look:
    """The endpoint at one moment."""

    at: datetime
    status: EndpointStatus | None
    """None while none runs, or it does not answer."""
    problem: str | None = None
    """Why there is none."""
    traffic: Traffic | None = None
    """None where there is no audit to tell."""
    tokens_per_s: dict[str, float] | None = None
    """By place."""
    gpus: tuple[GpuSample, ...] = ()

    @property
    def all_tokens_per_s(self) -> float | None:
        """Return the tokens per second of all engines; None while no engine has told twice."""
        return sum(self.tokens_per_s.values()) if self.tokens_per_s else None

    @property
    def waiting(self) -> int | None:
        """Return the requests in the queues of the engines, as far as these tell."""
        told = [one.waiting for one in self.status.replicas if one.waiting is not None] if self.status else []
        return sum(told) if told else None

    @property
    def serving(self) -> int:
        """Return how many engines take requests."""
        return sum(one.state == "serving" for one in self.status.replicas) if self.status else 0


class Watch:
    """Looks at one endpoint; a context manager that keeps the GPUs' drivers open."""

    def __init__(self, folder: EndpointFolder) -> None:
        self._folder = folder
        self._recent = RecentRequests(folder.audit)
        self._rates = TokenRates()
        self._readers: tuple[GpuReader, ...] = ()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._readers = tuple(self._stack.enter_context(gpu_readers()))
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def look(self) -> Look:
        """Return the endpoint as it is now."""
        now = datetime.now(UTC)
        try:
            status = status_of(self._folder)
        except AwqctlError as problem:  # it may be about to end, and may come back
            return Look(now, None, str(problem))
        if status is None:
            return Look(now, None, not_running(self._folder))
        counted = {one.place: one.generation_tokens for one in status.replicas}
        owners = Owners(())
        return Look(
            at=now,
            status=status,
            traffic=self._recent.refresh(now, since=datetime.fromisoformat(status.started_at)),
            tokens_per_s=self._rates.look(time.monotonic(), counted),
            gpus=tuple(sample for reader in self._readers for sample in reader.read(owners)),
        )
