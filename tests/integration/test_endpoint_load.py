"""Loads on an endpoint as its client offers them: rates, own prompts, limits, headers, private authorities."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from eval.bench.load.budget import Allowance
from eval.bench.load.client import LoadClient
from eval.bench.load.endpoint import EndpointBench
from eval.bench.load.endpoint_result import EndpointLoad
from eval.bench.load.null_server import NullServer, Times
from eval.bench.load.plan import EndpointPlan
from eval.bench.load.validity import Limits
from pipeline.base.errors import EngineError, UsageError
from pipeline.base.progress import SilentReporter
from pipeline.base.token_range import TokenRange
from pipeline.engines.external import ExternalEndpoint
from serve.gateway.tls import ensure_certificate
from tests.fakes.null_servers import CountsAsLlamaCpp, OnlyChats, Remembers, Running, WantsHeaders

MODEL = Path(__file__).parents[2] / "recipes" / "demo" / "model"
TIMES = Times(ttft_s=0.05, inter_token_s=0.01)
WARM_UP = 2
ALONE = Limits(foreign_cpu_share=float("inf"), short_request_ms=float("inf"))
"""A machine that runs tests is never quiet, and a load of seconds is sampled too seldom there."""


class Bench:
    """Measures null servers."""

    def __init__(self, client: LoadClient, home: Path, folder: Path) -> None:
        self._client, self._home, self.folder = client, home, folder

    def __call__(
        self, server: NullServer, endpoint: dict[str, Any] | None = None, *, bundle: Path | None = None, **plan: Any
    ) -> EndpointLoad:
        """Return what the command would report."""
        lengths: dict[str, Any] = {"input_tokens": TokenRange.fixed(24), "output_tokens": TokenRange.fixed(6)}
        with Running(server, bundle) as running:
            url = running.url.replace("127.0.0.1", "localhost") if bundle else running.url
            reached = ExternalEndpoint(url, model="null", **(endpoint or {}))
            bench = EndpointBench(EndpointPlan(**{**lengths, "patience_s": 10.0, **plan}), reached, self._client)
            return bench.run(self._home, self.folder, SilentReporter(), ALONE)


@pytest.fixture
def bench(client: LoadClient, home: Path, tmp_path: Path) -> Bench:
    """The real client."""
    return Bench(client, home, tmp_path / "bench")


def write_lines(path: Path, lines: list[dict[str, Any]]) -> Path:
    """Write a JSONL file."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def words(number: int) -> str:
    """Return a prompt whose beginning no other has."""
    return " ".join(f"w{number}x{place}" for place in range(20))


def message(number: int, turn: int) -> dict[str, str]:
    """Return a message of a conversation that no other has."""
    return {"role": "assistant" if turn % 2 else "user", "content": f"{words(number)} turn {turn}"}


def test_open_loop_has_a_point_for_each_rate(bench: Bench) -> None:
    """Requests come at the rate asked for; nothing is said of a concurrency."""
    points = bench(NullServer(TIMES), rates_per_s=(20.0, 40.0), requests=20).points
    assert [(point.rate_per_s, point.concurrency, point.requests) for point in points] == [
        (20, None, 20),
        (40, None, 20),
    ]
    for point in points:
        assert (point.void, point.concurrency) == (None, None)
        assert point.arrival_rate_per_s is not None
        assert point.arrival_rate_per_s >= 0.95 * (point.rate_per_s or 0)


def test_ramp_rises_and_takes_the_time_asked_for(bench: Bench) -> None:
    """From 10 to 60 requests a second the second half comes faster; how many come follows from the mean rate."""
    (point,) = bench(NullServer(TIMES), rates_per_s=(60.0,), ramp_from_per_s=10.0, burstiness=50.0, seconds=1.5).points
    assert point.requests == round(1.5 * 50 / 1.791759)
    starts = sorted(json.loads((bench.folder / "rate-60.json").read_text())["start_times"])
    middle = starts[len(starts) // 2]
    assert middle - starts[0] > starts[-1] - middle


def test_concurrency_is_built_up_by_few_new_connections_a_second(bench: Bench, tmp_path: Path) -> None:
    """The load is as large as asked for after its ramp, and the figures are of the time after it."""
    certificate = ensure_certificate("127.0.0.1", tmp_path / "tls")
    slow = NullServer(Times(ttft_s=3.5, inter_token_s=0.05))
    (point,) = bench(
        slow,
        {"ca_certificate": certificate.certificate},
        bundle=certificate.bundle,
        concurrency=(40,),
        requests=160,
        connections_per_s=20.0,
        patience_s=60.0,
    ).points
    assert point.void is None
    assert (point.connections_per_s, point.latencies_over) == (20, "steady state")
    assert point.steady_state is not None
    assert point.steady_state.start_s > 1.5
    starts = sorted(json.loads((bench.folder / "concurrency-40.json").read_text())["start_times"])
    assert max(sum(one <= other < one + 1 for other in starts[:40]) for one in starts[:40]) <= 22


def test_own_prompts_are_sent_once_each(bench: Bench, tmp_path: Path) -> None:
    """What the file has is what the server is asked, lengths of answers included."""
    lines = [{"prompt": words(number), "output_tokens": 3} for number in range(12)]
    server = Remembers(TIMES)
    found = bench(server, prompts=write_lines(tmp_path / "own.jsonl", lines), concurrency=(2,), requests=10)
    (point,) = found.points
    assert point.void is None
    assert sorted(server.asked) == sorted(line["prompt"] for line in lines)
    assert server.counters.generation_tokens == 12 * 3
    assert found.prompts is not None
    assert (found.prompts.count, found.prompts.repeated_between_loads) == (12, False)


def test_conversations_are_replayed_turn_by_turn(bench: Bench, tmp_path: Path) -> None:
    """Each turn comes after the answer to the one before, with what was said; its history is told."""
    folder = tmp_path / "tokenizer"
    shutil.copytree(MODEL, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings["chat_template"] = "{% for m in messages %}{{ m.role }}: {{ m.content }} {% endfor %}assistant: "
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    lines = [
        {"messages": [message(number, turn) for turn in range(5)]}  # three turns of a user, two answers
        for number in range(24)
    ]
    server = Remembers(TIMES, has_metrics=False)
    found = bench(
        server,
        prompts=write_lines(tmp_path / "chats.jsonl", lines),
        multi_turn=True,
        tokenizer=folder,
        concurrency=(2,),
        requests=30,
    )
    (point,) = found.points
    assert point.void is None
    assert found.prompts is not None
    assert (found.prompts.count, found.prompts.turns) == (24, 72)
    assert point.history_share is not None
    assert 0.3 < point.history_share < 0.8
    later = [place for place, prompt in enumerate(server.asked) if prompt.count("user: ") > 1]
    assert later
    for place in later:
        assert any(server.asked[place].startswith(earlier) for earlier in server.asked[:place])


@pytest.mark.parametrize(
    ("has_metrics", "reason"), [(True, "came from the prefix cache"), (False, "no counters that would show")]
)
def test_prompts_that_come_again_are_no_measurement(
    bench: Bench, tmp_path: Path, has_metrics: object, reason: str
) -> None:
    """A second load with prompts of the first is void: a cache may have answered it."""
    path = write_lines(tmp_path / "own.jsonl", [{"prompt": words(number)} for number in range(10)])
    first, second = bench(
        Remembers(TIMES, has_metrics=bool(has_metrics)), prompts=path, concurrency=(2, 4), requests=8
    ).points
    assert first.void is None
    assert reason in "; ".join(second.void or ())
    assert second.output_tokens_per_s is None


def test_too_few_prompts_for_a_load_are_told(bench: Bench, tmp_path: Path) -> None:
    """No prompt is used twice within a load; the load is not offered."""
    path = write_lines(tmp_path / "own.jsonl", [{"prompt": words(number)} for number in range(4)])
    (point,) = bench(NullServer(TIMES), prompts=path, concurrency=(4,), requests=8).points
    assert point.void == ("own.jsonl has 4 different prompts, and the load takes 8",)


def test_users_messages_go_through_the_servers_template(bench: Bench, tmp_path: Path) -> None:
    """Chats of one message are asked as chats, at once."""
    lines = [{"messages": [{"role": "user", "content": words(number)}]} for number in range(6)]
    found = bench(
        OnlyChats(TIMES, has_metrics=False),
        prompts=write_lines(tmp_path / "chats.jsonl", lines),
        concurrency=(2,),
        requests=4,
    )
    assert found.route == "/v1/chat/completions"
    assert found.points[0].void is None
    assert found.spent.requests == 4 + WARM_UP


def test_limits_are_never_exceeded(bench: Bench) -> None:
    """Loads that do not fit are not offered, warm-up and sizing counted; what was sent is what the server saw."""
    server = NullServer(TIMES)
    found = bench(server, concurrency=(1, 4), requests_per_concurrency=4, allowance=Allowance(requests=10))
    first, second = found.points
    assert first.void is None
    assert second.void == ("not sent: 16 requests more would make up to 22, and the limit is 10",)
    assert found.spent.requests == server.counters.finished == 4 + WARM_UP


def test_tokens_are_limited_too(bench: Bench) -> None:
    """The server's own count stays below; without a tokenizer a byte counts as a token."""
    server = NullServer(TIMES)
    found = bench(server, concurrency=(1, 4), requests_per_concurrency=4, allowance=Allowance(tokens=2_000))
    assert [point.void is None for point in found.points] == [True, False]
    served = server.counters.prompt_tokens + server.counters.generation_tokens
    assert served < found.spent.tokens_at_most <= 2_000


def test_limits_below_the_warm_up_are_refused(bench: Bench) -> None:
    """Nothing is sent at all."""
    server = NullServer(TIMES)
    with pytest.raises(UsageError, match="The warm-up was not sent"):
        bench(server, concurrency=(1,), allowance=Allowance(requests=1))
    assert server.counters.finished == 0


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_secret_headers_are_nowhere_to_be_seen(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """Key and headers reach the server; their values are in no command line and in no file, over TLS too."""
    monkeypatch.setenv("MY_SECRET", "sesame-open")
    monkeypatch.setenv("MY_KEY", "key-of-keys")
    certificate = ensure_certificate("127.0.0.1", tmp_path / "tls")
    server = WantsHeaders(
        TIMES, {"x-api-key": "sesame-open", "authorization": "Bearer key-of-keys", "x-team": "a team"}
    )
    names: dict[str, Any] = {
        "headers": {"X-Team": "a team"},
        "header_env": {"X-Api-Key": "MY_SECRET"},
        "api_key_env": "MY_KEY",
    }
    bundle = certificate.bundle if scheme == "https" else None
    if bundle:
        names["ca_certificate"] = certificate.certificate
    found = bench(server, names, bundle=bundle, concurrency=(4,), requests=8)
    assert found.points[0].void is None
    assert found.points[0].failed == 0
    assert [line for line in server.seen_in if "sesame" in line or "key-of-keys" in line] == []
    written = [path for path in bench.folder.rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if b"sesame-open" in path.read_bytes() or b"key-of-keys" in path.read_bytes()]


@pytest.mark.parametrize("how", ["ca_certificate", "insecure"])
def test_private_authority_is_known_or_not_asked(bench: Bench, tmp_path: Path, how: str) -> None:
    """An endpoint whose certificate this machine does not know is measured when the user says so."""
    certificate = ensure_certificate("127.0.0.1", tmp_path / "tls")
    trust = {how: certificate.certificate if how == "ca_certificate" else True}
    (point,) = bench(NullServer(TIMES), trust, bundle=certificate.bundle, concurrency=(2,), requests=4).points
    assert point.void is None
    assert point.engine is not None


def test_unknown_authority_is_refused(bench: Bench, tmp_path: Path) -> None:
    """Without a word of the user an unknown certificate is an error."""
    certificate = ensure_certificate("127.0.0.1", tmp_path / "tls")
    with pytest.raises(EngineError, match="does not answer"):
        bench(NullServer(TIMES), bundle=certificate.bundle, concurrency=(2,), requests=4)


def test_counters_under_other_names_are_read(bench: Bench) -> None:
    """llama.cpp's counters hold the client's tokens to account as vLLM's do."""
    (point,) = bench(CountsAsLlamaCpp(TIMES), concurrency=(4,), requests=8).points
    assert point.void is None
    assert point.engine is not None
    assert (point.engine.counted_by, point.engine.output_tokens) == ("llama.cpp", 48)
    assert point.engine.preemptions is None
