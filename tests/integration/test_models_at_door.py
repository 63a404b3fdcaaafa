"""Which model a request goes to, and what a key may ask for: HAProxy as it will run, before stand-ins for vLLM."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.base.errors import UsageError
from pipeline.runtimes.scratch import ScratchFolder
from serve.gateway.backends import Backend, Place
from serve.gateway.gateway import Gateway
from tests.fakes.upstream import Behaviour, FakeUpstream
from tests.gateways import open_gateway, rule_of

SMALL, TUNED, LARGE, ODD = "small", "small-tuned", "org/Large:7b", "o;d\\d\"'*"
KEYS = (
    rule_of("all", "all00000"),
    rule_of("large", "large000", models=(LARGE,)),
    rule_of("tuned", "tuned000", models=(TUNED, "not-served")),
    rule_of("whole", "whole000", models=(SMALL, TUNED)),
    rule_of("none", "none0000", models=("not-served",)),
)


@dataclass(frozen=True)
class Door:
    """A running gateway and the stand-ins behind it, by their backends."""

    gateway: Gateway
    engines: dict[str, FakeUpstream]
    client: httpx.Client

    def post(self, key: str, body: dict[str, Any] | bytes) -> httpx.Response:
        """Return the answer to a request with that key and body."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post("/v1/completions", headers={"Authorization": f"Bearer {key}"}, content=content)

    def listed(self, key: str) -> list[str]:
        """Return the models that a key is told of."""
        answer = self.client.get("/v1/models", headers={"Authorization": f"Bearer {key}"})
        assert answer.headers["Content-Type"] == "application/json"
        return [entry["id"] for entry in answer.json()["data"]]

    def served(self) -> dict[str, int]:
        """Return how many requests reached which backend."""
        return {name: len(engine.behaviour.seen) for name, engine in self.engines.items() if engine.behaviour.seen}


def open_door(stack: ExitStack, log: Path, backends: dict[str, tuple[str, ...]]) -> Door:
    """Start a door before an engine for each backend, whose models these are."""
    folder = stack.enter_context(ScratchFolder())
    sockets = {name: folder / f"{name}.sock" for name in backends}
    gateway = open_gateway(
        folder,
        log,
        keys=KEYS,
        backends=[
            Backend(name, models, (sockets[name], folder / f"{name}-spare.sock"), max_model_len=128)
            for name, models in backends.items()
        ],
    )
    engines = {name: stack.enter_context(FakeUpstream(path, Behaviour())) for name, path in sockets.items()}
    stack.enter_context(gateway)
    client = stack.enter_context(httpx.Client(base_url=gateway.base_url, trust_env=False, timeout=30))
    return Door(gateway, engines, client)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """Start three models behind one door, one of them with an adapter."""
    with ExitStack() as stack:
        yield open_door(stack, tmp_path / "log", {"model-1": (SMALL, TUNED), "model-2": (LARGE,), "model-3": (ODD,)})


@pytest.fixture
def single(tmp_path: Path) -> Iterator[Door]:
    """Start one model with an adapter."""
    with ExitStack() as stack:
        yield open_door(stack, tmp_path / "log", {"model-1": (SMALL, TUNED)})


@pytest.mark.parametrize(
    ("model", "backend"), [(SMALL, "model-1"), (TUNED, "model-1"), (LARGE, "model-2"), (ODD, "model-3")]
)
def test_request_goes_to_its_model(door: Door, model: str, backend: str) -> None:
    """Models and adapters are found by their names, wherever in the body the name stands."""
    for body in ({"model": model}, {"prompt": [{"model": "x"}], "metadata": {"model": "y"}, "model": model}):
        assert door.post("all", body).status_code == 200
    assert door.served() == {backend: 2}


@pytest.mark.parametrize("spelling", ["org/Large:7b", "org\\/Large:7b", "org\\u002fLarge:7b", "\\u006Frg\\/Large:7b"])
@pytest.mark.parametrize("before", ["", '"prompt": "a\\/b \\u20ac \\\\", '])
def test_name_is_understood_however_it_is_written(door: Door, spelling: str, before: str) -> None:
    """JSON may escape any letter, and PHP escapes every slash."""
    assert door.post("large", f'{{{before}"model": "{spelling}"}}'.encode()).status_code == 200


def test_unknown_model_is_404_and_names_what_there_is(door: Door) -> None:
    """In OpenAI's form; no engine hears of it, whatever the name holds."""
    for name in ("gpt-4", SMALL.upper(), f"{SMALL} ", '"}{', "a\nb", "ä" * 200, "*", "all00000/small", f"{SMALL}\0x"):
        answer = door.post("all", {"model": name})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["type"]) == (404, "model_not_found", "invalid_request_error")
        assert error["message"].endswith(f"This key may use: {SMALL}, {TUNED}, {LARGE}, {ODD}.")
    long = door.post("all", {"model": "x" * 200}).json()["error"]["message"]
    assert f"`{'x' * 100}`" in long
    assert door.served() == {}


def test_key_uses_its_models_and_no_others(door: Door) -> None:
    """A model of another key is answered as one that there is not."""
    assert [door.post("large", {"model": name}).status_code for name in (LARGE, SMALL, TUNED)] == [200, 404, 404]
    assert [door.post("tuned", {"model": name}).status_code for name in (LARGE, SMALL, TUNED)] == [404, 404, 200]
    assert [door.post("whole", {"model": name}).status_code for name in (LARGE, SMALL, TUNED)] == [404, 200, 200]
    assert "This key may use: none." in door.post("none", {"model": SMALL}).json()["error"]["message"]
    assert SMALL not in door.post("large", {"model": "x"}).json()["error"]["message"]


def test_list_is_that_of_the_key(door: Door) -> None:
    """In OpenAI's form, with adapters and the length that the engine takes."""
    assert door.listed("all") == [SMALL, TUNED, LARGE, ODD]
    assert door.listed("large") == [LARGE]
    assert door.listed("tuned") == [TUNED]
    assert door.listed("none") == []
    document = door.client.get("/v1/models", headers={"Authorization": "Bearer large"}).json()
    (entry,) = document["data"]
    assert document["object"] == "list"
    assert (entry["object"], entry["owned_by"], entry["max_model_len"]) == ("model", "awqctl", 128)
    assert entry["created"] > 0
    assert door.served() == {}


def test_models_of_a_key_change_at_runtime(door: Door) -> None:
    """What it may use and what it is told follow at once, names with odd letters included."""
    for models, expected in (((SMALL, ODD), [SMALL, ODD]), ((LARGE,), [LARGE]), (None, [SMALL, TUNED, LARGE, ODD])):
        door.gateway.sync_keys((rule_of("key", "key00000", models=models),))
        assert door.listed("key") == expected
        statuses = {name: door.post("key", {"model": name}).status_code for name in (SMALL, TUNED, LARGE, ODD)}
        assert [name for name, status in statuses.items() if status == 200] == expected
        assert {status for name, status in statuses.items() if name not in expected} <= {404}


def test_no_model_is_asked_for_where_there_are_several(door: Door) -> None:
    """A body without a name that can be read is 400 with the next step, never anybody's guess."""
    for body in ({}, {"model": ""}, {"model": None}, {"model": [SMALL]}, [{"model": SMALL}], b"no json", b""):
        answer = door.post("all", body if isinstance(body, bytes) else json.dumps(body).encode())
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "model_required")
        assert SMALL in answer.json()["error"]["message"]
    assert door.served() == {}


def test_no_model_goes_to_the_only_one(single: Door) -> None:
    """vLLM says in its own words what is wrong, or takes its model."""
    assert single.post("all", {"prompt": "x"}).status_code == 200
    assert single.served() == {"model-1": 1}


def test_bound_key_has_to_name_its_model(single: Door) -> None:
    """Without a name the engine would take its first model, which is not the key's."""
    assert single.post("tuned", {"prompt": "x"}).status_code == 400
    assert single.post("tuned", {"model": TUNED}).status_code == 200


@pytest.mark.parametrize(
    "second",
    ['"model"', '"\\u006dodel"', '"mod\\u0065l"', '"\\u006D\\u006f\\u0064\\u0065\\u006C"', '"model" \t\n'],
)
def test_second_name_does_not_open_another_model(single: Door, second: str) -> None:
    """Of two members the engine takes the last: a key that may not use all of the engine's models sends one."""
    body = f'{{"model": "{TUNED}", {second}: "{SMALL}"}}'.encode()
    assert single.post("tuned", body).json()["error"]["code"] == "model_ambiguous"
    assert single.served() == {}
    assert single.post("whole", body).status_code == 200


def test_name_beyond_sight_does_not_open_another_model(single: Door) -> None:
    """What HAProxy cannot see might name another model: 413 for a key that may not use all of the engine's."""
    body = json.dumps({"model": TUNED, "prompt": "x" * 1_000_000, "last": 1})
    for key, expected in (("tuned", 413), ("whole", 200), ("all", 200)):
        assert single.post(key, body.encode()).status_code == expected


def test_name_in_a_prompt_is_no_second_name(single: Door) -> None:
    """Quotation marks within text are escaped."""
    body = {"model": TUNED, "prompt": 'print({"model": "x"})'}
    assert single.post("tuned", body).status_code == 200


def test_model_without_engine_is_503_with_the_reason(door: Door) -> None:
    """Never another model; the supervisor can say more, and take it back."""
    place = Place("model-2", 1)
    door.gateway.withdraw(place)
    answer = door.post("all", {"model": LARGE})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["error"]["message"] == f"The model {LARGE} is starting. Try again later."
    assert door.post("all", {"model": SMALL}).status_code == 200
    reason = f'The engine of "{LARGE}" ended 5 times; somebody has to look: C:\\log %s.'
    door.gateway.explain("model-2", reason)
    assert door.post("all", {"model": LARGE}).json()["error"]["message"] == reason
    assert LARGE in door.listed("all")
    door.gateway.explain("model-2", None)
    assert "is starting" in door.post("all", {"model": LARGE}).json()["error"]["message"]
    door.gateway.admit(place)
    assert door.post("all", {"model": LARGE}).status_code == 200
    assert door.served() == {"model-1": 1, "model-2": 1}


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "\x00", "modèle"])
def test_name_that_no_map_can_hold_is_refused(tmp_path: Path, name: str) -> None:
    """Said before anything starts."""
    with pytest.raises(UsageError, match="cannot name a model"):
        open_gateway(tmp_path, tmp_path / "log", backends=[Backend("model-1", (name,), (tmp_path / "x",))])
