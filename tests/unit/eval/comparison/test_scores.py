"""One arm on one task, as `awqctl eval` writes and reads it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from eval.comparison.result import Score
from eval.comparison.scores import TaskScores, read_scores
from pipeline.base.errors import RecipeError, SourceError, VoidMeasurementError

Score_ = Callable[..., TaskScores]


def write(folder: Path, rows: list[Mapping[str, Any]], scores: Mapping[str, Any], **more: Any) -> tuple[Path, Path]:
    """Write the two files of the worker."""
    document = {
        "results": {"task": {"alias": "task", **scores}},
        "n-samples": {"task": {"original": 10, "effective": len({row["doc_id"] for row in rows})}},
        "higher_is_better": {"task": {"acc": True}},
        **more,
    }
    files = folder / "task.results.json", folder / "task.samples.jsonl"
    files[0].write_text(json.dumps(document))
    files[1].write_text("".join(json.dumps({"task": "task", **row}) + "\n" for row in rows))
    return files


def test_score_and_items_are_read(tmp_path: Path, sample: Callable[..., dict[str, Any]]) -> None:
    """The score is lm-eval's, the number of items that of the rows, the available ones those of the whole task."""
    rows = [sample(number, {"acc": float(number < 3)}) for number in range(4)]
    found = read_scores(*write(tmp_path, rows, {"acc,none": 0.75, "acc_stderr,none": 0.25}), "task", "acc")
    assert (found.score, found.items, found.items_available) == (Score(value=0.75, stderr=0.25), 4, 10)
    assert (found.metric, found.metric_name, found.flaw) == ("acc,none", "acc", "")


def test_filtered_metric_is_found_by_its_plain_name(tmp_path: Path, sample: Callable[..., dict[str, Any]]) -> None:
    """`exact_match` finds `exact_match,strict-match`, and only the rows of that filter."""
    rows = [
        sample(number, {"exact_match": value}, filter=name)
        for name, value in (("strict-match", 0.0), ("flexible-extract", 1.0))
        for number in range(2)
    ]
    scores = {"exact_match,strict-match": 0.0, "exact_match,flexible-extract": 1.0}
    found = read_scores(*write(tmp_path, rows, scores), "task", "exact_match")
    assert (found.metric, found.items) == ("exact_match,strict-match", 2)
    assert {row.filter for row in found.rows.values()} == {"strict-match"}


def test_unknown_metric_names_the_known(tmp_path: Path, sample: Callable[..., dict[str, Any]]) -> None:
    """The message lists what the task does report."""
    files = write(tmp_path, [sample(0, {"acc": 1.0})], {"acc,none": 1.0})
    with pytest.raises(RecipeError, match="does not report 'f1'; it reports acc"):
        read_scores(*files, "task", "f1")


def test_direction_of_a_metric_that_lm_eval_does_not_state(
    tmp_path: Path, sample: Callable[..., dict[str, Any]]
) -> None:
    """Perplexities and bits are better when low."""
    rows = [sample(0, {"bits_per_byte": [-70.0, 100]}), sample(1, {"bits_per_byte": [-140.0, 200]})]
    files = write(tmp_path, rows, {"bits_per_byte,none": 1.0098865286222744})
    assert not read_scores(*files, "task", "bits_per_byte").higher_is_better


def test_items_that_do_not_make_up_the_score_are_not_paired(score: Score_) -> None:
    """Whatever lm-eval aggregated, it was not these values; the score itself stays."""
    found = score([1.0, 0.5], stated=Score(value=0.7, stderr=0.1))
    assert found.contributions is None
    assert found.flaw == "the items give 0.75, not lm-eval's 0.7, so they are not paired"
    assert found.score.value == 0.7


def test_right_or_wrong_items_of_another_score_are_refused(score: Score_) -> None:
    """Zeros and ones have one mean, unless the task names another function; of a group it is said."""
    stated = Score(value=0.9, stderr=0.1)
    with pytest.raises(
        VoidMeasurementError, match=r"items in .*jsonl give acc 0\.5, .*state 0\.9.*Score the task again"
    ):
        score([1.0, 0.0], stated=stated)
    assert "not lm-eval's 0.9" in score([1.0, 0.0], stated=stated, mean=False).flaw
    assert "state 0.9" in score([1.0, 0.0], stated=stated, subtasks=["a", "b"]).contradiction


@pytest.mark.parametrize(
    ("listed", "mean"),
    [
        (None, True),
        ([{"metric": "acc"}], True),
        ([{"metric": "acc", "aggregation": "mean"}], True),
        ([{"metric": "acc", "aggregation": "<function agg_gpirt_arc>"}], False),
        ([{"metric": "<function accuracy>"}], False),
    ],
)
def test_what_the_results_say_about_the_mean(
    tmp_path: Path, sample: Callable[..., dict[str, Any]], listed: list[dict[str, str]] | None, *, mean: bool
) -> None:
    """tinyBenchmarks estimate a score from right or wrong items: it is no mean of them, and no contradiction."""
    rows = [sample(number, {"acc": float(number < 3)}) for number in range(4)]
    files = write(tmp_path, rows, {"acc,none": 0.6}, configs={"task": {"metric_list": listed}})
    if mean:
        with pytest.raises(VoidMeasurementError, match=r"give acc 0\.75"):
            read_scores(*files, "task", "acc")
    else:
        assert read_scores(*files, "task", "acc").score.value == 0.6


@pytest.mark.parametrize(
    ("kind", "value"), [("acc", None), ("acc", "1.0"), ("bits_per_byte", [None, 100]), ("bits_per_byte", ["x", 100])]
)
def test_values_that_are_missing_or_text_are_named(score: Score_, kind: str, value: Any) -> None:
    """File and item; they are neither a reason not to pair, nor for NumPy to fail."""
    good = 1.0 if kind == "acc" else [-70.0, 100]
    stated = Score(value=1.0, stderr=None)
    with pytest.raises(SourceError, match=rf"Item 2 of task in .*\.jsonl has no number for {kind}\. Copy"):
        score([good, good, value, value], kind, stated=stated)


def test_repeated_documents_are_told_apart(score: Score_) -> None:
    """The same document twice gives two items, in the order of their numbers."""
    found = score([1.0, 0.0], changes={"doc_hash": "same"})
    assert found.keys == (("task", "same", 0), ("task", "same", 1))


def test_items_are_in_order_whatever_the_file_says(score: Score_, tmp_path: Path) -> None:
    """Numbers count, not their digits: item 10 comes after item 9."""
    found = score([0.0] * 12)
    assert [row.doc_id for row in found.rows.values()] == [str(number) for number in range(12)]


def test_a_score_that_nobody_states_is_computed(score: Score_) -> None:
    """Without a results file the items say the score and its standard error."""
    found = score([1.0, 1.0, 0.0, 0.0]).score
    assert (found.value, found.stderr) == (0.5, pytest.approx(0.28867513))


def test_no_score_at_all_is_refused(score: Score_) -> None:
    """Values that cannot be added up need a results file."""
    with pytest.raises(SourceError, match=r"cannot be added up.*results_\*\.json"):
        score([["a", "b"]], "chrf")


def test_missing_metric_is_refused(score: Score_) -> None:
    """No item has it: the samples are those of something else."""
    with pytest.raises(SourceError, match="has the metric 'f1,none'"):
        score([1.0], metric="f1,none")


def write_group(folder: Path, sample: Callable[..., dict[str, Any]], last: Mapping[str, Any], **more: Any) -> Any:
    """Write a group of two tasks, the second with other rows; `more` replaces parts of the results."""
    rows = [sample(number, {"acc": float(number % 2)}, task="a", doc_hash=f"a {number}") for number in range(4)]
    rows += [sample(number, last, task="b", doc_hash=f"b {number}") for number in range(4)]
    stated: dict[str, Any] = {
        "results": {"g": {"acc,none": 0.5}, "a": {"acc,none": 0.5}, "b": {f"{next(iter(last))},none": 0.0}},
        "n-samples": {name: {"original": 4, "effective": 4} for name in "ab"},
        "higher_is_better": {},
    }
    files = folder / "g.results.json", folder / "g.samples.jsonl"
    files[0].write_text(json.dumps(stated | more))
    files[1].write_text("".join(json.dumps(row) + "\n" for row in rows))
    return files


def test_a_task_that_the_metric_of_its_group_does_not_judge(
    tmp_path: Path, sample: Callable[..., dict[str, Any]]
) -> None:
    """It may have broken unseen, unless it is a task of its own as well."""
    files = write_group(tmp_path, sample, {"exact_match": 0.0})
    with pytest.raises(RecipeError, match=r"'acc,none' of 'g' says nothing of b \(4 items\).*tasks of their own"):
        read_scores(*files, "g", "acc")
    assert read_scores(*files, "g", "acc", others=("b",)).items == 4


def test_a_group_whose_items_do_not_give_its_score(tmp_path: Path, sample: Callable[..., dict[str, Any]]) -> None:
    """Nothing is said of it; its tasks can be judged."""
    files = write_group(tmp_path, sample, {"acc": 0.0})
    with pytest.raises(
        VoidMeasurementError, match=r"Group 'g': the items in .* give acc 0\.25, .*state 0\.5, .*own in"
    ):
        read_scores(*files, "g", "acc")


@pytest.mark.parametrize("count", [3, 5])
def test_other_numbers_of_items_than_stated(tmp_path: Path, sample: Callable[..., dict[str, Any]], count: int) -> None:
    """Both numbers."""
    counts = {name: {"original": 9, "effective": count if name == "b" else 4} for name in "ab"}
    files = write_group(tmp_path, sample, {"acc": 0.0}, **{"n-samples": counts})
    with pytest.raises(VoidMeasurementError, match=rf"samples of 4 items of 'b', .* score of {count}"):
        read_scores(*files, "g", "acc")


def test_a_stated_mean_holds_for_every_number(score: Score_) -> None:
    """Where the task says that its score is the mean, values between 0 and 1 have to give it as well."""
    with pytest.raises(VoidMeasurementError, match=r"give acc 0\.75, .*state 0\.7"):
        score([1.0, 0.5], stated=Score(value=0.7, stderr=0.1), mean=True)
