"""One load of a recipe through the real client, against servers of known speed and known faults."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from eval.bench.load.client import LoadClient
from eval.bench.load.null_server import NullServer, Times
from eval.bench.load.prompts import MadePrompts
from eval.bench.load.validity import Limits
from eval.bench.load.words import words_of
from eval.bench.measurement import LoadMeasurement
from eval.bench.recipe_load import spec_of, warm_up_of
from eval.bench.runs import LoadRun, judged
from pipeline.engines.external import ExternalEndpoint
from pipeline.recipe.bench import Bench
from tests.fakes.null_servers import CountsOtherTokens, DropsReplies, RepeatsPrefix, Running, TakesTwoAtATime

MODEL = Path(__file__).parents[2] / "recipes" / "demo" / "model"
TIMES = Times(ttft_s=0.1, inter_token_s=0.05)
SETTINGS = Bench(input_tokens=40, output_tokens=12, requests_per_concurrency=4)
ALONE = Limits(foreign_cpu_share=float("inf"))


@pytest.fixture
def measurement(client: LoadClient, tmp_path: Path) -> LoadMeasurement:
    """A measurement with the words of the demo's model."""
    results = tmp_path / "bench"
    results.mkdir()
    return LoadMeasurement(client, MadePrompts(words_of(MODEL)), 10_000, results, tmp_path / "client.log")


def run(measurement: LoadMeasurement, server: NullServer) -> LoadRun:
    """Return a judged run of four requests at a time."""
    with Running(server) as running:
        endpoint = ExternalEndpoint(running.url, model="null")
        return judged(measurement.measure(endpoint, spec_of(SETTINGS, 4, 1), "awq/run"), 1, 1, ALONE)


def test_run_agrees_with_the_server(measurement: LoadMeasurement) -> None:
    """Tokens are the server's to the last one, all was checked, and the figures are there."""
    found = run(measurement, NullServer(TIMES))
    assert (found.void, found.not_checked, found.token_difference) == ((), {}, 0)
    assert found.figures is not None
    assert found.figures.ttft_ms.p50 is not None
    assert found.figures.ttft_ms.p50 >= 99
    assert (found.sent, found.peak_concurrency) == (16, 4)


def test_percentiles_are_pooled_from_the_raw_files(measurement: LoadMeasurement) -> None:
    """Four runs of 16 requests carry a 95th percentile together, and none alone."""
    found = run(measurement, NullServer(TIMES))
    assert found.figures is not None
    assert found.figures.ttft_ms.p95 is None
    pooled = measurement.pooled([found] * 4)["ttft_ms"]
    assert pooled.p95 is not None
    assert pooled.p99 is None
    assert pooled.p50 == pytest.approx(found.figures.ttft_ms.p50)


def test_details_stay_and_texts_do_not(measurement: LoadMeasurement) -> None:
    """The times of each request are left, without what was answered, and beside them the readings of the machine."""
    found = run(measurement, NullServer(TIMES))
    assert found.health is not None
    assert found.health.file is not None
    files = [path for path in measurement.results.rglob("*") if path.is_file()]
    left = {path.relative_to(measurement.results).as_posix() for path in files}
    assert left == {found.raw_file, found.health.file}
    readings = (measurement.results / found.health.file).read_bytes()
    assert hashlib.sha256(readings).hexdigest() == found.health.sha256
    assert len(gzip.decompress(readings).splitlines()) == found.health.samples + len(found.health.gpus)
    kept = json.loads(gzip.decompress((measurement.results / found.raw_file).read_bytes()))
    assert len(kept["ttfts"]) == 16
    assert "generated_texts" not in kept


def test_nothing_is_left_of_a_warm_up(measurement: LoadMeasurement) -> None:
    """The server got its requests, and no file tells of them."""
    with Running(NullServer(TIMES)) as running:
        measurement.warm_up(ExternalEndpoint(running.url, model="null"), warm_up_of(SETTINGS, 4))
        assert running.server.counters.finished == SETTINGS.warmup_requests
    assert list(measurement.results.iterdir()) == []


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (DropsReplies, "4 of 16 requests failed"),
        (CountsOtherTokens, "the client counts 192 output tokens, the engine 176"),
        (RepeatsPrefix, "came from the prefix cache"),
        (TakesTwoAtATime, "the engine never had more than 2 of 4 requests"),
    ],
)
def test_misbehaving_server_leaves_no_figures(
    server: type[NullServer], reason: str, measurement: LoadMeasurement
) -> None:
    """A recipe's runs go through the same gate as an endpoint's."""
    found = run(measurement, server(TIMES))
    assert reason in "; ".join(found.void)
    assert found.figures is None
