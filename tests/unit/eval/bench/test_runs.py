"""A run is judged: one that is void has its reasons and no figures."""

import math

import pytest

from eval.bench.load.validity import Limits
from eval.bench.recipe_load import limits_of
from eval.bench.runs import judged
from pipeline.recipe.bench_limits import BenchLimits
from tests.unit.eval.bench.runs import load, measured, run


def test_run_that_stands_has_figures_and_evidence() -> None:
    """Both throughputs are kept, and what engine and machine did stands beside them."""
    found = run()
    assert found.void == ()
    assert found.figures is not None
    assert (found.figures.output_tokens_per_s("steady state"), found.figures.output_tokens_per_s("whole run")) == (
        50,
        40,
    )
    assert found.figures.total_tokens_per_s == pytest.approx(120)
    assert found.engine is not None
    assert (found.engine.preemptions, found.engine.peak_waiting, found.token_difference) == (2, 3, 0)


def test_void_run_has_no_figures() -> None:
    """Counts of client and engine that differ by more than one percent leave reasons alone."""
    found = run(engine_tokens=395)
    assert found.figures is None
    assert found.void == ("the client counts 400 output tokens, the engine 395",)


def test_run_is_judged_anew_under_other_limits() -> None:
    """What others took is void under one limit and stands under another, from the same evidence."""
    busy = measured(foreign_cpu_s=12)
    assert judged(busy, 1, 1, Limits()).figures is None
    assert judged(busy, 1, 1, limits_of(BenchLimits(foreign_cpu_share=0.4))).figures is not None


def test_limit_that_is_taken_away_is_infinite() -> None:
    """Null in a recipe means that nothing is too much; the others keep their values."""
    limits = limits_of(BenchLimits(ceiling_share=None))
    assert (limits.ceiling_share, limits.foreign_cpu_share) == (math.inf, Limits().foreign_cpu_share)
    assert judged(measured(load(rate=1e9)), 1, 1, limits).figures is not None


def test_recipe_and_gate_have_the_same_limits() -> None:
    """A recipe that says nothing is held to what an endpoint is held to."""
    assert limits_of(BenchLimits()) == Limits()
    assert BenchLimits().changed() == {}
    assert BenchLimits(client_cpu_share=None).changed() == {"client_cpu_share": None}
