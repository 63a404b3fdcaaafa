"""A soak of seconds through the real load client: what is delivered. The verdicts are tested on recorded details."""

import gzip
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from eval.bench.endpoint_soak import EndpointSoak
from eval.bench.load.budget import Allowance
from eval.bench.load.client import LoadClient
from eval.bench.load.endpoint import EndpointBench
from eval.bench.load.null_server import NullServer, Times
from eval.bench.load.plan import EndpointPlan
from eval.bench.load.prompts import MadePrompts
from eval.bench.load.spec import LoadSpec
from eval.bench.load.validity import Limits
from eval.bench.load.words import COMMON
from eval.bench.measurement import LoadMeasurement
from eval.bench.soak.figures import Knee
from eval.bench.soak.memory import ProcessMemory
from eval.bench.soak.result import Soak
from eval.bench.soak.soak import Offered, SoakBench, SoakPlan
from pipeline.base.progress import SilentReporter
from pipeline.base.token_range import TokenRange
from pipeline.engines.external import ExternalEndpoint
from pipeline.run.recorded_files import recorded_sums
from tests.fakes.null_servers import DropsReplies, Remembers, Running, WearsOut
from tests.helpers import awqctl

TOKENS = 12
TIMES = Times(ttft_s=0.02, inter_token_s=0.005)
PLAN = SoakPlan(
    minutes=0.1,
    share=0.8,
    slice_s=0.4,
    input_tokens=TokenRange(low=16, high=64),
    output_tokens=TokenRange.fixed(TOKENS),
    ignore_eos=True,
    drift_limit=0.05,
)
SIZING = 8
"""Requests of the load before, two waves of four."""
KNEE = Knee(concurrency=5, basis="sweep")


LIMITS = Limits(foreign_cpu_share=float("inf"), client_cpu_share=float("inf"))
"""A machine that runs tests keeps to no others."""


def soak(client: LoadClient, server: NullServer, folder: Path) -> Soak:
    """Return what became of a server."""
    measurement = LoadMeasurement(client, MadePrompts(COMMON), None, folder, folder / "client.log")
    with Running(server) as running:
        engine = ExternalEndpoint(running.url, model="null")

        def offer(spec: LoadSpec, name: str, limit_s: float) -> Offered:
            made = measurement.measure(engine, spec, name, limit_s=limit_s)
            return Offered(made.evidence, measurement.answers(made.raw.name), made.raw, made.health)

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
    assert [file.name for file in found.files] == ["soak.json.gz", "soak.health.jsonl.gz"]
    assert {file.name for file in found.files} < {path.name for path in tmp_path.iterdir()}
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


def test_endpoint_is_held_after_its_loads(home: Path, tmp_path: Path) -> None:
    """One JSON document with the points and the soak, whose files `verify` holds against their sums."""
    options = ("--concurrency", "1,4", "--input-tokens", "16-32", "--output-tokens", TOKENS, "--soak", 0.1, "--json")
    with Running(NullServer(TIMES)) as running:
        done = awqctl(
            *("bench", "--endpoint", running.url, "--model", "null", *options),
            cwd=tmp_path,
            env=os.environ | {"AWQCTL_HOME": str(home)},
        )
    document = json.loads(done.stdout)
    found = Soak.model_validate(document["soak"])
    assert done.returncode == (3 if found.void or any(point["void"] for point in document["points"]) else 0)
    assert found.concurrency in (1, 3)
    assert (found.input_tokens.low, found.input_tokens.high) == (16, 32)
    assert found.requests > 20
    sums = recorded_sums(tmp_path / "out" / "endpoint")
    for file in found.files:
        content = (tmp_path / "out" / "endpoint" / "bench" / file.name).read_bytes()
        assert sums[f"bench/{file.name}"] == file.sha256 == hashlib.sha256(content).hexdigest()


def test_endpoint_is_never_sent_more_than_is_allowed(client: LoadClient, home: Path, tmp_path: Path) -> None:
    """A soak that does not fit into the limits is void, and not begun."""
    server = NullServer(TIMES)
    plan = EndpointPlan(
        input_tokens=TokenRange.fixed(16),
        output_tokens=TokenRange.fixed(TOKENS),
        concurrency=(2,),
        requests=4,
        allowance=Allowance(requests=20),
    )
    with Running(server) as running:
        bench = EndpointBench(plan, ExternalEndpoint(running.url, model="null"), client)
        load = bench.run(home, tmp_path, SilentReporter(), LIMITS)
        found = EndpointSoak(bench, PLAN, tmp_path, SilentReporter(), LIMITS).run(load)
    assert found.void is not None
    assert "the limit is 20" in found.void[0]
    assert server.counters.finished <= 20


def test_soak_after_own_prompts_has_made_ones(client: LoadClient, home: Path, tmp_path: Path) -> None:
    """A file has too few for minutes, and lengths of its own, which are not those that the soak says it held."""
    file = tmp_path / "own.jsonl"
    file.write_text("".join(f'{{"prompt": "mine {number}"}}\n' for number in range(12)), encoding="utf-8")
    server = Remembers(TIMES)
    lengths: dict[str, Any] = {"input_tokens": TokenRange.fixed(16), "output_tokens": TokenRange.fixed(TOKENS)}
    with Running(server) as running:
        plan = EndpointPlan(prompts=file, concurrency=(2,), requests=4, **lengths)
        bench = EndpointBench(plan, ExternalEndpoint(running.url, model="null"), client)
        load = bench.run(home, tmp_path, SilentReporter(), LIMITS)
        assert load.prompts is not None
        own = len(server.asked)
        found = EndpointSoak(bench, PLAN, tmp_path, SilentReporter(), LIMITS).run(load)
    assert found.requests > SIZING
    assert all(prompt.startswith("mine") for prompt in server.asked[:own])
    assert not any(prompt.startswith("mine") for prompt in server.asked[own:])
