"""The most memory that an engine was seen to hold."""

import os
from dataclasses import replace

import pytest

from eval.bench.peak_memory import MemoryWatch, memory_watch
from pipeline.hardware.health.selection import used_by
from pipeline.hardware.memory_use import _held
from tests.fakes.nvml import FakeNvml, healthy, installed
from tests.helpers import wait_for


def test_the_largest_sample_is_the_peak() -> None:
    """Of all loads together; before, between and after them nobody looks."""
    values = iter([1.0, 2.0, 5.0, 3.0])
    watch = MemoryWatch(lambda: next(values), "processes", every_s=3600)
    for _ in range(2):
        with watch:
            pass
    found = watch.peak()
    assert found is not None
    assert (found.gib, found.samples, found.source) == (5.0, 4, "processes")


def test_samples_are_taken_during_the_load() -> None:
    """Not at its ends alone."""
    seen: list[float] = []

    def read() -> float:
        seen.append(1.0)
        return 1.0

    with MemoryWatch(read, "processes", every_s=0.001):
        wait_for(lambda: len(seen) > 5, 60)


def test_the_fullest_gpu_of_the_engine_counts() -> None:
    """Not one that is fuller, on which somebody else works; without a GPU the engine's processes are read."""
    gib = 2**30
    scripts = [[replace(healthy()[0], memory=(141 * gib, used * gib))] for used in (20, 30, 120)]
    with installed(FakeNvml(*scripts)), memory_watch(os.getpid(), lambda _: (0, 1)) as memory:
        pass
    found = memory.peak()
    assert found is not None
    assert (found.gib, found.source) == (30.0, "device")
    with installed(FakeNvml(*scripts)), memory_watch(os.getpid(), used_by(1, "cpu")) as memory:
        pass
    found = memory.peak()
    assert found is not None
    assert (found.source, 0 < found.gib < 20) == ("processes", True)


def test_memory_that_cannot_be_read_has_no_peak() -> None:
    """A process that is gone, a GPU whose driver does not answer."""
    with MemoryWatch(lambda: None, "device") as watch:
        pass
    assert watch.peak() is None


def test_shared_pages_count_once() -> None:
    """Three processes with the same libraries: their pages of their own are summed up, and the largest shared set."""
    gib = 2**30
    assert _held([(3 * gib, gib), (2 * gib, gib), (gib, gib // 2)]) == pytest.approx(2 + 1 + 0.5 + 1)
    assert _held([]) is None
