"""The real load client against servers of known speed: what it says is true, or it says nothing."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from eval.bench.load import calibration
from eval.bench.load.calibration import calibrate, calibration_of
from eval.bench.load.client import LoadClient, LoadTimeoutError
from eval.bench.load.endpoint import EndpointBench
from eval.bench.load.endpoint_result import EndpointLoad
from eval.bench.load.null_server import NullServer, Times
from eval.bench.load.plan import EndpointPlan
from eval.bench.load.prompts import MadePrompts
from eval.bench.load.result import LoadResult
from eval.bench.load.spec import Arrivals, LoadSpec
from eval.bench.load.target import Target
from eval.bench.load.validity import Limits
from eval.bench.load.words import COMMON, Words, words_of
from pipeline.base.errors import EngineError
from pipeline.base.progress import SilentReporter
from pipeline.base.token_range import TokenRange
from pipeline.engines.external import ExternalEndpoint
from tests.fakes import null_servers
from tests.fakes.null_servers import Running, SendsClosingPiece
from tests.fakes.nvml import FakeNvml, healthy, installed
from tests.helpers import awqctl

TIMES = Times(ttft_s=0.1, inter_token_s=0.02)
TOKENS = 12
TOKENIZER = Path(__file__).parents[2] / "recipes" / "demo" / "model"
ALONE = Limits(foreign_cpu_share=float("inf"))
"""A machine that runs tests is never quiet; what that means is tested by itself."""


def load(**changes: object) -> LoadSpec:
    """Return a small load."""
    spec = LoadSpec(
        concurrency=4,
        requests=12,
        input_tokens=TokenRange.fixed(24),
        output_tokens=TokenRange.fixed(TOKENS),
    )
    return LoadSpec.model_validate(spec.model_dump() | changes)


def offer(
    client: LoadClient,
    spec: LoadSpec,
    target: Target,
    folder: Path,
    *,
    words: Words = COMMON,
    limit_s: float = 60,
) -> LoadResult:
    """Offer a load of made prompts."""
    return client.offer(spec, target, MadePrompts(words).of(spec), folder, "run", limit_s=limit_s)


def measure(
    server: NullServer, client: LoadClient, home: Path, folder: Path, limits: Limits = ALONE, **changes: object
) -> EndpointLoad:
    """Return what the command would report of a server."""
    usual: dict[str, object] = {"concurrency": (4,), "requests_per_concurrency": 6, "patience_s": 4.0}
    plan = EndpointPlan(
        input_tokens=TokenRange.fixed(24),
        output_tokens=TokenRange.fixed(TOKENS),
        **(usual | changes),  # type: ignore[arg-type]
    )
    with Running(server) as running:
        bench = EndpointBench(plan, ExternalEndpoint(running.url, model="null"), client)
        return bench.run(home, folder, SilentReporter(), limits)


def test_figures_are_the_servers(client: LoadClient, tmp_path: Path) -> None:
    """Tokens and requests are counted exactly, and no time is shorter than the server's own."""
    with Running(NullServer(TIMES)) as running:
        result = offer(client, load(), Target(running.url, "null"), tmp_path)
        counters = running.server.counters
    assert (result.sent, result.answered, result.failed) == (12, 12, 0)
    assert result.output_tokens == counters.generation_tokens == 12 * TOKENS
    assert result.peak_concurrency == counters.peak_running == 4
    assert result.ttft_ms.mean is not None
    assert result.ttft_ms.mean >= 99
    assert result.output_tokens_per_s <= 1.01 * 4 * TOKENS / (0.1 + (TOKENS - 1) * 0.02)
    assert result.ttft_ms.p95 is None


def test_closing_piece_is_no_token(client: LoadClient, tmp_path: Path) -> None:
    """A server that ends with an empty piece has the same intervals: the client's own file counts one more."""
    with Running(SendsClosingPiece(TIMES)) as running:
        result = offer(client, load(), Target(running.url, "null"), tmp_path)
    raw = json.loads((tmp_path / "run.json").read_text())
    assert {len(gaps) for gaps in raw["itls"]} == {TOKENS}
    assert result.itl_ms.mean is not None
    assert result.itl_ms.mean > raw["mean_itl_ms"]
    assert result.output_tokens == 12 * TOKENS


def test_prompts_are_unique_and_counted_as_the_tokenizer_does(client: LoadClient, tmp_path: Path) -> None:
    """With the model's tokenizer every prompt has the tokens asked for; nothing comes from a cache."""
    with Running(NullServer(TIMES)) as running:
        result = offer(client, load(), Target(running.url, "null"), tmp_path, words=words_of(TOKENIZER))
        counters = running.server.counters
    assert result.input_tokens == 12 * 24
    assert counters.prefix_hits == 0


def test_open_loop_does_not_wait_for_answers(client: LoadClient, tmp_path: Path) -> None:
    """Requests that come at a rate are under way together however long an answer takes."""
    spec = load(concurrency=None, requests=30, arrivals=Arrivals(rate_per_s=100).model_dump())
    with Running(NullServer(Times(1.0, 0.001))) as running:
        result = offer(client, spec, Target(running.url, "null"), tmp_path)
    assert result.peak_concurrency > 15
    assert result.throughput_over == "whole run"


def test_mixed_lengths_are_delivered(client: LoadClient, tmp_path: Path) -> None:
    """Every answer has the length that its own prompt asked for."""
    with Running(NullServer(TIMES)) as running:
        spec = load(output_tokens=TokenRange(low=2, high=20).model_dump())
        result = offer(client, spec, Target(running.url, "null"), tmp_path)
    assert (result.answers_too_short, result.answers_too_long) == (0, 0)
    assert 12 * 2 < result.output_tokens < 12 * 20


def test_key_goes_to_the_server(client: LoadClient, tmp_path: Path) -> None:
    """The key is sent, and does not stand in any file."""
    with Running(NullServer(TIMES, key="sesame-open")) as running:
        result = offer(client, load(), Target(running.url, "null", "sesame-open"), tmp_path)
    assert result.failed == 0
    assert not any("sesame-open" in path.read_text() for path in tmp_path.iterdir())


def test_load_that_does_not_end_is_given_up(client: LoadClient, tmp_path: Path) -> None:
    """A server that falls silent does not hold the command, and no client stays behind."""
    with (
        Running(null_servers.Stalls(TIMES)) as running,
        pytest.raises(LoadTimeoutError, match="not over after 2 s"),
    ):
        offer(client, load(), Target(running.url, "null"), tmp_path, limit_s=2)
    lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    assert [line for line in lines if str(tmp_path) in line] == []


def test_good_server_has_figures(client: LoadClient, home: Path, tmp_path: Path) -> None:
    """Nothing is void, and the conditions that need the tokenizer or the counters say whether they were checked."""
    (point,) = measure(NullServer(TIMES), client, home, tmp_path).points
    assert point.void is None
    assert point.output_tokens_per_s is not None
    assert point.engine is not None
    assert point.engine.output_tokens == 24 * TOKENS
    assert point.not_checked == {}


def test_server_without_counters_is_labelled(client: LoadClient, home: Path, tmp_path: Path) -> None:
    """Any server is measured; what its missing counters would have shown is named."""
    (point,) = measure(NullServer(TIMES, has_metrics=False), client, home, tmp_path).points
    assert point.void is None
    assert set(point.not_checked.values()) == {"the server offers no counters"}


def test_server_that_only_chats_is_measured(client: LoadClient, home: Path, tmp_path: Path) -> None:
    """Without a route for texts it is asked for chats; the piece with the role is no first token."""
    found = measure(null_servers.OnlyChats(TIMES, has_metrics=False), client, home, tmp_path)
    (point,) = found.points
    assert (found.route, point.void) == ("/v1/chat/completions", None)
    assert point.ttft_ms.mean is not None
    assert point.ttft_ms.mean >= 99


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (null_servers.DropsReplies, "requests failed"),
        (null_servers.ErrorsWith200, "requests failed"),
        (null_servers.CountsOtherTokens, "the client counts 288 output tokens, the engine 264"),
        (null_servers.OverstatesUsage, "count more tokens than were asked for"),
        (null_servers.ClosesEarly, "ended before the length asked for"),
        (null_servers.BreaksHalfWay, "requests failed"),
        (null_servers.RepeatsPrefix, "came from the prefix cache"),
        (null_servers.Stalls, "no answer was whole"),
    ],
)
def test_misbehaving_server_has_no_figures(
    server: type[NullServer], reason: str, client: LoadClient, home: Path, tmp_path: Path
) -> None:
    """Each fault voids the point with its reason, and no figure is left in it."""
    (point,) = measure(server(TIMES), client, home, tmp_path).points
    assert reason in "; ".join(point.void or ())
    assert point.output_tokens_per_s is None
    assert {point.ttft_ms.mean, point.tpot_ms.mean, point.itl_ms.mean, point.e2e_ms.mean} == {None}


def test_queue_before_the_engine_is_no_concurrency(client: LoadClient, home: Path, tmp_path: Path) -> None:
    """Gauges that were read often enough show that half of the requests waited where the engine does not see them."""
    server = null_servers.TakesTwoAtATime(TIMES)
    (point,) = measure(server, client, home, tmp_path, requests_per_concurrency=16).points
    assert "the engine never had more than 2 of 4 requests" in "; ".join(point.void or ())
    assert point.output_tokens_per_s is None


def test_slow_server_is_given_up(client: LoadClient, home: Path, tmp_path: Path) -> None:
    """Answers that come too slowly for the patience given make no figures."""
    (point,) = measure(NullServer(Times(0.1, 1.0)), client, home, tmp_path).points
    assert point.void == ("no answer was whole within 4 s (--patience)",)


def test_load_above_the_ceiling_is_void(client: LoadClient, home: Path, tmp_path: Path) -> None:
    """What the client was never seen to measure rightly on this machine is not published."""
    (point,) = measure(NullServer(TIMES), client, home, tmp_path, Limits(float("inf"), ceiling_share=0.001)).points
    assert "above the 10000 that the client measures rightly" in "; ".join(point.void or ())


def test_busy_machine_is_void(client: LoadClient, home: Path, tmp_path: Path) -> None:
    """Somebody else's processor time voids the point; here the limit is below any."""
    (point,) = measure(NullServer(TIMES), client, home, tmp_path, Limits(foreign_cpu_share=-1.0)).points
    assert "other processes took" in "; ".join(point.void or ())


def test_hot_gpu_is_void(client: LoadClient, home: Path, tmp_path: Path) -> None:
    """A GPU that works for this process is slowed down by heat while the load runs; the samples are kept."""
    hot = [replace(state, reasons=0x40, margin=0) for state in healthy(pid=os.getpid())]
    with installed(FakeNvml(hot)):
        (point,) = measure(NullServer(TIMES), client, home, tmp_path).points
    assert point.output_tokens_per_s is None
    assert point.void is not None
    assert any("GPU 0, clocks: slowed down by the hardware because of heat" in reason for reason in point.void)
    assert point.health is not None
    assert point.health.throttle_share == 1.0
    assert point.health.file is not None
    samples = (tmp_path / point.health.file).read_bytes()
    assert hashlib.sha256(samples).hexdigest() == point.health.sha256


def test_energy_of_a_gpu_stands_with_the_point(client: LoadClient, home: Path, tmp_path: Path) -> None:
    """Without a counter power is integrated: 650 W over the load, per token that was counted."""
    script = [replace(state, energy_mj=None) for state in healthy(pid=os.getpid())]
    with installed(FakeNvml(script)):
        (point,) = measure(NullServer(TIMES), client, home, tmp_path).points
    assert point.void is None
    assert point.health is not None
    assert point.health.energy_from == "power"
    assert point.health.joules_per_output_token == pytest.approx(650 * point.health.seconds / (24 * TOKENS))


def test_timed_load_says_how_long_it_was(client: LoadClient, home: Path, tmp_path: Path) -> None:
    """The number of requests follows from the rate just measured, and the duration is the one that came of it."""
    (point,) = measure(NullServer(TIMES), client, home, tmp_path, seconds=0.8).points
    one_s = TIMES.ttft_s + (TOKENS - 1) * TIMES.inter_token_s
    # However busy this machine is, four at a time are never served faster than at the server's own times.
    assert 4 <= point.requests <= round(0.8 * 4 / one_s) < 24
    assert point.duration_s is not None
    assert point.duration_s >= one_s


def test_wrong_key_is_an_error_and_not_a_figure(client: LoadClient, home: Path, tmp_path: Path) -> None:
    """A refused key is told at once, with what to do."""
    with pytest.raises(EngineError, match="refuses the key"):
        measure(NullServer(TIMES, key="sesame"), client, home, tmp_path)


def test_calibration_knows_the_truth(client: LoadClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Levels have the null server's own times as truth, and are remembered only from a quiet machine."""
    monkeypatch.setattr(calibration, "STEPS", calibration.STEPS[:2])
    found = calibrate(client, tmp_path, tmp_path, SilentReporter())
    assert [level.failed for level in found.levels] == [0, 0]
    assert all(level.output_tokens_per_s <= 1.02 * level.true_output_tokens_per_s for level in found.levels)
    assert calibration_of(client, tmp_path) == (None if found.disturbed else found)


def test_command_reports_as_the_contract_has_it(home: Path, tmp_path: Path) -> None:
    """One JSON document; a point for each concurrency; exit code 3 exactly when one is void."""
    arguments = ("--concurrency", "1,2", "--input-tokens", 24, "--output-tokens", TOKENS, "--json")
    with Running(NullServer(TIMES)) as running:
        done = awqctl(
            *("bench", "--endpoint", running.url, "--model", "null", *arguments),
            cwd=tmp_path,
            env=os.environ | {"AWQCTL_HOME": str(home)},
        )
    points = json.loads(done.stdout)["points"]
    assert [point["concurrency"] for point in points] == [1, 2]
    assert done.returncode == (3 if any(point["void"] for point in points) else 0)
    for point in points:
        assert {"requests", "failed", "output_tokens_per_s", "ttft_ms", "tpot_ms", "void"} <= set(point)
        assert set(point["ttft_ms"]) == {"mean", "p50", "p95", "p99"}
        assert (point["output_tokens_per_s"] is None) == bool(point["void"])
    assert (tmp_path / "out" / "endpoint" / "bench" / "endpoint.json").is_file()
