"""Which engine a request goes to, and what clients are told when none takes it."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from pipeline.runtimes.scratch import ScratchFolder
from serve.gateway.connections import Connections
from serve.gateway.gateway import Gateway
from serve.gateway.settings import DoorSettings
from tests.fakes.upstream import Behaviour, FakeUpstream
from tests.gateways import FIRST, KEY, SECOND, Pair, ask, backend_of, bearer, open_gateway, open_pair, rule_of
from tests.helpers import eventually


def test_engine_gone_is_503(tmp_path: Path) -> None:
    """Without an engine a good key gets 503 in OpenAI's form, a bad one still 401."""
    with ScratchFolder() as folder, open_gateway(folder, tmp_path / "log") as gateway:
        good = httpx.post(f"{gateway.base_url}/v1/completions", headers=bearer(KEY), json={}, trust_env=False)
        bad = httpx.get(f"{gateway.base_url}/v1/models", trust_env=False)
    assert (good.status_code, good.json()["error"]["code"]) == (503, "engine_unavailable")
    assert bad.status_code == 401


def _accept_and_close(server: socket.socket) -> None:
    while True:
        server.accept()[0].close()


def test_engine_that_breaks_off_is_502(tmp_path: Path) -> None:
    """An engine that closes the connection without an answer is 502 in OpenAI's form."""
    with ScratchFolder() as folder, socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(folder / "engine.sock"))
        engine.listen()
        threading.Thread(target=_accept_and_close, args=(engine,), daemon=True).start()
        with open_gateway(folder, tmp_path / "log") as gateway:
            answer = httpx.post(f"{gateway.base_url}/v1/completions", headers=bearer(KEY), json={}, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "bad_gateway")


def test_two_engines_share_the_requests(tmp_path: Path) -> None:
    """One after the other both get their half; while one is busy, the other gets all."""
    with ScratchFolder() as folder:
        sockets = folder / "1.sock", folder / "2.sock"
        with (
            FakeUpstream(sockets[0], Behaviour()) as first,
            FakeUpstream(sockets[1], Behaviour()) as second,
            open_gateway(folder, tmp_path / "log", sockets=sockets) as gateway,
            httpx.Client(base_url=gateway.base_url, trust_env=False) as client,
        ):
            assert ask(client, 6) == [200] * 6
            assert (len(first.behaviour.seen), len(second.behaviour.seen)) == (3, 3)
            first.behaviour.chunk_delay_s = second.behaviour.chunk_delay_s = 5
            post = ("POST", "/v1/chat/completions")
            with client.stream(*post, headers=bearer(KEY), json={"stream": True}) as answer:
                busy, idle = sorted((first, second), key=lambda engine: -len(engine.behaviour.seen))
                assert ask(client, 4) == [200] * 4
                assert (len(busy.behaviour.seen), len(idle.behaviour.seen)) == (4, 7)
                answer.close()


def test_engine_that_dies_leaves_its_requests_to_the_others(tmp_path: Path) -> None:
    """Of three engines two never came up or die: no request is lost, and a later one comes back into its share."""
    with ScratchFolder() as folder:
        sockets = tuple(folder / f"{number}.sock" for number in (1, 2, 3))
        with (
            FakeUpstream(sockets[0], Behaviour()) as last,
            open_gateway(folder, tmp_path / "log", sockets=sockets) as gateway,
            httpx.Client(base_url=gateway.base_url, trust_env=False) as client,
        ):
            with FakeUpstream(sockets[1], Behaviour()) as dying:
                assert eventually(lambda: ask(client, 1) == [200] and bool(dying.behaviour.seen), 10)
            assert ask(client, 10) == [200] * 10
            assert last.behaviour.seen
            with FakeUpstream(sockets[2], Behaviour()) as late:
                assert eventually(lambda: ask(client, 1) == [200] and bool(late.behaviour.seen), 10)


def test_engines_that_are_all_gone_are_503_and_no_failure_of_haproxy(tmp_path: Path) -> None:
    """Several engines that are not there are 503 as one is; that HAProxy said so explains no death of its own."""
    with ScratchFolder() as folder:
        sockets = folder / "1.sock", folder / "2.sock"
        with (
            open_gateway(folder, tmp_path / "log", sockets=sockets) as gateway,
            httpx.Client(base_url=gateway.base_url, trust_env=False) as client,
        ):
            assert ask(client, 1) == [503]
            gateway.withdraw(FIRST)
            gateway.withdraw(SECOND)
            assert eventually(lambda: "no server available" in (tmp_path / "log").read_text())
            assert ask(client, 1) == [503]
            assert "no server" not in str(gateway.failure())


def test_what_the_engine_does_not_take_waits_at_the_door(tmp_path: Path) -> None:
    """Clients beyond the engine's connections wait and are served in turn; after the queue's time-out it is 503."""
    with ScratchFolder() as folder, FakeUpstream(folder / "engine.sock", Behaviour(answer_delay_s=1)) as upstream:
        gateway = open_gateway(folder, tmp_path / "log", settings=DoorSettings(queue_timeout_s=4))
        gateway.connections = Connections(clients=64, engines=2)

        def ask(_number: int) -> httpx.Response:
            body = {"model": "fake", "messages": [{"role": "user", "content": "Hi"}]}
            url = f"{gateway.base_url}/v1/chat/completions"
            return httpx.post(url, json=body, headers=bearer(KEY), trust_env=False, timeout=30)

        with gateway, ThreadPoolExecutor(16) as pool:
            waiting = [pool.submit(ask, number) for number in range(6)]
            assert eventually(lambda: len(upstream.behaviour.seen) == 2)
            assert not any(one.done() for one in waiting)
            assert [one.result().status_code for one in waiting] == [200] * 6
            answers = list(pool.map(ask, range(16)))
        late = [one for one in answers if one.status_code == 503]
        assert [one.status_code for one in answers].count(200) == 16 - len(late)
        assert len(late) >= 4
        assert {(one.json()["error"]["code"], one.headers["Retry-After"]) for one in late} == {
            ("engine_unavailable", "5")
        }


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Start two engines and the door before them."""
    with open_pair(tmp_path / "log") as found:
        yield found


def _states(gateway: Gateway) -> list[tuple[int, str, int]]:
    return [(place.number, place.status, place.weight) for place in gateway.places()]


def test_place_that_nobody_took_gets_nothing(tmp_path: Path) -> None:
    """Until an engine is admitted requests are answered with 503, although its socket is there."""
    with ScratchFolder() as folder, FakeUpstream(folder / "engine.sock", Behaviour()) as engine:
        gateway = Gateway(
            backends=(backend_of((folder / "engine.sock",)),),
            folder=folder,
            host="127.0.0.1",
            port=0,
            bundle=None,
            keys=(rule_of(),),
            log=tmp_path / "log",
        )
        with gateway, httpx.Client(base_url=gateway.base_url, trust_env=False) as client:
            assert ask(client, 2) == [503, 503]
            assert engine.behaviour.seen == []
            gateway.admit(FIRST)
            assert ask(client, 2) == [200, 200]


def test_withdrawn_place_gets_nothing_new(pair: Pair) -> None:
    """Without one place the other has all, what is under way ends in peace, and admitted again it has its share."""
    slow = pair.engines[0].behaviour
    slow.chunk_delay_s = 0.2
    pair.gateway.withdraw(SECOND)
    post = ("POST", "/v1/chat/completions")
    with pair.client.stream(*post, headers=bearer(KEY), json={"stream": True}) as answer:
        lines = answer.iter_lines()
        next(lines)
        pair.gateway.admit(SECOND)
        pair.gateway.withdraw(FIRST)
        assert pair.served(4) == (0, 4)
        assert eventually(lambda: [place.sessions for place in pair.gateway.places()][:2] == [1, 0])
        assert [line for line in lines if line][-1] == "data: [DONE]"
    pair.gateway.admit(FIRST)
    assert pair.served(6) == (3, 3)


def test_weight_of_nothing_gets_nothing_new(pair: Pair) -> None:
    """A place with weight 0 stays in use for what it has, and the other gets the rest."""
    pair.gateway.admit(SECOND, 0)
    assert pair.served(4) == (4, 0)


def test_weights_share_the_requests(pair: Pair) -> None:
    """A canary with a weight of 25 beside one of 100 gets a fifth, also when one request at a time comes."""
    pair.gateway.admit(SECOND, 25)
    first, second = pair.served(200)
    assert (first + second, second) == (200, pytest.approx(40, abs=25))
    pair.gateway.admit(SECOND)
    assert pair.served(6) == (3, 3)


def test_canary_that_is_gone_leaves_its_requests_to_the_others(pair: Pair) -> None:
    """What was drawn for it is answered by the engine that it stands beside."""
    pair.gateway.admit(SECOND, 99)
    pair.engines[1].__exit__()
    assert ask(pair.client, 20) == [200] * 20


def test_places_say_what_haproxy_knows(pair: Pair) -> None:
    """State and weight of each place, those included that nobody has taken."""
    pair.gateway.admit(SECOND, 25)
    assert _states(pair.gateway) == [(1, "UP", 100), (2, "UP", 25), (3, "MAINT", 0), (4, "MAINT", 0)]
    pair.gateway.withdraw(FIRST)
    pair.served(3)
    first, second, *_ = pair.gateway.places()
    assert (first.status, second.total, second.sessions) == ("MAINT", 3, 0)


def test_door_that_refuses_says_so_to_valid_keys(pair: Pair) -> None:
    """Every request with a key is 503 with Retry-After until it is taken again; a wrong key is 401 as ever."""
    pair.gateway.refuse("the audit's disk is full; see its log")
    assert pair.gateway.refusing is not None
    answer = pair.client.post("/v1/completions", headers=bearer(KEY), json={})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert pair.client.get("/v1/models", headers=bearer("wrong")).status_code == 401
    pair.gateway.refuse("another reason")
    pair.gateway.refuse(None)
    assert pair.served(2) == (1, 1)
