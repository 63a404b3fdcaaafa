"""`Sampler`: writes a line of samples every ten seconds while the supervisor lives."""

import contextlib
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from pipeline.hardware.health.check import of_state
from pipeline.hardware.health.gpu_checks import gpu_checks
from pipeline.hardware.health.sample import GpuFacts, GpuSample
from serve.monitoring.gpus import GpuWatch
from serve.monitoring.samples import EVERY_S, GpuPoint, ModelSample, Sample, SampleFile
from serve.monitoring.supervisor_metrics import serves
from serve.status import EndpointStatus, ReplicaStatus

_UP = frozenset({"warming", "serving", "draining"})


class Sampler:
    """A thread; a context manager whose end says that the stop was meant, unless an error is on its way.

    `stopping` says it earlier: while the last answers end the endpoint takes no new ones, as was asked for.

    Time without a line counts as unknown, so what keeps a line from being written (a full disk) is passed over here.

    Args:
        path: of today's file.
        status: what the supervisor knows.
        gpus: kept open by whoever made it.
        every_s: between two lines.
    """

    def __init__(
        self, path: Path, status: Callable[[], EndpointStatus], gpus: GpuWatch, *, every_s: float = EVERY_S
    ) -> None:
        self._file = SampleFile(path)
        self._status = status
        self._gpus = gpus
        self._every_s = every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="samples", daemon=True)

    def __enter__(self) -> Self:
        self._write(Sample(at=now(), event="started"))
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None:
            self.stopping()
        self._over.set()
        self._thread.join()

    def stopping(self) -> None:
        """Write that the endpoint was asked to stop, and no further sample."""
        if not self._over.is_set():
            self._over.set()
            self._thread.join()
            self._write(Sample(at=now(), event="stopped"))

    def _sample(self) -> None:
        while True:
            self._write(sample_of(self._status(), self._gpus.facts, self._gpus.samples(), at=now(), rss_bytes=_rss()))
            if self._over.wait(self._every_s):
                return

    def _write(self, sample: Sample) -> None:
        with contextlib.suppress(OSError):
            self._file.append(sample)


def sample_of(
    status: EndpointStatus,
    facts: Sequence[GpuFacts],
    gpus: Sequence[GpuSample],
    *,
    at: str,
    rss_bytes: int | None = None,
) -> Sample:
    """Return the line that says how the endpoint is."""
    of: dict[str, list[ReplicaStatus]] = {}
    for replica in status.replicas:
        of.setdefault(replica.model, []).append(replica)
    known = {one.index: one for one in facts}
    return Sample(
        at=at,
        ready=status.ready and status.refusing is None,
        models=tuple(_model(name, replicas) for name, replicas in of.items()),
        restarts=sum(replica.restarts for replica in status.replicas),
        hung=sum(replica.hung for replica in status.replicas),
        door_restarts=status.door.restarts,
        connections=status.door.connections,
        queued=status.door.queued,
        audit_lost=status.audit.lost if status.audit else 0,
        rss_bytes=rss_bytes,
        gpus=tuple(_gpu(known[sample.index], sample) for sample in gpus),
    )


def now() -> str:
    """Return the time: UTC, ISO 8601, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _model(name: str, replicas: Sequence[ReplicaStatus]) -> ModelSample:
    usage = [one.kv_cache_usage for one in replicas if one.kv_cache_usage is not None]
    tokens = [one.generation_tokens for one in replicas if one.generation_tokens is not None]
    return ModelSample(
        model=name,
        replicas=len(replicas),
        up=sum(one.state in _UP for one in replicas),
        ready=sum(serves(one) for one in replicas),
        running=sum(one.running or 0 for one in replicas),
        waiting=sum(one.waiting or 0 for one in replicas),
        kv_cache_usage=max(usage, default=None),
        generation_tokens=sum(tokens) if tokens else None,
    )


def _gpu(facts: GpuFacts, sample: GpuSample) -> GpuPoint:
    return GpuPoint(
        index=sample.index,
        utilization_percent=sample.utilization_percent,
        memory_used_bytes=sample.memory_used_bytes,
        temperature_c=sample.temperature_c,
        power_w=sample.power_w,
        not_well=tuple(check.name for check in of_state(gpu_checks(facts, sample), "fail")),
    )


def _rss() -> int:
    total, own = 0, psutil.Process()
    for process in (own, *own.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total
