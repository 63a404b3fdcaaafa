"""What HAProxy's maps say of keys and models."""

import json
from pathlib import Path

from serve.gateway.backends import Backend
from serve.gateway.maps import Entries, Maps, entries_of
from serve.gateway.rules import KeyRule

MAPS = Maps(Path("/run/a"))
BACKENDS = (
    Backend("model-1", ("small", "tuned"), (Path("/1"),), max_model_len=128),
    Backend("model-2", ("large",), (Path("/2"),)),
)


def _entries(*rules: KeyRule) -> Entries:
    return entries_of(MAPS, rules, BACKENDS, 7)


def _rule(identifier: str, models: tuple[str, ...] | None = None, **limits: int) -> KeyRule:
    return KeyRule(digest=identifier * 64, id=identifier, name=identifier, models=models, **limits)


def test_every_map_is_said_to_be_something() -> None:
    """Without a key there is nobody to let in, and the models are there."""
    found = _entries()
    assert found[MAPS.keys] == found[MAPS.bound] == found[MAPS.requests] == {}
    assert found[MAPS.models] == {"*/small/": "model-1", "*/tuned/": "model-1", "*/large/": "model-2"}
    assert found[MAPS.names] == {"*": "small, tuned, large"}


def test_keys_come_last() -> None:
    """A new key's limits are there before it is."""
    assert list(_entries())[-1] == MAPS.keys


def test_limits_stand_by_the_id_of_the_key() -> None:
    """None of a limit is no entry; two secrets of one key have one."""
    rules = (
        _rule("a", requests_per_minute=5, concurrent=2, tokens_per_minute=9),
        KeyRule(digest="c" * 64, id="a", name="a", requests_per_minute=5, concurrent=2, tokens_per_minute=9),
        _rule("b"),
    )
    found = _entries(*rules)
    assert (found[MAPS.requests], found[MAPS.concurrent], found[MAPS.token_limits]) == (
        {"a": "5"},
        {"a": "2"},
        {"a": "9"},
    )
    assert found[MAPS.keys] == {"a" * 64: "a", "c" * 64: "a", "b" * 64: "b"}


def test_bound_key_has_its_own_list() -> None:
    """What is not served is left out; an engine that has others, too, makes the key one that shares it."""
    found = _entries(_rule("a", ("tuned", "gone")), _rule("b", ("large",)), _rule("c", ("gone",)))
    assert found[MAPS.models].keys() == {"*/small/", "*/tuned/", "*/large/", "a/tuned/", "b/large/"}
    assert found[MAPS.names] == {"*": "small, tuned, large", "a": "tuned", "b": "large", "c": "none"}
    assert found[MAPS.bound].keys() == {"a", "b", "c"}
    assert found[MAPS.shared] == {"a": "a"}


def test_listing_is_one_line_of_json() -> None:
    """As OpenAI's clients read it, with vLLM's length of the context where it is known."""
    text = _entries(_rule("a", ("large",)))[MAPS.listing]
    assert "\n" not in text["*"]
    assert " " not in text["*"]
    assert json.loads(text["a"]) == {
        "object": "list",
        "data": [{"id": "large", "object": "model", "created": 7, "owned_by": "awqctl"}],
    }
    assert json.loads(text["*"])["data"][0]["max_model_len"] == 128
