"""What share of the requests new engines get, and what the door's lines say of them."""

import json
from pathlib import Path

import pytest

from serve.gateway.backends import Place
from serve.supervisor.canary_lines import CanaryLines
from serve.supervisor.rollout import weighting

OLD, NEW = Place("model-1", 1), Place("model-1", 2)


@pytest.mark.parametrize("percent", [5, 10, 33, 50, 90])
@pytest.mark.parametrize(("new", "old"), [(1, 1), (4, 4), (1, 3), (3, 1)])
def test_share_is_what_was_asked_for(percent: float, new: int, old: int) -> None:
    """Whatever the numbers of engines, within what whole weights can say."""
    weights = weighting(percent, new, old)
    given = 100 * weights.new * new / (weights.new * new + weights.old * old)
    assert given == pytest.approx(percent, abs=1.5)
    assert max(weights.new, weights.old) == 100


@pytest.mark.parametrize(("percent", "expected"), [(0, (0, 100)), (100, (100, 0))])
def test_all_or_nothing(percent: float, expected: tuple[int, int]) -> None:
    """Who gets nothing is out of rotation."""
    weights = weighting(percent, 2, 2)
    assert (weights.new, weights.old) == expected


def test_engines_without_others_get_all() -> None:
    """After a swap there is nobody else."""
    assert weighting(100, 2, 0).new == 100


def _line(place: Place, *, status: int = 200, ended: str = "----", total_ms: int = 10) -> str:
    return json.dumps({"place": place.server, "status": status, "ended": ended, "total_ms": total_ms}) + "\n"


def test_lines_of_both_are_told_apart(tmp_path: Path) -> None:
    """From the making on; what HAProxy says of itself is no request, and a client that hangs up no error."""
    file = tmp_path / "door-1.jsonl"
    file.write_text(_line(NEW, status=500))
    lines = CanaryLines(tmp_path)
    with file.open("a") as stream:
        stream.write("".join(_line(OLD, total_ms=at) for at in range(1, 101)))
        stream.write(_line(NEW) + _line(NEW, status=502) + _line(NEW, ended="SD--") + _line(NEW, ended="CD--"))
        stream.write("[NOTICE] a new worker\n" + _line(NEW)[:20])
    lines.read()
    new, old = lines.of([NEW]), lines.of([OLD])
    assert (new.requests, new.errors, new.p95_ms) == (3, 2, None)
    assert (old.requests, old.errors) == (100, 0)
    assert old.p95_ms == pytest.approx(95.05)


def test_file_that_comes_later_is_read(tmp_path: Path) -> None:
    """A new HAProxy has a file of its own."""
    lines = CanaryLines(tmp_path)
    (tmp_path / "door-2.jsonl").write_text(_line(NEW) * 60)
    lines.read()
    assert lines.of([NEW]).p95_ms == 10
