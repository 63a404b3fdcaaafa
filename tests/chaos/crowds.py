"""More clients than the endpoint has room for, and clients that only hold their connections."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from eval.bench.load.details import answers_of, peak_concurrency
from tests.chaos.row import Row
from tests.chaos.served import MODEL, REPO, Served, Setting
from tests.chaos.traffic import Load, Traffic, failed, quantile_ms, running, said, verdicts

_LEVEL_MS = 2000.0
_RECOVERY_S = 10.0
_SLOW = 1500
_AT_ONCE = 10_000
_FEW_FILES = 800
_UNTIL_ALL_CAME_S = 13.5
"""They come at 800 a second; until the last one is there none has been answered. The engines take 1 024 at once."""
_ENVIRONMENT = dict(os.environ)
"""As it was before an endpoint got a home of its own: the load client is in the user's."""


def overload() -> Row:
    """Three times as many requests as the engines can answer."""
    setting = Setting(replicas=2, slots=16, ttft_s=0.05, tpot_s=0.01)
    tokens = 32
    capacity = setting.replicas * setting.slots / (setting.ttft_s + (tokens - 1) * setting.tpot_s)
    with Served(setting) as served:
        usual = _traffic(served, Load(capacity / 3, tokens=tokens), 5)
        over = _traffic(served, Load(capacity * 3, tokens=tokens), 15)
        ended = max(answer.began for answer in over.answers)
        after = _traffic(served, Load(capacity / 3, tokens=tokens), 15)
    bad = [answer for answer in after.answers if answer.verdict != "ok" or answer.total_ms > _usual(usual) * 1.5]
    recovered = max((answer.began for answer in bad), default=ended) - ended
    counts, slow = verdicts(over.answers), quantile_ms(over.answers, 0.95)
    answers = [*usual.answers, *over.answers, *after.answers]
    return Row(
        what=f"3 x overload: {capacity * 3:.0f} requests/s where {capacity:.0f} can be answered",
        asked=f"only 429/503 with Retry-After; admitted ones within {_LEVEL_MS / 1000:.0f} s (p95); recovery <= 10 s",
        reached=f"{said(over.answers)}; p95 of the admitted {slow:.0f} ms, usually "
        f"{quantile_ms(usual.answers, 0.95):.0f}; as usual again {recovered:.1f} s after the last",
        passed=not failed(answers)
        and counts["refused"] > 0
        and counts["ok"] > capacity * 15 / 2
        and slow <= _LEVEL_MS
        and recovered <= _RECOVERY_S,
        requests=len(answers),
    )


def slow_headers() -> Row:
    """1 500 connections that begin a header and never finish it."""
    with Served(Setting(replicas=1)) as served:
        usual = _traffic(served, Load(50), 8)
        command = [sys.executable, "-m", "tests.chaos.slow_headers", served.target.base_url, str(_SLOW)]
        with running(Traffic(served.target, Load(50)), 18) as traffic:
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    slow: dict[str, Any] = json.loads(done.stdout)
    before, during = quantile_ms(usual.answers, 0.99), quantile_ms(traffic.answers, 0.99)
    return Row(
        what=f"{_SLOW:,} connections with headers that never end",
        asked="p99 of others + < 50 ms; cut at 5 s",
        reached=f"p99 of others {before:.0f} ms without and {during:.0f} ms with them; {slow['opened']:,} opened, "
        f"{slow['cut']:,} cut after {slow['first_s']:.1f} to {slow['last_s']:.1f} s; {said(traffic.answers)}",
        passed=during - before < 50
        and slow["cut"] == slow["opened"] == _SLOW
        and slow["last_s"] < 6.5
        and not failed(traffic.answers),
        requests=len(traffic.answers),
    )


def many_at_once() -> Row:
    """Ten thousand requests at once through the door, by the load client of `awqctl bench`."""
    setting = Setting(slots=400, ttft_s=_UNTIL_ALL_CAME_S, more=("serve.queue_timeout_s=900",))
    with tempfile.TemporaryDirectory(prefix="chaos-") as scratch, Served(setting) as served:
        command = [sys.executable, "-m", "pipeline.cli", "bench", "--endpoint", served.target.base_url, "--json"]
        command += ["--model", MODEL, "--api-key-env", "CHAOS_KEY", "--ca", str(served.target.certificate)]
        command += ["--out", scratch, "--concurrency", str(_AT_ONCE), "--requests-per-concurrency", "2"]
        command += ["--patience", "600", "--connections-per-second", "800", "--input-tokens", "32"]
        environment = {**_ENVIRONMENT, "CHAOS_KEY": served.key}
        done = subprocess.run(
            [*command, "--output-tokens", "8"], stdout=subprocess.PIPE, text=True, check=False, env=environment
        )
        memory = max((process.memory_info().rss for process in served.gateway()), default=0)
        held = served.said["max_connections"]
        if done.returncode not in (0, 3):
            raise RuntimeError(f"awqctl bench ended with {done.returncode}")
        point = json.loads(done.stdout)["points"][0]
        under_way = _under_way(Path(scratch) / "bench" / point["raw_file"])
    with Served(Setting(replicas=1, wrapper=("prlimit", f"--nofile={_FEW_FILES}:{_FEW_FILES}"))) as served:
        warned = "ulimit -Hn" in served.errors
    return Row(
        what="10 000 requests at once on one machine",
        asked="0 connection errors; limits checked at the start with the remedy",
        reached=f"{point['requests']:,} requests, at most {under_way:,} under way at one time: "
        f"{point['failed']} failed; "
        f"the door said at its start that it holds {held:,}; with {_FEW_FILES} files a process "
        f"{'it warns and names the remedy' if warned else 'it does NOT warn'}; "
        f"HAProxy {memory / 2**20:.0f} MiB at the end",
        passed=point["failed"] == 0 and min(held, under_way) >= _AT_ONCE and warned,
        requests=point["requests"],
    )


def _under_way(raw: Path) -> int:
    """Return how many requests of a run were unanswered at one time, by the load client's own details."""
    return peak_concurrency(answers_of(json.loads(raw.read_bytes())))


def idle_connections() -> Row:
    """Thousands of connections that say nothing, from the client's own address and from another one."""
    status, found = _benchmark("tests.benchmarks.idle_connections")
    usual = {one["caller"]: one for one in found if not one["idle"]}
    busy = [one for one in found if one["idle"]]
    added = max(one["p50_ms"] - usual[one["caller"]]["p50_ms"] for one in busy)
    late = max(one["p99_ms"] - usual[one["caller"]]["p99_ms"] for one in busy)
    most = {
        kind: max(one["held"] for one in busy if one["kind"] == kind)
        for kind in dict.fromkeys(one["kind"] for one in busy)
    }
    return Row(
        what="1 100 and 15 000 idle connections: connected alone, after a TLS handshake, within a header (each opened "
        "again as soon as it is cut, after 5 s), kept after an answer",
        asked="a client with a key served within 50 ms of its usual time",
        reached=f"{sum(one['failed'] for one in found)} failed; at most {added:+.1f} ms in the median and "
        f"{late:+.1f} ms in p99 over {len(busy)} cases; HAProxy held at most "
        + ", ".join(f"{number:,} {kind}" for kind, number in most.items()),
        passed=status == 0,
        requests=sum(one["requests"] for one in found),
    )


def hostile_requests() -> Row:
    """Other people's clients, a list of hostile requests, and a fuzzer, on the real vLLM."""
    status, found = _benchmark("tests.clients.check")
    lines = {line["name"]: line for line in found["found"]}
    fuzzed, grown = (lines[name]["detail"] for name in ("schemathesis", "engine's memory"))
    missed = [name for name, line in lines.items() if not line["passed"]]
    return Row(
        what="schemathesis, and a hand-written hostile list, on the real vLLM",
        asked="4xx only of at least 10 000 cases, engine alive, memory + < 100 MB",
        reached=f"{len(lines) - len(missed)} of {len(lines)} checks passed"
        f"{''.join(f', NOT {name}' for name in missed)}; {fuzzed}; memory {grown}",
        passed=status == 0,
        requests=int(fuzzed.split()[0]),
        engine="real",
    )


def audit(threads: int = 1) -> Row:
    """A thousand requests a second, with the audit's writer stopped for ten seconds."""
    status, found = _benchmark("tests.benchmarks.audit_load", "--threads", str(threads))
    return Row(
        what=f"audit at {found['rate']:,.0f} requests/s, its writer stopped for {found['stalled_s']:.0f} s"
        f"{f', {threads} threads of HAProxy' if threads > 1 else ''}",
        asked="lines = requests at 1 000 requests/s",
        reached=f"{found['requests']:,} requests, {found['lines']:,} lines, {found['doubled']} twice, chain "
        f"{'whole' if found['whole'] else 'NOT whole'}; at most {found['behind_bytes_at_most'] / 2**20:.1f} MiB "
        f"behind, all taken {found['taken_after_s']:.1f} s after the last answer",
        passed=status == 0,
        requests=found["requests"],
    )


def _benchmark(module: str, *arguments: str) -> tuple[int, Any]:
    """Run one; return its status and what it wrote."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as scratch:
        out = Path(scratch) / "out.json"
        command = [sys.executable, "-m", module, *arguments, "--out", str(out)]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False, cwd=REPO)
        return done.returncode, json.loads(out.read_text(encoding="utf-8"))


def _traffic(served: Served, load: Load, seconds: float) -> Traffic:
    return asyncio.run(Traffic(served.target, load).run(seconds))


def _usual(traffic: Traffic) -> float:
    return quantile_ms(traffic.answers, 0.99)
