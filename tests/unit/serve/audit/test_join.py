"""Lines of the door and of the engines, joined."""

import json
from pathlib import Path
from typing import Any

import pytest

from serve.audit.chain import GENESIS
from serve.audit.join import Join
from serve.audit.lines import AuditLine, DoorLine, UsageLine
from serve.audit.names import Names
from tests.unit.serve.audit.lines import PLACE, door, usage


@pytest.fixture
def join(tmp_path: Path) -> Join:
    """Return a join that knows a key's name and two releases of a place."""
    path = tmp_path / "names.json"
    releases = {PLACE: [["2026-11-30T01:00:00.000Z", "v1"], ["2026-11-30T03:00:00.000Z", "v2"]]}
    path.write_text(json.dumps({"keys": {"key00001": "alice"}, "releases": releases}))
    names = Names(path)
    names.refresh()
    return Join(names)


def _ready(join: Join, now: float, **settings: Any) -> list[dict[str, Any]]:
    return [document for document, _ in join.ready(now, **settings)]


def test_request_has_what_both_say(join: Join) -> None:
    """Status and times of the door, tokens of the engine, names instead of ids; as `AuditLine` has it."""
    DoorLine.model_validate_json(door())
    UsageLine.model_validate_json(usage())
    join.add_usage(usage(), 0)
    join.add_door(door(), 0, None)
    (document,) = _ready(join, 0)
    line = AuditLine.model_validate({"n": 0, "previous": GENESIS, **document})
    assert (line.key, line.key_id, line.release, line.place) == ("alice", "key00001", "v1", PLACE)
    assert (line.prompt_tokens, line.completion_tokens, line.tokens_exact) == (5, 2, True)
    assert (line.queued_ms, line.first_token_ms, line.total_ms) == (3, 10.5, 20)
    assert (line.cut, line.event, join.unmatched, join.waiting) == (False, None, 0, 0)


def test_release_is_the_one_of_its_time(join: Join) -> None:
    """A line that is taken late has the release that stood there when its request came."""
    join.add_door(door(at="2026-11-30T03:00:01.000Z", method="GET"), 0, None)
    join.add_door(door(at="2026-11-30T00:59:00.000Z", method="GET"), 0, None)
    assert [document["release"] for document in _ready(join, 0)] == ["v2", "-"]


def test_line_waits_for_its_engine_and_keeps_its_turn(join: Join) -> None:
    """Up to two seconds; those behind it come after it."""
    join.add_door(door("r1"), 0.0, None)
    join.add_usage(usage("r2"), 0.1)
    join.add_door(door("r2"), 0.1, None)
    assert _ready(join, 1.9) == []
    first, second = _ready(join, 2.0)
    assert ("prompt_tokens" in first, second["prompt_tokens"]) == (False, 5)


@pytest.mark.parametrize("changes", [{"place": "-", "status": 401}, {"method": "GET"}, {"path": "/v1/models"}])
def test_what_no_engine_generated_does_not_wait(join: Join, changes: dict[str, Any]) -> None:
    """Refusals of the door and lists of models have no usage."""
    join.add_door(door(**changes), 0, None)
    assert len(_ready(join, 0)) == 1


def test_at_the_end_nothing_waits(join: Join) -> None:
    """A last reading gives out what is there."""
    join.add_door(door(), 0, None)
    assert len(_ready(join, 0, all_of_them=True)) == 1


def test_engines_that_tried_are_added_up(join: Join) -> None:
    """One that refused has nothing; one that broke off makes the sum inexact."""
    join.add_usage(usage(prompt_tokens=0, completion_tokens=0, first_token_ms=None), 0)
    join.add_usage(usage(exact=False), 0)
    join.add_door(door(), 0, None)
    (document,) = _ready(join, 0)
    assert (document["prompt_tokens"], document["tokens_exact"], document["first_token_ms"]) == (5, False, 10.5)


@pytest.mark.parametrize(
    ("changes", "cut"),
    [
        ({"ended": "CD"}, True),
        ({"ended": "SD"}, True),
        ({"status": -1, "ended": "CR"}, True),
        ({"ended": "----"}, False),
    ],
)
def test_cut_answers_are_told(join: Join, changes: dict[str, Any], cut: bool) -> None:  # noqa: FBT001
    """Whose body ended before its end, and who got no status."""
    join.add_usage(usage(), 0)
    join.add_door(door(**changes), 0, None)
    (document,) = _ready(join, 0)
    assert (document["cut"], len(document["ended"])) == (cut, 2)


def test_usage_that_comes_late_is_no_second_request(join: Join) -> None:
    """It is an event with the tokens, so that they are billed."""
    join.add_door(door(), 0, None)
    _ready(join, 3)
    join.add_usage(usage(), 4)
    (document,) = join.late(4)
    assert (document["kind"], document["key"], document["completion_tokens"]) == ("event", "alice", 2)
    assert list(join.late(5)) == []


def test_request_whose_door_line_is_lost_is_told(join: Join) -> None:
    """After ten minutes without it: HAProxy was killed."""
    join.add_usage(usage(), 0)
    assert list(join.late(599)) == []
    (document,) = join.late(600)
    line = AuditLine.model_validate({"n": 0, "previous": GENESIS, **document})
    assert (line.kind, line.status, line.cut, line.prompt_tokens) == ("request", -1, True, 5)


def test_what_waits_for_its_request_is_handed_on(join: Join) -> None:
    """A writer that is killed finds the engines' lines again."""
    join.add_usage(usage(), 0)
    assert [json.loads(line)["id"] for line in join.unmatched_lines()] == ["r1"]


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"id": "r1"}', b"[" * 100_000])
def test_unreadable_lines_are_refused(join: Join, text: bytes) -> None:
    """Whatever they are, with an error that the writer tells."""
    for add in (lambda: join.add_usage(text, 0), lambda: join.add_door(text, 0, None)):
        with pytest.raises(ValueError, match=r".+"):
            add()
