"""Parts of the endpoint die or hang under traffic."""

import math
import os
import signal
import time
from dataclasses import replace

from pipeline.base.homes import user_home
from pipeline.base.progress import SilentReporter
from pipeline.runtimes.store import ensure
from tests.chaos.row import Row
from tests.chaos.served import Served, Setting, alive, eventually
from tests.chaos.traffic import Load, Traffic, failed, running, said, verdicts
from tests.fakes.scripted_answers import DIE

_VICTIM = "m1-p2"
_BACK_S = 60.0


def replica_killed() -> Row:
    """kill -9 of one of three replicas; nothing streams."""
    with Served(Setting()) as served, running(Traffic(served.target, Load(160)), 21) as traffic:
        time.sleep(7)
        back = _kill_and_wait(served)
    lost = len(failed(traffic.answers))
    return Row(
        what="kill -9 of one of three replicas, not streaming",
        asked="0 lost of at least 3 000",
        reached=f"{said(traffic.answers)}; {back}",
        passed=lost == 0 and len(traffic.answers) >= 3000 and verdicts(traffic.answers)["refused"] == 0,
        requests=len(traffic.answers),
    )


def real_replica_killed() -> Row:
    """kill -9 of one of two real vLLM engines; whole answers and streams."""
    python = ensure("vllm", "cpu", user_home(), SilentReporter()).python
    real = Load(3, tokens=8, checked=False, timeout_s=300)
    with Served(Setting(replicas=2, slots=8, real=python)) as served:
        streams = Traffic(served.target, replace(real, rate_per_s=1, stream=True))
        with running(streams, 120), running(Traffic(served.target, real), 120) as whole:
            time.sleep(20)
            back = _kill_and_wait(served, patience_s=180)
    return Row(
        what="kill -9 of one of two replicas",
        asked="0 whole answers lost; streams cut visibly",
        reached=f"whole answers: {said(whole.answers)}; streams: {said(streams.answers)}; {back}",
        passed=not failed(whole.answers) and all(answer.verdict == "cut" for answer in failed(streams.answers)),
        requests=len(whole.answers) + len(streams.answers),
        engine="real",
    )


def replica_killed_streaming() -> Row:
    """kill -9 of one of three replicas while answers stream from all."""
    load = Load(40, tokens=60, stream=True)
    with Served(Setting(tpot_s=0.02)) as served, running(Traffic(served.target, load), 25) as traffic:
        time.sleep(8)
        killed = time.monotonic()
        back = _kill_and_wait(served)
    bad = failed(traffic.answers)
    visible = all(answer.verdict == "cut" for answer in bad)
    own = all(answer.replica in (_VICTIM, "-") for answer in bad)
    after = [answer for answer in bad if answer.began > killed]
    at_once = all(answer.ended - killed < 2 for answer in bad)
    return Row(
        what="kill -9 of one of three replicas, streaming",
        asked="only its open streams cut, each visibly; none after",
        reached=f"{said(traffic.answers)}; all cut ones were the killed replica's: {'yes' if own else 'NO'}; "
        f"{len(after)} failed that were sent later; {back}",
        passed=visible and own and at_once and not after and 0 < len(bad) < len(traffic.answers) / 3,
        requests=len(traffic.answers),
    )


def socket_hung() -> Row:
    """SIGSTOP of one of three replicas: its socket takes connections, nobody answers."""
    with Served(Setting()) as served, running(Traffic(served.target, Load(100, timeout_s=150)), 15) as traffic:
        time.sleep(5)
        stopped = time.monotonic()
        victim = served.engines()[_VICTIM]
        os.kill(victim.pid, signal.SIGSTOP)
        out = eventually(lambda: served.places()[_VICTIM] != "UP", 60)
        gone = eventually(lambda: not alive(victim), 130)
    late = [answer for answer in traffic.during(stopped + 2) if answer.verdict != "ok" or answer.total_ms > 2000]
    held = [answer for answer in traffic.during(stopped - 1, stopped + 2) if answer.total_ms > 2000]
    return Row(
        what="hung replica (SIGSTOP: its socket takes requests, nobody answers)",
        asked="out of rotation in 2 s, 0 lost",
        reached=f"out of rotation after {_seconds(out)}, {len(held)} requests waited for it and {len(late)} sent 2 s "
        f"later; killed after {_seconds(gone)}; {said(traffic.answers)}",
        passed=out is not None and out <= 2 and not late and not failed(traffic.answers),
        requests=len(traffic.answers),
    )


def engine_hung() -> Row:
    """An engine makes no step any more, and its server says that it is healthy."""
    with Served(Setting()) as served, running(Traffic(served.target, Load(15, timeout_s=180)), 90) as traffic:
        time.sleep(3)
        victim = served.engines()[_VICTIM]
        served.order(_VICTIM, freeze=True)
        found = eventually(lambda: not alive(victim), 130, every_s=0.2)
        served.order(_VICTIM)
        back = eventually(lambda: served.places().get(_VICTIM) == "UP", 30)
    return Row(
        what="hung engine (no step while requests run, `/health` says 200)",
        asked="found and replaced in 120 s",
        reached=f"killed after {_seconds(found)}, up again {_seconds(back)} later; {said(traffic.answers)}",
        passed=found is not None and found <= 120 and back is not None and not failed(traffic.answers),
        requests=len(traffic.answers),
    )


def supervisor_killed() -> Row:
    """kill -9 of `awqctl serve`."""
    with Served(Setting()) as served:
        with running(Traffic(served.target, Load(30, timeout_s=10)), 4):
            time.sleep(2)
            below = served.below()
            os.kill(served.process.pid, signal.SIGKILL)
            served.process.wait()
            gone = eventually(lambda: not any(alive(process) for process in below), 30)
        left = sum(alive(process) for process in below)
        began = time.monotonic()
        served.start()
        again = time.monotonic() - began
        with running(Traffic(served.target, Load(50)), 3) as traffic:
            pass
    return Row(
        what="kill -9 of the supervisor",
        asked="never an orphan engine; a restarted supervisor takes over or cleans up",
        reached=f"{len(below)} processes below it, all gone after {_seconds(gone)}, {left} left; started again it "
        f"serves after {again:.1f} s: {said(traffic.answers)}",
        passed=left == 0 and gone is not None and not failed(traffic.answers) and bool(traffic.answers),
        requests=len(traffic.answers),
    )


def gateway_killed() -> Row:
    """kill -9 of HAProxy, all its processes."""
    with Served(Setting()) as served, running(Traffic(served.target, Load(50, timeout_s=10)), 12) as traffic:
        time.sleep(4)
        engines = {name: process.pid for name, process in served.engines().items()}
        for process in served.gateway():
            process.kill()
        killed = time.monotonic()
        time.sleep(6)
        same = {name: process.pid for name, process in served.engines().items()} == engines
    right = [answer.began for answer in traffic.during(killed) if answer.verdict == "ok"]
    back = min(right, default=math.inf) - killed
    later = failed(traffic.during(killed + 2))
    return Row(
        what="kill -9 of the gateway",
        asked="back in 2 s; engines go on",
        reached=f"first answer to a request sent {_seconds(back)} after it; engines {'the same' if same else 'NEW'}; "
        f"{said(traffic.answers)}; {len(later)} failed of those sent 2 s later",
        passed=back <= 2 and same and not later,
        requests=len(traffic.answers),
    )


def poisonous_request() -> Row:
    """One request ends every engine that takes it."""
    with Served(Setting()) as served:
        before = {process.pid for process in served.engines().values()}
        with running(Traffic(served.target, Load(1, timeout_s=30), prompt=DIE), 1):
            pass
        time.sleep(1)
        killed = sum(process.pid not in before for process in served.engines().values())
        killed = max(killed, len(before) - len(served.engines()))
        back = eventually(lambda: len(served.engines()) == len(before), _BACK_S)
        with running(Traffic(served.target, Load(50)), 4) as traffic:
            pass
    return Row(
        what="a request that ends the engine which takes it",
        asked="some of three replicas left",
        reached=f"{killed} of {len(before)} ended; all back after {_seconds(back)}; then {said(traffic.answers)}",
        passed=killed < len(before) and back is not None and not failed(traffic.answers),
        requests=len(traffic.answers) + 1,
    )


def _kill_and_wait(served: Served, patience_s: float = _BACK_S) -> str:
    """Kill the victim; return in words when it was back."""
    victim = served.engines()[_VICTIM]
    victim.kill()
    started = time.monotonic()
    eventually(lambda: not alive(victim), 5)
    back = eventually(lambda: _VICTIM in served.engines() and served.places()[_VICTIM] == "UP", patience_s, every_s=0.2)
    return f"the replica was back after {_seconds(back and time.monotonic() - started)}"


def _seconds(value: float | None) -> str:
    return "never" if value is None or math.isinf(value) else f"{value:.1f} s"
