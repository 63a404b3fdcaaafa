"""`Watch`: what the machine and the engine did while a load ran."""

import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import psutil

from eval.bench.load.result import EngineLoad, LoadResult, MachineLoad
from eval.bench.load.validity import Evidence
from pipeline.base.errors import EngineError
from pipeline.engines.counters import CounterNames, counter_names
from pipeline.engines.engine import Engine
from pipeline.engines.prometheus import Metrics
from pipeline.hardware.health.sampler import Health
from pipeline.hardware.health.selection import Choice
from pipeline.hardware.health.summary import HealthSummary

_EVERY_S = 0.25
_SETTLE_S = 2.0
"""Longest wait for an engine to count the last tokens that it has sent."""
_LOCAL = ("127.0.0.1", "localhost", "::1", "0.0.0.0")  # noqa: S104 -- compared with, not bound


class Watch:
    """Samples the engine's gauges and the machine's health from entry to exit; a context manager."""

    def __init__(self, endpoint: Engine, *, choose: Choice | None = None) -> None:
        self._endpoint = endpoint
        self._server = server_processes(endpoint.base_url)
        self._samples: list[tuple[float, float, float | None]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.engine: EngineLoad | None = None
        """None where the server offers no counters that this version knows."""
        self.counters_lost = False
        """Whether it offered them before the load and not after."""
        self.machine: MachineLoad | None = None
        # A server elsewhere uses no GPU of this machine.
        self.health = Health(self._server or (), choose=(lambda _: ()) if self._server == () else choose)

    def __enter__(self) -> Self:
        self._before = self._metrics()
        self._names = counter_names(self._before)
        self.health.__enter__()
        if self._names:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self.health.__exit__(kind, error, trace)
        if error is None:
            self.machine = self._machine()
        if self._thread.is_alive():
            self._thread.join()

    def _machine(self) -> MachineLoad:
        first, last = self.health.snapshots[0], self.health.snapshots[-1]
        busy, ours = last.host.busy_s - first.host.busy_s, last.host.ours_s - first.host.ours_s
        return MachineLoad(
            cores=first.host.cores,
            wall_s=last.at_s - first.at_s,
            foreign_cpu_s=None if self._server is None else max(busy - ours, 0.0),
            steal_s=last.host.steal_s - first.host.steal_s,
        )

    def settle(self, output_tokens: int) -> None:
        """Read the engine's counters, as soon as they have caught up with what the client got."""
        if self._before is None or self._names is None:
            return
        for _ in range(round(_SETTLE_S / _EVERY_S)):
            after = self._metrics()
            if after is not None:
                self.engine = self._engine(self._names, self._before, after)
                if self.engine.output_tokens >= output_tokens:
                    return
            time.sleep(_EVERY_S)
        self.counters_lost = self.engine is None

    def evidence(self, result: LoadResult, *, tokenizer_known: bool, ceiling_tokens_per_s: float | None) -> Evidence:
        """Return the load's result with what was seen beside it."""
        return Evidence(
            result=result,
            engine=self.engine,
            machine=self.machine,
            tokenizer_known=tokenizer_known,
            ceiling_tokens_per_s=ceiling_tokens_per_s,
            unhealthy=self.health.summary().void_phrases,
            counters_lost=self.counters_lost,
        )

    def sampled(self, path: Path, results: Path, output_tokens: int) -> HealthSummary:
        """Write the samples of the machine's health; return what they say, with the file's name below `results`."""
        written = {"file": path.relative_to(results).as_posix(), "sha256": self.health.write(path)}
        return self.health.summary(output_tokens).model_copy(update=written)

    def _engine(self, names: CounterNames, before: Metrics, after: Metrics) -> EngineLoad:
        def grown(*counters: str) -> list[float]:
            return [now - (before.value(name) or 0.0) for name in counters if (now := after.value(name)) is not None]

        usages = [usage for _, _, usage in self._samples if usage is not None]
        return EngineLoad(
            counted_by=names.server,
            prompt_tokens=sum(grown(*names.prompt_tokens)),
            output_tokens=sum(grown(names.output_tokens)),
            cached_prompt_tokens=max(grown(*names.cached_tokens), default=None),
            preemptions=max(grown(names.preemptions), default=None) if names.preemptions else None,
            peak_requests=max((running + waiting for running, waiting, _ in self._samples), default=0.0),
            peak_waiting=max((waiting for _, waiting, _ in self._samples), default=0.0),
            waiting_share=_share([waiting > 0 for _, waiting, _ in self._samples]),
            peak_kv_cache_usage=max(usages, default=None),
            samples=len(self._samples),
        )

    def _sample(self) -> None:
        while not self._over.wait(_EVERY_S):
            found, names = self._metrics(), self._names
            running = found.value(names.running) if found and names and names.running else None
            if found is not None and names is not None and running is not None:
                waiting = (found.value(names.waiting) if names.waiting else None) or 0.0
                usage = found.value(names.kv_cache_usage) if names.kv_cache_usage else None
                self._samples.append((running, waiting, usage))

    def _metrics(self) -> Metrics | None:
        try:
            return self._endpoint.metrics()
        except EngineError:  # the load itself says what is wrong with the server
            return None


def _share(found: Sequence[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def server_processes(base_url: str) -> tuple[psutil.Process, ...] | None:
    """Return the processes of a server on this machine, none of one elsewhere; None where they are not found."""
    parts = urlsplit(base_url)
    if parts.hostname not in _LOCAL:
        return ()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            here = connection.laddr and connection.laddr.port == port
            if here and connection.status == psutil.CONN_LISTEN and connection.pid:
                root = _root(psutil.Process(connection.pid))
                return (root, *root.children(recursive=True))
    return None


def _root(listener: psutil.Process) -> psutil.Process:
    """Return the topmost process of the endpoint that listens: the engine may be beside the door, not below it."""
    parent = listener.parent()
    ours = parent is not None and parent.pid != os.getpid() and any(map(_is_ours, parent.cmdline()))
    return _root(parent) if ours and parent is not None else listener


def _is_ours(argument: str) -> bool:
    return argument.endswith(("guardian.py", "awqctl")) or argument == "pipeline.cli"
