"""A profiler's trace as a table."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from eval.profile.trace import profile_of, read_trace
from pipeline.base.errors import EngineError


def event(name: str, begin: float, duration: float, *, cat: str = "cpu_op", tid: int = 1) -> dict[str, Any]:
    """Return a complete event, in microseconds."""
    return {"ph": "X", "cat": cat, "name": name, "pid": 7, "tid": tid, "ts": begin, "dur": duration}


CPU = [
    {"ph": "M", "name": "process_name", "pid": 7},
    event("execute_context", 0, 1000, cat="user_annotation"),
    event("linear", 100, 600),
    event("gemm", 150, 400),
    event("view", 600, 50),
    event("gemm", 800, 100),
    event("gemm", 300, 200, tid=2),
]
KERNELS = [
    event("marlin", 0, 300, cat="kernel", tid=20),
    event("memcpy", 300, 100, cat="gpu_memcpy", tid=20),
    event("marlin", 100, 500, cat="kernel", tid=21),
]


def test_self_time_is_without_what_is_called() -> None:
    """600 us of which 450 are in others; the same operation counts on every thread, containers do not count."""
    found = profile_of(CPU, most=9)
    assert found.of == "operators"
    assert [(one.name, one.calls) for one in found.operations] == [("gemm", 3), ("linear", 1), ("view", 1)]
    assert [one.self_s for one in found.operations] == pytest.approx([700e-6, 150e-6, 50e-6])
    assert [one.share for one in found.operations] == pytest.approx([700 / 900, 150 / 900, 50 / 900])
    assert (found.busy_s, found.span_s) == (pytest.approx(900e-6), pytest.approx(800e-6))


def test_kernels_count_where_there_are_any() -> None:
    """On a GPU the operators only wait; kernels of several streams run beside each other."""
    found = profile_of([*CPU, *KERNELS], most=1)
    assert found.of == "kernels"
    assert [one.name for one in found.operations] == ["marlin"]
    assert found.operations[0].self_s == pytest.approx(800e-6)
    assert found.others_share == pytest.approx(100 / 900)
    assert found.span_s == pytest.approx(600e-6)


def test_events_that_end_together_nest() -> None:
    """A caller may end with what it called, and begin with it."""
    found = profile_of([event("outer", 0, 10), event("inner", 0, 10)], most=9)
    assert {one.name: one.self_s for one in found.operations} == {"outer": 0.0, "inner": pytest.approx(10e-6)}


def test_a_trace_without_operations_is_refused() -> None:
    """Nothing ran while it was recorded, and a table of nothing would say that all is fast."""
    with pytest.raises(EngineError, match="holds no operation"):
        profile_of([event("execute", 0, 10, cat="user_annotation")], most=9)


@pytest.mark.parametrize("name", ["rank0.json", "rank0.json.gz"])
def test_a_trace_is_read_compressed_or_not(tmp_path: Path, name: str) -> None:
    """As torch writes it, with more around the events."""
    text = json.dumps({"schemaVersion": 1, "traceEvents": CPU}).encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    assert list(read_trace(tmp_path / name)) == CPU


@pytest.mark.parametrize(
    ("content", "kept"), [(b"", 99), (b"{", 99), (b"[]", 99), (b"{}", 99), (b'{"traceEvents": [', 20)]
)
def test_half_a_trace_is_refused(tmp_path: Path, content: bytes, kept: int) -> None:
    """An engine that was killed while it wrote leaves one."""
    path = tmp_path / "rank0.json.gz"
    path.write_bytes(gzip.compress(content)[:kept])
    with pytest.raises(EngineError, match=r"rank0\.json\.gz is no trace"):
        read_trace(path)
