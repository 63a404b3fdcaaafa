"""A long time under traffic: errors, engines killed for no reason, memory and descriptors of every process."""

import contextlib
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from eval.statistics.trend import Trend, trend
from tests.chaos.row import Row
from tests.chaos.served import Served, Setting
from tests.chaos.traffic import Load, Traffic, failed, quantile_ms, running, said, verdicts

_EVERY_S = 15.0
_CONFIDENCE = 0.95
_WARM_UP = 1 / 6
"""Share of the time before the first sample: HAProxy keeps as many buffers as were ever in use at once."""
_FLAT_SHARE = 0.05
"""Of its level: what a process may grow in an hour, and still be called flat."""
_FLAT_MIB = 4.0
"""The same for a small one."""


@dataclass
class Samples:
    """Memory and descriptors of every process of an endpoint, over time."""

    served: Served
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    mib: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    files: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    stop: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Take samples until told to stop."""
        start = time.monotonic()
        while not self.stop.wait(_EVERY_S):
            for process in [psutil.Process(self.served.process.pid), *self.served.below()]:
                with contextlib.suppress(psutil.Error):
                    name = f"{_role(process)} {process.pid}"
                    self.times[name].append(time.monotonic() - start)
                    self.mib[name].append(process.memory_info().rss / 2**20)
                    self.files[name].append(process.num_fds())


def soak(minutes: float) -> Row:
    """Half streams and half whole answers at a rate that the engines bear."""
    with Served(Setting(tpot_s=0.01)) as served:
        samples = Samples(served)
        watching = threading.Thread(target=samples.watch, daemon=True)
        before = {name: process.pid for name, process in served.engines().items()}
        streams = Traffic(served.target, Load(15, tokens=32, stream=True))
        with running(streams, minutes * 60), running(Traffic(served.target, Load(15)), minutes * 60) as whole:
            time.sleep(minutes * 60 * _WARM_UP)
            watching.start()
        samples.stop.set()
        watching.join()
        same = {name: process.pid for name, process in served.engines().items()} == before
    answers = [*streams.answers, *whole.answers]
    bad = len(answers) - verdicts(answers)["ok"]
    grown = [text for name in samples.times for text in _growth(samples, name)]
    return Row(
        what=f"soak of {minutes:.0f} minutes, 30 requests/s, half of them streams",
        asked="errors < 0.1 %, flat memory and descriptors",
        reached=f"{said(answers)}; p95 {quantile_ms(answers, 0.95):.0f} ms; "
        f"engines {'the same' if same else 'CHANGED'}; "
        + ("; ".join(grown) if grown else f"all {len(samples.times)} processes flat: {_largest(samples)}"),
        passed=bad < len(answers) / 1000 and same and not grown,
        requests=len(answers),
    )


def saturation(minutes: float) -> Row:
    """Engines that have more to do than they can: none may be taken for hung."""
    setting = Setting(slots=8, ttft_s=0.5, tpot_s=0.1)
    tokens = 64
    rate = 1.5 * setting.replicas * setting.slots / (setting.ttft_s + (tokens - 1) * setting.tpot_s)
    with Served(setting) as served:
        before = {name: process.pid for name, process in served.engines().items()}
        with running(Traffic(served.target, Load(rate, tokens=tokens, timeout_s=300)), minutes * 60) as traffic:
            pass
        killed = sum(before[name] != process.pid for name, process in served.engines().items())
        killed += len(before) - len(served.engines())
    return Row(
        what=f"{minutes:.0f} minutes at saturation (1.5 times what the engines can answer)",
        asked="0 engines killed for being busy",
        reached=f"{killed} killed; {said(traffic.answers)}",
        passed=killed == 0 and not failed(traffic.answers),
        requests=len(traffic.answers),
    )


def _role(process: psutil.Process) -> str:
    line = process.cmdline()
    if "pipeline.cli" in line:
        return "supervisor"
    if any(part.endswith("guardian.py") for part in line):
        return "guardian"
    if "--uds" in line:
        return f"engine {Path(line[line.index('--uds') + 1]).stem}"
    return process.name() if process.name() == "haproxy" else Path(line[-1]).name or process.name()


def _growth(samples: Samples, name: str) -> list[str]:
    """Return in words what of a process grows, with an interval that excludes that it does not."""
    found = []
    for series, unit in ((samples.mib[name], "MiB"), (samples.files[name], "descriptors")):
        line = trend(samples.times[name], series, _CONFIDENCE)
        if line and line.interval and _grows(line, unit):
            low, high = (3600 * end for end in line.interval)
            found.append(f"{name} GROWS {line.slope * 3600:+.1f} {unit}/h ({low:+.1f} to {high:+.1f})")
    return found


def _grows(line: Trend, unit: str) -> bool:
    allowed = max(line.centre[1] * _FLAT_SHARE, _FLAT_MIB) if unit == "MiB" else 1.0
    return line.interval is not None and line.interval[0] > 0 and line.slope * 3600 > allowed


def _largest(samples: Samples) -> str:
    """Return in words how the processes with the steepest trend of memory and of descriptors do."""
    words = []
    for kind, unit in ((samples.mib, "MiB"), (samples.files, "descriptors")):
        lines = {name: trend(samples.times[name], series, _CONFIDENCE) for name, series in kind.items()}
        steep = max((line.slope * 3600, name) for name, line in lines.items() if line) if any(lines.values()) else None
        words.append(f"most {unit}: {steep[1]} {steep[0]:+.2f}/h" if steep else f"too few samples of {unit}")
    return ", ".join(words)
