"""What the door costs: the same engine with and without it, in turns, within one run."""

import asyncio
import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil

from tests.chaos.client import Target
from tests.chaos.row import Row
from tests.chaos.served import Served, Setting
from tests.chaos.traffic import Load, Traffic, closed_loop, failed, quantile_ms

_ROUNDS = 6
_LATENCY_REQUESTS = 250
_CONCURRENCY = 32
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
    """Thirty-two streams at once: what is left of the engine's throughput, and HAProxy's processor time per chunk."""
    with Served(Setting(replicas=1, slots=_CONCURRENCY, ttft_s=0.02, tpot_s=0.025)) as served:
        cpu = [0.0]

        def burst(target: Target) -> Traffic:
            before = _cpu_s(served)
            load = Load(0, tokens=_TOKENS, stream=True)
            traffic = asyncio.run(closed_loop(target, load, concurrency=_CONCURRENCY, seconds=_THROUGHPUT_S))
            cpu[0] += _cpu_s(served) - before
            return traffic

        answers = _in_turns(served, burst)
    ratios = [_tokens_per_s(door) / _tokens_per_s(bare) for bare, door in answers]
    chunks = sum(len(door.answers) for _, door in answers) * (_TOKENS + 2)
    microseconds = cpu[0] / chunks * 1e6
    ratio = statistics.median(ratios)
    return Row(
        what=f"throughput through the door, {_CONCURRENCY} streams at once, beside the engine alone",
        asked=">= 98 % of it, <= 30 us of HAProxy's processor time per chunk",
        reached=f"{ratio:.2%} in the median of {_ROUNDS} rounds ({min(ratios):.2%} to {max(ratios):.2%}); "
        f"{microseconds:.0f} us per chunk over {chunks:,} chunks",
        passed=ratio >= 0.98 and microseconds <= 30 and not _failures(answers),
        requests=sum(len(one.answers) for pair in answers for one in pair),
    )


def _in_turns(served: Served, measure: Callable[[Target], Traffic]) -> list[tuple[Traffic, Traffic]]:
    """Return what is measured of the engine alone and behind the door, in rounds whose order alternates."""
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


def _cpu_s(served: Served) -> float:
    return sum(sum(psutil.Process(process.pid).cpu_times()[:2]) for process in served.gateway())


def _failures(rounds: list[tuple[Traffic, Traffic]]) -> int:
    return sum(len(failed(one.answers)) for pair in rounds for one in pair)
