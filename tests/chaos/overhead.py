"""What the door costs: the same engine with and without it, in turns, within one run."""

import asyncio
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import psutil

from pipeline.base.homes import user_home
from pipeline.base.progress import SilentReporter
from pipeline.runtimes.store import ensure
from tests.chaos.client import Target
from tests.chaos.row import Row
from tests.chaos.served import Served, Setting
from tests.chaos.traffic import Load, Traffic, closed_loop, failed, quantile_ms

_ROUNDS = 6
_LATENCY_REQUESTS = 250
_Measured = TypeVar("_Measured")
_CONCURRENCIES = (32, 128)
"""The first is judged."""
_THROUGHPUT = 0.98
_CHUNK_US = 30.0
_THROUGHPUT_S = 5.0
_TOKENS = 64


def latency() -> Row:
    """One request after the other: the median that the door adds."""
    with Served(Setting(replicas=1, ttft_s=0.002, tpot_s=0.001)) as served:
        answers = _in_turns(served, lambda target: _one_by_one(target, _LATENCY_REQUESTS))
    added = [quantile_ms(door.answers, 0.5) - quantile_ms(bare.answers, 0.5) for bare, door in answers]
    late = [quantile_ms(door.answers, 0.99) - quantile_ms(bare.answers, 0.99) for bare, door in answers]
    return Row(
        what="what the door adds to a request (TLS, keys, audit), one after the other",
        asked="<= 1 ms median",
        reached=f"{statistics.median(added):.2f} ms in the median of {_ROUNDS} rounds ({min(added):.2f} to "
        f"{max(added):.2f}); p99 {statistics.median(late):+.1f} ms; the client's own TLS is in it",
        passed=statistics.median(added) <= 1 and not _failures(answers),
        requests=sum(len(one.answers) for pair in answers for one in pair),
    )


def throughput() -> Row:
    """Many streams at once: what is left of the engine's throughput, and HAProxy's processor time per chunk."""
    return _throughput(Setting(replicas=1, slots=max(_CONCURRENCIES), ttft_s=0.02, tpot_s=0.025), _CONCURRENCIES)


def real_throughput() -> Row:
    """The same with vLLM, whose streams have their tokens at the end of the same step."""
    python = ensure("vllm", "cpu", user_home(), SilentReporter()).python
    return _throughput(Setting(replicas=1, slots=_CONCURRENCIES[0], real=python), _CONCURRENCIES[:1])


def _throughput(setting: Setting, concurrencies: Sequence[int]) -> Row:
    with Served(setting) as served:
        found = {concurrency: _streams(served, concurrency) for concurrency in concurrencies}
    asked = found[concurrencies[0]]
    return Row(
        what=f"throughput through the door, {' and '.join(map(str, found))} streams at once, beside the engine alone",
        asked=">= 98 % of it, <= 30 us of HAProxy's processor time per chunk",
        reached="; ".join(f"{concurrency} streams: {one.said()}" for concurrency, one in found.items()),
        passed=asked.ratio >= _THROUGHPUT and asked.user_us + asked.system_us <= _CHUNK_US and not asked.failures,
        requests=sum(one.requests for one in found.values()),
        engine="real" if setting.real else "scripted",
    )


@dataclass(frozen=True)
class _Streams:
    """What streams saw at one concurrency."""

    ratios: list[float]
    """Throughput through the door by the engine's alone, of each round."""
    user_us: float
    """Processor time of HAProxy per chunk, in its own code and OpenSSL's."""
    system_us: float
    """The same in the kernel: one `recv` from the engine's socket, one `send` on loopback, and what they wake."""
    chunks: int
    requests: int
    failures: int

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    def said(self) -> str:
        return (
            f"{self.ratio:.2%} in the median of {len(self.ratios)} rounds ({min(self.ratios):.2%} to "
            f"{max(self.ratios):.2%}), {self.user_us + self.system_us:.0f} us per chunk, {self.system_us:.0f} of them "
            f"the kernel's, over {self.chunks:,} chunks"
        )


def _streams(served: Served, concurrency: int) -> _Streams:
    def burst(target: Target) -> tuple[Traffic, tuple[float, float]]:
        before = _cpu_s(served)
        load = Load(0, tokens=_TOKENS, stream=True, checked=served.setting.real is None)
        traffic = asyncio.run(closed_loop(target, load, concurrency=concurrency, seconds=_THROUGHPUT_S))
        user, system = _cpu_s(served)
        return traffic, (user - before[0], system - before[1])

    rounds = _in_turns(served, burst)
    answers = [(bare, door) for (bare, _), (door, _) in rounds]
    chunks = sum(len(door.answers) for _, door in answers) * (_TOKENS + 2)
    return _Streams(
        ratios=[_tokens_per_s(door) / _tokens_per_s(bare) for bare, door in answers],
        user_us=sum(user for _, (_, (user, _)) in rounds) / chunks * 1e6,
        system_us=sum(system for _, (_, (_, system)) in rounds) / chunks * 1e6,
        chunks=chunks,
        requests=sum(len(one.answers) for pair in answers for one in pair),
        failures=_failures(answers),
    )


def _in_turns(served: Served, measure: Callable[[Target], _Measured]) -> list[tuple[_Measured, _Measured]]:
    """Return what is measured of the engine alone and behind the door, in rounds whose order alternates.

    One before them, for warming up, is not returned.
    """
    engine = next(iter(served.engines().values()))
    line = engine.cmdline()
    socket = Path(line[line.index("--uds") + 1])
    alone = replace(served.target, base_url="http://vllm/v1", key=engine.environ()["VLLM_API_KEY"], uds=socket)
    measure(served.target)
    rounds = []
    for number in range(_ROUNDS):
        first, second = (alone, served.target) if number % 2 else (served.target, alone)
        one, other = measure(first), measure(second)
        rounds.append((one, other) if number % 2 else (other, one))
    return rounds


def _one_by_one(target: Target, requests: int) -> Traffic:
    traffic = Traffic(target, Load(0, tokens=1))
    asyncio.run(traffic.send_in_order(requests))
    return traffic


def _tokens_per_s(traffic: Traffic) -> float:
    right = [answer for answer in traffic.answers if answer.verdict == "ok"]
    return len(right) * _TOKENS / (max(answer.ended for answer in right) - min(answer.began for answer in right))


def _cpu_s(served: Served) -> tuple[float, float]:
    """Return HAProxy's processor time so far, in its own code and in the kernel."""
    times = [psutil.Process(process.pid).cpu_times() for process in served.gateway()]
    return sum(one.user for one in times), sum(one.system for one in times)


def _failures(rounds: list[tuple[Traffic, Traffic]]) -> int:
    return sum(len(failed(one.answers)) for pair in rounds for one in pair)
