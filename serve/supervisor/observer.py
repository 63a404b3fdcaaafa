"""`Observer`: looks at one engine every few seconds, and asks it for a token when nothing moves in it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import psutil

from pipeline.base.errors import EngineError
from pipeline.engines.prometheus import Metrics, parse_metrics
from pipeline.engines.vllm import VllmServer
from serve.supervisor.health import Sample

_EVERY_S = 5.0
_PATIENCE_S = 10.0
_PROBE_AFTER_S = 30.0
_COUNTERS = ("vllm:iteration_tokens_total_count", "vllm:generation_tokens_total", "vllm:prompt_tokens_total")
"""That move with the engine's steps. Not those of requests: one that a client gives up counts as ended at once."""


@dataclass(frozen=True)
class Figures:
    """What an engine said last; None for what it does not say."""

    running: int | None = None
    waiting: int | None = None
    kv_cache_usage: float | None = None
    generation_tokens: int | None = None


class Call:
    """A request to an engine in a thread of its own, so that whoever made it can go away.

    Attributes:
        started_at: as given.
    """

    def __init__(self, request: Callable[[], httpx.Response], started_at: float) -> None:
        self.started_at = started_at
        self.answer: httpx.Response | None = None
        self.problem: httpx.HTTPError | None = None
        self._request = request
        self._thread = threading.Thread(target=self._run, name="call", daemon=True)
        self._thread.start()

    def done(self) -> bool:
        """Return whether it has been answered, or has failed."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self.answer = self._request()
        except httpx.HTTPError as problem:
            self.problem = problem


def ask_for_a_token(engine: VllmServer, at: float) -> Call:
    """Return a request for one token, straight to the engine: HAProxy does not see it, and the audit leaves it out."""

    def request() -> httpx.Response:
        body = {"model": engine.model, "prompt": "a", "max_tokens": 1}
        with engine.client(timeout_s=_PATIENCE_S) as client:
            return client.post(
                "/v1/completions",
                json=body,
                timeout=httpx.Timeout(_PATIENCE_S, read=None),
            )

    return Call(request, at)


class Observer:
    """Samples of one engine, from its start to its end.

    Attributes:
        figures: what it said last.
    """

    def __init__(self, engine: VllmServer) -> None:
        self.figures = Figures()
        self._engine = engine
        self._client = engine.client(timeout_s=_PATIENCE_S)
        self._scrape: Call | None = None
        self._probe: Call | None = None
        self._next_at = 0.0
        self._counters: tuple[float, ...] = ()
        self._moved_at: float | None = None

    def poll(self, now: float) -> Sample | None:
        """Return a sample when there is a new one; asks at most every five seconds and never waits."""
        if self._scrape is None:
            if now >= self._next_at:
                self._scrape, self._next_at = Call(lambda: self._client.get("/metrics"), now), now + _EVERY_S
            return None
        if not self._scrape.done():
            return None
        scrape, self._scrape = self._scrape, None
        return self._sample(scrape, now)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _sample(self, scrape: Call, now: float) -> Sample:
        server_s, engine_s, stopped = _processor_time(self._engine.pid)
        metrics = _metrics_in(scrape.answer)
        if metrics is None:
            return Sample(scrape.started_at, False, server_cpu_s=server_s, engine_cpu_s=engine_s, stopped=stopped)  # noqa: FBT003
        self.figures = figures_in(metrics)
        counters = tuple(metrics.value(name) or 0.0 for name in _COUNTERS)
        if self._moved_at is None or counters != self._counters:
            self._counters, self._moved_at = counters, now
        return Sample(
            at=scrape.started_at,
            answered=True,
            running=self.figures.running or 0,
            waiting=self.figures.waiting or 0,
            counters=counters,
            probing=self._probing(now),
            server_cpu_s=server_s,
            engine_cpu_s=engine_s,
            stopped=stopped,
        )

    def _probing(self, now: float) -> bool:
        """Return whether a request of our own is under way; sends one where nothing has moved for long.

        That is an idle engine's proof of life. An engine with requests that has stopped counting gets one as well: a
        gauge that was left standing is put right by the step that this takes.
        """
        if self._probe is not None and self._probe.done():
            self._probe, self._moved_at = None, now
        if self._probe is None and self._moved_at is not None and now - self._moved_at >= _PROBE_AFTER_S:
            self._probe = ask_for_a_token(self._engine, now)
        return self._probe is not None


def figures_in(metrics: Metrics) -> Figures:
    """Return what the metrics of vLLM say of the engine."""

    def whole(name: str) -> int | None:
        value = metrics.value(name)
        return None if value is None else round(value)

    return Figures(
        running=whole("vllm:num_requests_running"),
        waiting=whole("vllm:num_requests_waiting"),
        kv_cache_usage=metrics.value("vllm:kv_cache_usage_perc"),
        generation_tokens=whole("vllm:generation_tokens_total"),
    )


def _metrics_in(answer: httpx.Response | None) -> Metrics | None:
    """Return the metrics; None where the engine answered with something else or not at all."""
    if answer is None or answer.status_code != httpx.codes.OK:
        return None
    try:
        return parse_metrics(answer.text)
    except EngineError:
        return None


def _processor_time(guardian: int | None) -> tuple[float, float, bool]:
    """Return the processor time of the API server, that of all processes of the engine, and whether it is stopped."""
    try:
        processes = psutil.Process(guardian).children(recursive=True)
    except psutil.NoSuchProcess:
        return 0.0, 0.0, False
    spent = {process.pid: _spent(process) for process in processes}
    server = next((process for process in processes if process.ppid() == guardian), None) if processes else None
    if server is None:
        return 0.0, sum(spent.values()), False
    return spent[server.pid], sum(spent.values()), _is_stopped(server)


def _spent(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _is_stopped(process: psutil.Process) -> bool:
    try:
        return process.status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
    except psutil.NoSuchProcess:
        return False
