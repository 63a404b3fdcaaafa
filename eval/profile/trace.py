"""A torch profiler's trace as a table of what took the time. Pure."""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.base.errors import EngineError
from pipeline.base.results import Result

_ON_GPU = ("kernel", "gpu_memcpy", "gpu_memset")
_ON_CPU = ("cpu_op",)
_US = 1e6


class Operation(Result):
    """One kernel of a GPU, or one operator of torch's on the CPU, over the whole trace."""

    name: str
    calls: int
    self_s: float
    """Without what it called."""
    share: float
    """Of the self time of all operations."""


class Profile(Result):
    """What a trace comes to."""

    of: Literal["kernels", "operators"]
    """Kernels where the trace has any: what a GPU did; operators else."""
    operations: tuple[Operation, ...]
    """The costliest first."""
    others_share: float
    """Of operations that are not listed."""
    busy_s: float
    """Self time of all operations, over all threads and streams."""
    span_s: float
    """From the first operation to the end of the last one."""


@dataclass(frozen=True)
class _Event:
    name: str
    begin: float
    end: float


def read_trace(path: Path) -> list[Mapping[str, Any]]:
    """Return the events of a trace file, compressed or not.

    Raises:
        EngineError: it is no trace of torch's profiler.
    """
    try:
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        events = json.loads(text)["traceEvents"]
    except (OSError, EOFError, ValueError, LookupError, TypeError) as problem:
        raise EngineError(
            f"{path.name} is no trace that can be read ({problem}). Profile again; an engine that is killed while it "
            f"writes leaves half a file."
        ) from problem
    return [event for event in events if isinstance(event, dict)]


def profile_of(events: Iterable[Mapping[str, Any]], most: int) -> Profile:
    """Return the costliest operations of a trace.

    Args:
        events: as Chrome's trace format has them, times in microseconds.
        most: operations that are listed.

    Raises:
        EngineError: the trace holds no operation.
    """
    whole = [event for event in events if event.get("ph") == "X"]
    kernels = [event for event in whole if event.get("cat") in _ON_GPU]
    chosen = kernels or [event for event in whole if event.get("cat") in _ON_CPU]
    if not chosen:
        raise EngineError("The trace holds no operation: nothing ran while it was recorded. Profile again.")
    tracks: dict[tuple[object, object], list[_Event]] = defaultdict(list)
    for event in chosen:
        begin = float(event["ts"])
        one = _Event(str(event["name"]), begin, begin + float(event.get("dur", 0.0)))
        tracks[event.get("pid"), event.get("tid")].append(one)
    times: dict[str, list[float]] = defaultdict(list)
    for track in tracks.values():
        for name, self_us in _self_times(track):
            times[name].append(self_us)
    busy = sum(map(sum, times.values())) or 1.0
    ranked = sorted(times.items(), key=lambda item: -sum(item[1]))
    operations = tuple(
        Operation(name=name, calls=len(each), self_s=sum(each) / _US, share=sum(each) / busy)
        for name, each in ranked[:most]
    )
    ends = [event for track in tracks.values() for event in track]
    return Profile(
        of="kernels" if kernels else "operators",
        operations=operations,
        others_share=max(1.0 - sum(one.share for one in operations), 0.0),
        busy_s=busy / _US,
        span_s=(max(one.end for one in ends) - min(one.begin for one in ends)) / _US,
    )


def _self_times(track: list[_Event]) -> list[tuple[str, float]]:
    """Return name and self time, in microseconds, of each event of one thread or stream; they nest."""
    open_: list[tuple[_Event, list[float]]] = []
    found: list[tuple[str, float]] = []

    def close(until: float) -> None:
        while open_ and open_[-1][0].end <= until:
            event, inner = open_.pop()
            found.append((event.name, max(event.end - event.begin - sum(inner), 0.0)))

    for event in sorted(track, key=lambda one: (one.begin, -one.end)):
        close(event.begin)
        if open_:
            open_[-1][1].append(min(event.end, open_[-1][0].end) - event.begin)
        open_.append((event, []))
    close(float("inf"))
    return found
