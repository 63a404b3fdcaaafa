"""Chance levels, and margins that guessed answers are within."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.comparison.chance import chance_level
from eval.comparison.comparison import adjusted, compare
from eval.comparison.rows import read_rows
from eval.comparison.scores import TaskScores
from eval.comparison.wording import shortfall, undecided_because, verdict_sentence
from eval.statistics import Margin
from tests.helpers import invoke

ScoreOf = Callable[..., TaskScores]
AT_CHANCE = [1.0] * 60 + [0.0] * 140
"""0.30 right of four choices."""


@pytest.mark.parametrize(
    ("requests", "doc", "choices"),
    [
        ([["Q", " a"], ["Q", " b"], ["Q", " c"]], {}, 3),
        ([["Q a", " x"], ["Q b", " x"]], {}, 2),
        ([["Q", " a"], ["Q", " b"], ["", " a"], ["", " b"]], {}, 2),
        ([["Q", {"until": []}]], {"choices": ["a", "b", "c", "d"]}, 4),
        ([["Q", {"until": []}]], {"choices": {"text": ["a", "b"], "label": ["A", "B"]}}, 2),
        ([["Q", {"until": []}]], {"answer": "5"}, 0),
        ([["Q", " a"]], {}, 0),
        ([["text"]], "text", 0),
    ],
    ids=["choices", "winogrande", "mutual information", "letters", "arc", "free answer", "last word", "rolling"],
)
def test_choices_are_counted(tmp_path: Path, requests: list[list[Any]], doc: object, choices: int) -> None:
    """Of what was asked, as lm-eval writes it in either form."""
    named = {f"gen_args_{n}": {f"arg_{m}": part for m, part in enumerate(one)} for n, one in enumerate(requests)}
    for number, arguments in enumerate((requests, named)):
        path = tmp_path / f"{number}.jsonl"
        path.write_text(json.dumps({"doc_id": 0, "doc": doc, "arguments": arguments, "acc": 1.0}))
        assert [row.choices for row in read_rows(path, "task")] == [choices]


@pytest.mark.parametrize(
    ("metric", "value", "higher", "chance"),
    [
        ("acc,none", 1.0, True, 0.25),
        ("f1,none", [1, 0], True, 2 / 3),
        ("f1,none", 0.5, True, 0.0),
        ("brier_score,none", [1, [0.1, 0.9]], False, 0.5),
        ("score,none", -3.0, True, None),
        ("bits_per_byte,none", [-7.0, 10], False, 8.0),
        ("ter,none", 0.4, False, None),
    ],
)
def test_chance_by_metric(
    score: ScoreOf,
    metric: str,
    value: object,
    higher: bool,  # noqa: FBT001 -- a parameter
    chance: float | None,
) -> None:
    """One of four choices; the worst that a metric can say; None for a scale that nobody knows."""
    rows = score([value], metric.partition(",")[0]).rows.values()
    assert chance_level(metric, rows, higher_is_better=higher) == chance


def judged(score: ScoreOf, before: list[float], after: list[float], **margin: float) -> Any:
    """Return one task's comparison with its verdict."""
    (found,) = adjusted([compare(score(before), score(after), margin=Margin(**margin))])
    return found


@pytest.mark.parametrize("margin", [{"absolute": 0.3}, {"absolute": 0.05}, {"recovery": 0.8}])
@pytest.mark.parametrize("after", [AT_CHANCE, AT_CHANCE[::-1], [1.0] * 200])
def test_a_margin_that_guesses_are_within_is_no_pass(
    score: ScoreOf, margin: dict[str, float], after: list[float]
) -> None:
    """0.30 where 0.25 are guessed: no margin of 0.05 or more can show anything, for whatever candidate."""
    found = judged(score, AT_CHANCE, after, **margin)
    assert (found.chance, found.verdict, found.passed, found.more_items) == (0.25, "inconclusive", False, None)
    assert undecided_because(found) == "margin beyond chance"
    assert shortfall(found) == "guessed answers are within the margin"
    assert verdict_sentence(found).startswith("not decided: the baseline's 0.3000 is no further from chance (0.2500)")


def test_a_loss_beyond_such_a_margin_still_fails(score: ScoreOf) -> None:
    """It is shown to be larger than what was agreed."""
    assert judged(score, [1.0] * 100 + [0.0] * 100, [0.0] * 200, absolute=0.3).verdict == "fail"


def test_margins_within_what_is_above_chance_are_judged(score: ScoreOf) -> None:
    """0.9 right of four choices leaves room for a margin of 0.05."""
    good = [1.0] * 180 + [0.0] * 20
    assert judged(score, good, good, absolute=0.05).verdict == "pass"


def test_free_answers_may_not_all_be_lost(score: ScoreOf) -> None:
    """A baseline that gets 0.2 right with a margin of 0.2: a candidate that gets nothing right would pass."""
    changes = {"arguments": [["Question?", {"until": []}]]}
    few = [1.0] * 40 + [0.0] * 160
    (found,) = adjusted(
        [compare(*(score(few, "exact_match", changes=changes) for _ in range(2)), margin=Margin(absolute=0.2))]
    )
    assert (found.chance, found.verdict) == (0.0, "inconclusive")


def test_compare_says_it_and_ends_with_3(
    tmp_path: Path, sample: Callable[..., dict[str, Any]], write_run: Callable[..., Path]
) -> None:
    """The same answers on both sides, 0.30 right of four choices, a margin of 0.3."""
    rows = [sample(number, {"acc": value}) for number, value in enumerate(AT_CHANCE)]
    folders = [write_run(tmp_path / side, {"t": rows}) for side in ("base", "awq")]
    answer = invoke("compare", *folders, "--margin", "0.3")
    assert "guesses are" in answer.stdout
    assert "'t' is not decided: the baseline's 0.3000 is no further from chance" in " ".join(answer.stdout.split())
    document = json.loads(invoke("compare", *folders, "--margin", "0.3", "--json").stdout)
    assert (document["passed"], document["tasks"][0]["verdict"], document["tasks"][0]["chance"]) == (
        False,
        "inconclusive",
        0.25,
    )
