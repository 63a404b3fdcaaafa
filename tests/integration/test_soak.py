"""A soak of seconds through the real load client: what is delivered. The verdicts are tested on recorded details."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from eval.bench.load.client import LoadClient
from eval.bench.load.null_server import NullServer, Times
from eval.bench.load.prompts import COMMON
from eval.bench.load.spec import Lengths, LoadSpec
from eval.bench.load.validity import Limits
from eval.bench.measurement import LoadMeasurement
from eval.bench.soak.figures import Knee
from eval.bench.soak.memory import ProcessMemory
from eval.bench.soak.result import Soak
from eval.bench.soak.soak import Offered, SoakBench, SoakPlan
from pipeline.base.progress import SilentReporter
from pipeline.engines.external import ExternalEndpoint
from pipeline.runtimes.loadgen import ensure_loadgen
from tests.fakes.null_servers import DropsReplies, Running, WearsOut

TOKENS = 12
TIMES = Times(ttft_s=0.02, inter_token_s=0.005)
PLAN = SoakPlan(
    minutes=0.1,
    share=0.8,
    slice_s=0.4,
    input_tokens=Lengths(low=16, high=64),
    output_tokens=Lengths.fixed(TOKENS),
    ignore_eos=True,
    drift_limit=0.05,
)
SIZING = 8
"""Requests of the load before, two waves of four."""
KNEE = Knee(concurrency=5, basis="sweep")


LIMITS = Limits(foreign_cpu_share=float("inf"), client_cpu_share=float("inf"))
"""A machine that runs tests keeps to no others."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> LoadClient:
    """The real load client."""
    return LoadClient(ensure_loadgen(tmp_path_factory.mktemp("home"), SilentReporter()))


def soak(client: LoadClient, server: NullServer, folder: Path) -> Soak:
    """Return what became of a server."""
    measurement = LoadMeasurement(client, COMMON, None, folder, folder / "client.log")
    with Running(server) as running:
        engine = ExternalEndpoint(running.url, model="null")

        def offer(spec: LoadSpec, name: str, limit_s: float) -> Offered:
            made = measurement.measure(engine, spec, name, limit_s=limit_s)
            return Offered(made.evidence, measurement.answers(made.raw.name), made.raw)

        bench = SoakBench(PLAN, offer, engine, ProcessMemory(running.url), LIMITS, SilentReporter())
        return bench.run(KNEE)


def test_soak_is_one_run_in_slices(client: LoadClient, tmp_path: Path) -> None:
    """Four fifths of the knee, as many requests as the time takes, each slice with every figure."""
    server = NullServer(TIMES)
    found = soak(client, server, tmp_path)
    assert found.void is None
    assert found.concurrency == 4
    assert (found.requests, found.failed) == (server.counters.finished - SIZING, 0)
    assert found.engine is not None
    assert [drift.quantity for drift in found.drifts] == ["throughput", "ttft", "itl", "memory"]
    assert found.verdict is not None
    assert found.window_s == pytest.approx(len(found.slices) * (found.slice_s or 0))
    assert any(one.ttft_ms and one.itl_ms and one.output_tokens_per_s for one in found.slices)


def test_details_stay_beside_the_result(client: LoadClient, tmp_path: Path) -> None:
    """The client's files, without texts; that of the soak under the hash that the result has."""
    found = soak(client, NullServer(TIMES), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["client.log", "soak-sizing.json.gz", "soak.json.gz"]
    assert found.raw_file == "soak.json.gz"
    packed = (tmp_path / "soak.json.gz").read_bytes()
    assert found.raw_sha256 == hashlib.sha256(packed).hexdigest()
    kept = json.loads(gzip.decompress(packed))
    assert len(kept["ttfts"]) == found.requests
    assert "generated_texts" not in kept


def test_server_that_wears_out_is_seen(client: LoadClient, tmp_path: Path) -> None:
    """Slower tokens and more memory at the end, however busy this machine is."""
    found = soak(client, WearsOut(TIMES), tmp_path)
    last = found.slices[-1]
    memory = [one.memory_gib for one in found.slices if one.memory_gib is not None]
    assert found.memory_of == "processes"
    assert memory[-1] > memory[0]
    fresh = 4 * TOKENS / (TIMES.ttft_s + (TOKENS - 1) * TIMES.inter_token_s)
    assert last.output_tokens_per_s < 0.8 * fresh


def test_soak_that_loses_requests_has_no_verdict(client: LoadClient, tmp_path: Path) -> None:
    """A void soak has its reasons, its file, and neither slices nor drifts."""
    found = soak(client, DropsReplies(TIMES), tmp_path)
    assert found.void is not None
    assert "requests failed" in "; ".join(found.void)
    assert (found.slices, found.drifts, found.verdict) == ((), (), None)
    assert found.raw_file is not None
