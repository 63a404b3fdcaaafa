"""What is not alike is refused, and named."""

import pytest

from eval.bench.rank.likeness import differences, refuse_unlike, refuse_void
from eval.bench.rank.ranking import rank
from pipeline.base.errors import UsageError, VoidMeasurementError
from tests.unit.eval.bench.rank.entries import entry

RUNS = (100.0, 101.0)


def test_all_that_differs_is_named() -> None:
    """Each thing with every value and whose it is, also what only one of them has."""
    a = entry("a", {8: RUNS}, settings={"model": "m", "input_tokens": "128"})
    b = entry("b", {8: RUNS}, settings={"model": "m", "input_tokens": "256", "engine enforce-eager": "on"})
    with pytest.raises(UsageError) as problem:
        rank([a, b])
    assert "input_tokens: 128 (a); 256 (b)" in problem.value.message
    assert "engine enforce-eager: none (a); on (b)" in problem.value.message
    assert "model" not in problem.value.message
    assert problem.value.exit_code == 2


def test_other_concurrencies_can_be_compared_where_they_meet() -> None:
    """All are needed where the best is looked for; one that all have is enough where it is chosen."""
    pair = [entry("a", {1: RUNS, 8: RUNS}), entry("b", {8: RUNS, 16: RUNS})]
    with pytest.raises(UsageError, match=r"concurrency: 1, 8 \(a\); 8, 16 \(b\)\n.*--concurrency \(8\)\."):
        rank(pair)
    rank(pair, concurrency=8)
    with pytest.raises(UsageError, match="b did not measure concurrency 1"):
        rank(pair, concurrency=1)


def test_void_levels_are_not_passed_over() -> None:
    """A void level might have been the best: only where it is not compared does it not matter."""
    pair = [entry("a", {1: RUNS, 8: RUNS}), entry("b", {1: RUNS}, void={8: ("2 requests failed",)})]
    with pytest.raises(VoidMeasurementError, match=r"b at concurrency 8: 2 requests failed.*--concurrency \(1\)\.$"):
        rank(pair)
    rank(pair, concurrency=1)
    refuse_unlike(pair, None)
    with pytest.raises(VoidMeasurementError):
        refuse_void(pair, 8)


def test_circumstances_are_told() -> None:
    """Another GPU is what a ranking is for: it is listed, and nothing is refused."""
    found = rank([entry("a", {8: RUNS}), entry("b", {8: RUNS})])
    assert [str(one) for one in found.differs] == ["GPUs: a (a); b (b)"]
    assert differences({"a": {"x": "1"}, "b": {"x": "1"}}) == ()
