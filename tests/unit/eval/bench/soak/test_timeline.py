"""What is sampled beside a load."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

import httpx
import psutil
import pytest

from eval.bench.load.null_server import NullServer, Times
from eval.bench.soak.memory import DeviceMemory, ProcessMemory, server_memory
from eval.bench.soak.timeline import Timeline
from pipeline.engines.external import ExternalEndpoint
from pipeline.hardware.health.processes import Owners
from pipeline.hardware.health.sample import GpuFacts, GpuSample
from pipeline.hardware.health.selection import Choice
from tests.fakes.null_servers import Running

_HOLDER = """
import http.server, sys
held = []
class Grows(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        held.append(bytearray(64 * 2**20))
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Grows)
print(server.server_address[1], flush=True)
server.serve_forever()
"""
"""Holds 64 MiB more with every request."""


@pytest.fixture
def leaking() -> Iterator[str]:
    """The address of a server that leaks, in a process of its own."""
    with subprocess.Popen([sys.executable, "-c", _HOLDER], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()


def test_memory_is_the_servers(leaking: str) -> None:
    """Of the process that listens there; what it takes more is seen."""
    memory = ProcessMemory(leaking)
    before = memory.memory_gib()
    httpx.get(leaking, trust_env=False)
    after = memory.memory_gib()
    assert memory.memory_of == "processes"
    assert before is not None
    assert after is not None
    assert after - before == pytest.approx(64 / 1024, rel=0.5)


def test_server_elsewhere_has_no_memory_here() -> None:
    """Nothing is guessed about another machine."""
    memory = ProcessMemory("http://192.0.2.1:8000")
    assert (memory.memory_of, memory.memory_gib()) == (None, None)


def test_process_that_is_gone_has_no_memory(leaking: str) -> None:
    """A server that died did not free its memory, it is not there."""
    memory = ProcessMemory(leaking)
    for connection in psutil.net_connections("tcp"):
        if connection.laddr and str(connection.laddr.port) == leaking.rpartition(":")[2] and connection.pid:
            psutil.Process(connection.pid).kill()
            break
    psutil.wait_procs(psutil.Process(os.getpid()).children(), timeout=10)
    assert memory.memory_gib() is None


def test_samples_have_times_of_the_load() -> None:
    """Gauges and memory of a running server, counted from the load's first request."""
    with Running(NullServer(Times(0.1, 0.1))) as running:
        engine = ExternalEndpoint(running.url, model="null")
        with Timeline(engine, ProcessMemory(running.url), every_s=0.01) as timeline:
            while len(timeline.samples(1.0)) < 3:
                pass
    samples = timeline.samples(100.0)
    assert [one.time_s for one in samples] == sorted(one.time_s for one in samples)
    assert all(0 < one.time_s <= 100 for one in samples)
    assert {one.running for one in samples} == {0.0}


def test_silent_server_leaves_memory_alone() -> None:
    """Gauges that cannot be read are not known; the sampling goes on."""
    engine = ExternalEndpoint("http://127.0.0.1:9", model="null")
    with Timeline(engine, ProcessMemory(engine.base_url), every_s=0.01) as timeline:
        while not timeline.samples(1.0):
            pass
    assert timeline.samples(1.0)[0].running is None


class _Gpus:
    """A driver with three GPUs, of which the last does not tell its memory."""

    facts = tuple(GpuFacts(index=index, vendor="nvidia", name="a GPU") for index in range(3))

    def read(self, _owners: Owners) -> tuple[GpuSample, ...]:
        """Return nothing of how they are."""
        return ()

    def used_bytes(self) -> Mapping[int, int | None]:
        """Return them with 1 and 2 GiB taken."""
        return dict(enumerate((2**30, 2**31, None)))

    def close(self) -> None:
        """Let go of nothing."""


@pytest.mark.parametrize(("gpus", "expected"), [((0,), 1.0), ((0, 1), 3.0), ((1, 2), None), ((7,), None)])
def test_memory_of_the_device_is_that_of_the_gpus_in_use(gpus: tuple[int, ...], expected: float | None) -> None:
    """Their sum; nothing where one of them does not tell, or is not there."""
    memory = DeviceMemory([_Gpus()], gpus)
    assert (memory.memory_of, memory.memory_gib()) == ("device", expected)


@pytest.mark.parametrize("choose", [None, lambda _facts: ()])
def test_server_without_a_gpu_has_that_of_its_processes(leaking: str, choose: Choice | None) -> None:
    """On the CPU, or where it is not known which GPUs are meant."""
    with server_memory(leaking, choose) as memory:
        assert memory.memory_of == "processes"
        assert memory.memory_gib() is not None
