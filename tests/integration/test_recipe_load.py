"""The load of a recipe through the real client, against a server of known speed: the figures of the stage `bench`."""

import gzip
import json
from pathlib import Path

import pytest

from eval.bench.counters import cached, disagreement, faults
from eval.bench.load.client import LoadClient, Target
from eval.bench.load.null_server import NullServer, Times
from eval.bench.recipe_load import RecipeLoad, words_of_model
from eval.bench.stage import summarise
from pipeline.base.progress import SilentReporter
from pipeline.engines.external import ExternalEndpoint
from pipeline.recipe.bench import Bench
from pipeline.runtimes.loadgen import ensure_loadgen
from tests.fakes.null_servers import DropsReplies, Running

MODEL = Path(__file__).parents[2] / "recipes" / "demo" / "model"
TIMES = Times(ttft_s=0.1, inter_token_s=0.02)


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> RecipeLoad:
    """A load of 40 tokens in and 12 out."""
    home = tmp_path_factory.mktemp("home")
    client = LoadClient(ensure_loadgen(home, SilentReporter()))
    words = words_of_model(MODEL, trust_remote_code=False)
    return RecipeLoad(client, words, Bench(input_tokens=40, output_tokens=12), home / "client.log")


def test_run_agrees_with_the_server(load: RecipeLoad, tmp_path: Path) -> None:
    """Tokens are the server's to the last one, nothing was cached, and every figure of a point is there."""
    with Running(NullServer(TIMES)) as running:
        endpoint = ExternalEndpoint(running.url, model="null")
        before = endpoint.metrics()
        figures = load.run(Target(running.url, "null"), 4, 16, 3, tmp_path / "run.json")
        after = endpoint.metrics()
    assert before is not None
    assert after is not None
    differences = disagreement(figures, before.counters(), after.counters())
    assert differences == {"total_input_tokens": 0.0, "total_output_tokens": 0.0}
    assert faults(figures, 16, differences) + cached(before.counters(), after.counters()) == []
    point = summarise(4, [figures])
    assert point.ttft.mean_ms >= 99
    assert point.itl.p50_ms == pytest.approx(20, rel=0.5)
    assert point.requests == 16


def test_details_stay_and_texts_do_not(load: RecipeLoad, tmp_path: Path) -> None:
    """One file is left, with the times of each request and without what was answered."""
    with Running(NullServer(TIMES)) as running:
        load.run(Target(running.url, "null"), 2, 4, 3, tmp_path / "run.json")
    assert [path.name for path in tmp_path.iterdir()] == ["run.json.gz"]
    with gzip.open(tmp_path / "run.json.gz", "rt", encoding="utf-8") as stream:
        kept = json.load(stream)
    assert len(kept["ttfts"]) == 4
    assert "generated_texts" not in kept


def test_lost_replies_are_told(load: RecipeLoad, tmp_path: Path) -> None:
    """What failed is counted, with the first error."""
    with Running(DropsReplies(TIMES)) as running:
        figures = load.run(Target(running.url, "null"), 4, 16, 3, tmp_path / "run.json")
    assert figures["failed"] == 4
    assert figures["first_error"]
    assert faults(figures, 16, {}) == ["12 of 16 requests completed, 4 failed"]
