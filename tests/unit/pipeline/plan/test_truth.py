"""What vLLM logged and what was measured, in public, against what the planner says: tolerances of the promise."""

from typing import Any

import pytest

from pipeline.plan.activations import GIB
from tests.planner_truth.grade import (
    FEW,
    coverage,
    few,
    left_out_points,
    plan_of_row,
    points,
    rows,
    token_times,
)

pytestmark = pytest.mark.whole

ROWS = rows("memory.yaml")


def held(key: str, exception: str) -> list[dict[str, Any]]:
    """Return the rows that have a figure and do not except it."""
    return [row for row in ROWS if key in row and exception not in row.get("unlike", {})]


def name(row: dict[str, Any]) -> str:
    """Return a row's number."""
    return str(row["row"])


@pytest.mark.parametrize("row", held("tokens", "tokens"), ids=name)
def test_tokens_follow_from_the_size_of_the_cache(row: dict[str, Any]) -> None:
    """Block rounding included, within 0.1 %."""
    plan = plan_of_row(row, stated=True)
    assert plan.capacity.tokens == pytest.approx(row["tokens"], rel=0.001)


@pytest.mark.parametrize("row", held("concurrency", "tokens"), ids=name)
def test_concurrency_is_that_of_the_log(row: dict[str, Any]) -> None:
    """To the two places that are printed of small caches, else within 0.3 %; hybrids by their groups."""
    plan = plan_of_row(row, stated=True)
    assert plan.capacity.concurrency == pytest.approx(row["concurrency"], rel=0.003, abs=0.01)


@pytest.mark.parametrize("row", held("weights", "weights"), ids=name)
def test_weights_follow_from_the_configuration(row: dict[str, Any]) -> None:
    """Within 1 %, quantized, tensor parallel and hybrid models included."""
    plan = plan_of_row(row, stated=False)
    assert plan.budget.weights / GIB == pytest.approx(row["weights"], rel=0.01)


@pytest.mark.parametrize(
    "row",
    [row for row in held("kv_gib", "budget") if {"util", "weights"} <= row.keys() and "refused" not in row],
    ids=name,
)
def test_cache_is_what_the_budget_leaves(row: dict[str, Any]) -> None:
    """Within 8 % with everything predicted; within 3 % with the activations and graphs of the log."""
    plan = plan_of_row(row, stated=False)
    assert plan.budget.kv_cache / GIB == pytest.approx(row["kv_gib"], rel=0.08)
    if {"act", "other"} <= row.keys():
        inside = row.get("graphs", 0.0) if plan.budget.graphs_inside else 0.0
        left = (plan.budget.requested - plan.budget.weights) / GIB - row["act"] - row["other"] - inside
        assert left == pytest.approx(row["kv_gib"], rel=0.03)


@pytest.mark.parametrize("row", [row for row in ROWS if row.get("refused")], ids=name)
def test_what_was_refused_is_impossible(row: dict[str, Any]) -> None:
    """With what was needed and the longest that would have fit, within 1 %."""
    plan = plan_of_row(row, stated="needed" in row)
    assert not plan.fits
    assert plan.shortages[0]
    if "needed" in row:
        assert plan.capacity.needed_bytes / GIB == pytest.approx(row["needed"], rel=0.01)
        assert plan.capacity.longest == pytest.approx(row["longest"], rel=0.01)


@pytest.mark.parametrize("row", [row for row in ROWS if "refused" not in row and "util" in row], ids=name)
def test_what_ran_is_no_impossibility(row: dict[str, Any]) -> None:
    """A row that ran is not refused, without the number of sequences that its log does not demand at full length."""
    assert plan_of_row({**row, "seqs": None}, stated=False).fits


def test_throughput_is_inside_the_interval() -> None:
    """Of all published points at least 80 %; at few sequences the expected rate errs by 15 % at the median."""
    found = list(points())
    assert len(found) > 4 * FEW
    assert coverage(found) >= 0.8
    assert few(found) <= 0.15


@pytest.mark.parametrize(("gpu", "offloaded", "published"), [("gh200", 60, 4.33), ("h100", 75, 0.57)])
def test_offload_and_what_needs_none(gpu: str, offloaded: int, published: float) -> None:
    """Llama-3.3-70B with weights in the CPU's memory, as published, and in AWQ, which fits and is many times faster."""
    row = {
        "model": "meta-llama/Llama-3.3-70B",
        "gpu": gpu,
        "vllm": "0.6.3",
        "length": 2048,
        "input": 128,
        "output": 128,
    }
    slow = plan_of_row({**row, "offload": offloaded}, stated=False, concurrency=1).rate
    quick = plan_of_row({**row, "quantization": "awq"}, stated=False, concurrency=1).rate
    assert slow is not None
    assert quick is not None
    assert slow.low <= published <= slow.high
    assert slow.bound_by == "host link"
    assert quick.expected > 5 * slow.expected


def test_times_per_output_token_are_inside_their_interval() -> None:
    """Where they were published besides the throughput, at least 80 % of them."""
    found = list(token_times())
    assert len(found) >= FEW
    assert coverage(found) >= 0.8


def test_errors_without_the_own_source_are_known() -> None:
    """Every point is planned without its source too: worse than in sample, and still no other order of magnitude."""
    inside, out = list(points()), list(left_out_points())
    assert len(out) == len(inside)
    assert few(inside) < few(out) < 0.15
    assert coverage(out) > 0.7
