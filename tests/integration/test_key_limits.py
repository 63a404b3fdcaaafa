"""What keys are held to at the door: HAProxy as it will run, in front of stand-ins for vLLM."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from pipeline.runtimes.scratch import ScratchFolder
from serve.gateway.gateway import Gateway
from serve.gateway.rules import KeyRule
from serve.gateway.settings import DoorSettings
from tests.fakes.upstream import Behaviour, FakeUpstream
from tests.gateways import MODEL, open_gateway, rule_of
from tests.helpers import eventually

FREE = rule_of("free", "free0000")


@dataclass(frozen=True)
class Door:
    """A running gateway, and clients that ask it."""

    gateway: Gateway
    upstream: FakeUpstream
    client: httpx.Client

    def ask(self, key: str) -> httpx.Response:
        """Return the answer to one request with that key."""
        body = {"model": MODEL, "prompt": "x"}
        return self.client.post("/v1/completions", headers={"Authorization": f"Bearer {key}"}, json=body)

    def statuses(self, key: str, times: int) -> list[int]:
        """Return the statuses of so many requests, one after the other."""
        return [self.ask(key).status_code for _ in range(times)]

    def at_once(self, key: str, times: int) -> Counter[int]:
        """Return how often which status came of so many requests at the same moment."""
        start = threading.Barrier(times)

        def one(_number: int) -> int:
            start.wait()
            return self.ask(key).status_code

        with ThreadPoolExecutor(times) as pool:
            return Counter(pool.map(one, range(times)))


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """Start a stand-in and the door before it, with one key that may everything."""
    with (
        ScratchFolder() as folder,
        FakeUpstream(folder / "engine.sock", Behaviour()) as upstream,
        open_gateway(folder, tmp_path / "log", keys=(FREE,), settings=DoorSettings()) as gateway,
        httpx.Client(base_url=gateway.base_url, trust_env=False, timeout=30) as client,
    ):
        yield Door(gateway, upstream, client)


def _let_in(door: Door, *rules: KeyRule) -> None:
    door.gateway.sync_keys((FREE, *rules))


def test_requests_per_minute_are_exact(door: Door) -> None:
    """Ten of ten are answered, then none; the refusal says which limit and when to come back, others go on."""
    _let_in(door, rule_of("ten", "ten00000", requests_per_minute=10))
    assert door.statuses("ten", 13) == [200] * 10 + [429] * 3
    answer = door.ask("ten")
    assert 50 <= int(answer.headers["Retry-After"]) <= 61
    error = answer.json()["error"]
    assert (error["type"], error["code"]) == ("requests", "rate_limit_exceeded")
    assert "10 requests per minute" in error["message"]
    assert f"in {answer.headers['Retry-After']} s" in error["message"]
    assert door.statuses("free", 15) == [200] * 15
    assert len(door.upstream.behaviour.seen) == 25


def test_requests_per_minute_are_exact_at_the_same_moment(door: Door) -> None:
    """Of forty at once exactly as many are let in as the limit says."""
    _let_in(door, rule_of("many", "many0000", requests_per_minute=25))
    assert door.at_once("many", 40) == {200: 25, 429: 15}


def test_lists_of_models_count_too(door: Door) -> None:
    """Every request with the key is one, wherever it is answered."""
    _let_in(door, rule_of("two", "two00000", requests_per_minute=2))
    bearer = {"Authorization": "Bearer two"}
    assert [door.client.get("/v1/models", headers=bearer).status_code for _ in range(3)] == [200, 200, 429]


def test_other_keys_come_and_go_without_touching_a_counter(door: Door) -> None:
    """After six of ten, keys are added, changed and revoked: four are left."""
    ten = rule_of("ten", "ten00000", requests_per_minute=10)
    _let_in(door, ten)
    assert door.statuses("ten", 6) == [200] * 6
    _let_in(door, ten, rule_of("new", "new00000", requests_per_minute=1))
    assert door.statuses("new", 2) == [200, 429]
    _let_in(door, ten)
    assert door.statuses("new", 1) == [401]
    assert door.statuses("ten", 5) == [200] * 4 + [429]


def test_changed_limit_counts_what_there_was(door: Door) -> None:
    """Raised, lowered or taken away, a limit is held against the same minute."""
    for limit, expected in ((3, [200] * 3 + [429]), (5, [200, 200, 429]), (4, [429])):
        _let_in(door, rule_of("key", "key00000", requests_per_minute=limit))
        assert door.statuses("key", len(expected)) == expected
    _let_in(door, rule_of("key", "key00000"))
    assert door.statuses("key", 8) == [200] * 8


def test_rotated_key_has_one_budget(door: Door) -> None:
    """Both secrets of an overlap count as one key; the old one ends without the new one noticing."""
    old, new = (rule_of(secret, "alice000", requests_per_minute=5) for secret in ("old", "new"))
    _let_in(door, old)
    assert door.statuses("old", 2) == [200] * 2
    _let_in(door, old, new)
    assert door.statuses("new", 2) == [200] * 2
    _let_in(door, new)
    assert door.statuses("old", 1) == [401]
    assert door.statuses("new", 2) == [200, 429]


def test_revoked_key_ends_on_an_open_connection(door: Door) -> None:
    """The next request of a connection that is kept is refused."""
    _let_in(door, rule_of("gone", "gone0000"))
    assert door.statuses("gone", 2) == [200, 200]
    _let_in(door)
    assert door.statuses("gone", 1) == [401]


def test_requests_at_once_are_exact(door: Door) -> None:
    """With two under way a third is refused and does not count; when one has ended there is room for one."""
    _let_in(door, rule_of("pair", "pair0000", concurrent=2))
    door.upstream.behaviour.answer_delay_s = 2
    with ThreadPoolExecutor(4) as pool:
        first = [pool.submit(door.ask, "pair") for _ in range(2)]
        assert eventually(lambda: len(door.upstream.behaviour.seen) == 2)
        refused = door.ask("pair")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        assert "2 requests at once" in refused.json()["error"]["message"]
        other = pool.submit(door.ask, "free")
        assert [one.result().status_code for one in first] == [200, 200]
        assert other.result().status_code == 200
        door.upstream.behaviour.answer_delay_s = 0
        assert door.statuses("pair", 3) == [200] * 3


def test_request_that_hangs_up_makes_room(door: Door) -> None:
    """A client that leaves in the midst of its answer does not keep its place."""
    _let_in(door, rule_of("one", "one00000", concurrent=1))
    door.upstream.behaviour.chunk_delay_s = 0.3
    body = {"model": MODEL, "stream": True}
    bearer = {"Authorization": "Bearer one"}
    with door.client.stream("POST", "/v1/completions", headers=bearer, json=body) as answer:
        lines = answer.iter_lines()
        next(lines)
        assert door.ask("one").status_code == 429
        answer.close()
    assert eventually(lambda: door.ask("one").status_code == 200)


def test_tokens_end_a_key_for_as_long_as_they_say(door: Door) -> None:
    """A key that has used up its tokens is refused until its time has come, by the clock of the door itself."""
    _let_in(door, rule_of("talker", "talker00", tokens_per_minute=1000))
    door.gateway.limit_tokens({"talker00": 2})
    answer = door.ask("talker")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 2
    assert answer.json()["error"]["type"] == "tokens"
    assert "1000 tokens per minute" in answer.json()["error"]["message"]
    assert door.ask("free").status_code == 200
    assert eventually(lambda: door.ask("talker").status_code == 200)
    door.gateway.limit_tokens({"talker00": 60})
    assert door.ask("talker").status_code == 429
    door.gateway.limit_tokens({})
    assert door.ask("talker").status_code == 200


def test_failed_keys_slow_their_source_down_and_no_valid_key(door: Door) -> None:
    """Twenty are told that the key is wrong, further ones to wait; a good key from the same address never."""
    assert door.statuses("wrong", 23) == [401] * 20 + [429] * 3
    answer = door.ask("wrong")
    assert answer.json()["error"]["code"] == "too_many_failed_keys"
    assert 50 <= int(answer.headers["Retry-After"]) <= 61
    assert door.statuses("free", 30) == [200] * 30
    _let_in(door, rule_of("wrong", "right000"))
    assert door.statuses("wrong", 1) == [200]


def test_failed_keys_are_exact_at_the_same_moment(door: Door) -> None:
    """Of forty at once twenty are told."""
    assert door.at_once("wrong", 40) == {401: 20, 429: 20}


def test_limits_hold_after_a_restart(door: Door) -> None:
    """Started again after its death, HAProxy has keys, limits and spent tokens of before; counters begin anew."""
    _let_in(door, rule_of("two", "two00000", requests_per_minute=2), rule_of("talker", "talker00"))
    door.gateway.limit_tokens({"talker00": 60})
    assert door.statuses("two", 3) == [200, 200, 429]
    door.gateway.restart()
    assert door.statuses("two", 3) == [200, 200, 429]
    assert door.statuses("talker", 1) == [429]


def test_counters_survive_a_reload(door: Door) -> None:
    """Requests of a key and failures of a source go on being counted, and what is under way is finished."""
    _let_in(door, rule_of("ten", "ten00000", requests_per_minute=10), rule_of("talker", "talker00"))
    door.gateway.limit_tokens({"talker00": 60})
    assert door.statuses("ten", 6) == [200] * 6
    assert door.statuses("wrong", 15) == [401] * 15
    door.gateway.reload(DoorSettings(queue_timeout_s=30))
    with httpx.Client(base_url=door.gateway.base_url, trust_env=False, timeout=30) as client:
        again = Door(door.gateway, door.upstream, client)
        assert again.statuses("ten", 5) == [200] * 4 + [429]
        assert again.statuses("wrong", 6) == [401] * 5 + [429]
        assert again.statuses("talker", 1) == [429]
        assert again.statuses("free", 20) == [200] * 20
