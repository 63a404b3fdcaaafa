"""`Progress`: whether an engine is getting on, judged by what moves in it. Pure: samples in, verdicts out.

`/health` of vLLM says 200 for as long as its process lives, hung or not. What tells a hung engine from a busy one is
that its counters stand still although it has requests. On the CPU one step may last for minutes, and the counters
stand still meanwhile: there an engine that computes is busy. A server that does not answer is not judged by its
counters, which nobody can see, but by whether its process computes.
"""

from dataclasses import dataclass
from typing import Literal

GRACE_S = 60.0
"""That counters, or a server that does nothing, may stand still."""
_LONG_GRACE_S = 600.0
"""The same where the process computes: beyond that it turns in a circle."""
_FEWEST = 3
"""Samples that agree, at least: one that comes late says nothing."""
_IDLE_CORES = 0.02
"""Of a process that does nothing but answer these questions."""
_COMPUTING_CORES = 0.2
"""Of all processes of an engine that computes on the CPU, at least."""

State = Literal["ok", "busy", "hung"]


@dataclass(frozen=True)
class Sample:
    """One look at an engine."""

    at: float
    """In seconds of any clock that does not go back; when it was asked."""
    answered: bool
    """Whether `/metrics` was answered; otherwise the next four say nothing."""
    running: float = 0
    waiting: float = 0
    counters: tuple[float, ...] = ()
    """That grow with every step: iterations, tokens."""
    probing: bool = False
    """Whether a request of the supervisor's own is under way, which the engine may not even have noticed."""
    server_cpu_s: float = 0.0
    """Processor time that the API server has used so far."""
    engine_cpu_s: float = 0.0
    """The same of all its processes."""
    stopped: bool = False
    """Whether the process is stopped (SIGSTOP, a debugger)."""


@dataclass(frozen=True)
class Verdict:
    """What is said of an engine."""

    state: State
    reason: str = ""
    """Why it is hung, as a sentence."""


@dataclass
class _Since:
    """The sample since which nothing has changed, and how many agree with it."""

    sample: Sample
    agreeing: int = 0

    def cores(self, latest: Sample) -> float:
        """Return how many cores the engine has kept busy since."""
        return (latest.engine_cpu_s - self.sample.engine_cpu_s) / max(latest.at - self.sample.at, 1e-9)

    def server_cores(self, latest: Sample) -> float:
        """Return how many cores the API server has kept busy since."""
        return (latest.server_cpu_s - self.sample.server_cpu_s) / max(latest.at - self.sample.at, 1e-9)


class Progress:
    """What the samples of one engine say, from its start on.

    Args:
        computes_on_cpu: whether a step of the engine is processor time of its processes.
    """

    def __init__(self, *, computes_on_cpu: bool) -> None:
        self._computes_on_cpu = computes_on_cpu
        self._still: _Since | None = None
        self._silent: _Since | None = None

    def judge(self, sample: Sample) -> Verdict:
        """Return how the engine is, now that this is known, too."""
        if not sample.answered:
            return self._of_silence(sample)
        self._silent = None
        works = bool(sample.running or sample.waiting or sample.probing)
        if not works:
            self._still = None
            return Verdict("ok")
        return self._of_work(sample)

    def _of_work(self, sample: Sample) -> Verdict:
        since = self._still
        if since is None or sample.counters != since.sample.counters:
            self._still = _Since(sample)
            return Verdict("busy")
        since.agreeing += 1
        lasts = sample.at - since.sample.at
        computes = self._computes_on_cpu and since.cores(sample) >= _COMPUTING_CORES
        if since.agreeing < _FEWEST or lasts < (_LONG_GRACE_S if computes else GRACE_S):
            return Verdict("busy")
        has = f"{sample.running:.0f} requests under way and {sample.waiting:.0f} waiting"
        if not (sample.running or sample.waiting):
            has = "a request of the supervisor's own that it has not noticed"
        return Verdict("hung", f"no step in {lasts:.0f} s, with {has}")

    def _of_silence(self, sample: Sample) -> Verdict:
        since = self._silent
        if since is None:
            self._silent = _Since(sample, agreeing=1)
            return Verdict("busy")
        since.agreeing += 1
        lasts = sample.at - since.sample.at
        idle = since.server_cores(sample) < _IDLE_CORES
        if since.agreeing < _FEWEST or lasts < (GRACE_S if sample.stopped or idle else _LONG_GRACE_S):
            return Verdict("busy")
        does = "its process is stopped" if sample.stopped else "it computes nothing" if idle else "it only computes"
        return Verdict("hung", f"no answer to /metrics in {lasts:.0f} s, and {does}")
