"""The score of a group is that of its items, or its tasks are compared one by one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.samples.comparison import compare_samples
from eval.samples.result import CompareResult, Request
from eval.statistics import Margin

Write = Callable[..., Path]
RIGHT, WRONG = [1.0] * 100, [0.0] * 100
HALF = [1.0, 0.0] * 50
GROUP = {"g": ["a", "b"]}
LATER = "2026-12-01T12-00-00.000000"


def judged(baseline: Path, candidate: Path, **request: Any) -> CompareResult:
    """Return both sides against a margin."""
    return compare_samples(baseline, candidate, Request(margin=Margin(absolute=0.05), **request))


def verdicts(found: CompareResult) -> dict[str, str | None]:
    """Return the verdict of each task."""
    return {task.task: task.verdict for task in found.tasks}


@pytest.mark.parametrize("side", [0, 1])
def test_a_score_from_before_a_task_was_run_again(tmp_path: Path, write_evaluation: Write, side: int) -> None:
    """It is taken from the items; both times are said."""
    folders = [write_evaluation(tmp_path / name, {"a": RIGHT, "b": RIGHT}, GROUP) for name in ("x", "y")]
    write_evaluation(folders[side], {"a": WRONG}, stamp=LATER)
    found = judged(*folders)
    (group,) = found.tasks
    assert (group.baseline.value, group.candidate.value)[side] == 0.5
    assert group.verdict == ("pass" if side == 0 else "fail")
    assert any("2026-11-01T12" in note and "2026-12-01T12" in note for note in found.notes)


def test_weights_of_an_outdated_group_are_those_that_its_results_had(tmp_path: Path, write_evaluation: Write) -> None:
    """Each task counts the same, as the stated scores of that evaluation show."""
    tasks = {"a": [1.0, 0.0] * 5, "b": RIGHT}
    folders = [write_evaluation(tmp_path / name, tasks, GROUP, scores={"g": 0.75}) for name in ("x", "y")]
    for folder in folders:
        write_evaluation(folder, {"a": [0.0] * 10}, stamp=LATER)
    (group,) = judged(*folders).tasks
    assert (group.baseline.value, group.candidate.value) == pytest.approx((0.5, 0.5))


def test_an_outdated_group_of_which_both_means_came_to_the_same(tmp_path: Path, write_evaluation: Write) -> None:
    """Its weights are not known then, and its tasks are of several sizes."""
    folders = [write_evaluation(tmp_path / name, {"a": RIGHT, "b": [1.0] * 900}, GROUP) for name in ("x", "y")]
    write_evaluation(folders[1], {"a": WRONG}, stamp=LATER)
    found = judged(*folders)
    assert (verdicts(found), found.passed) == ({"a": "fail", "b": "pass"}, False)


def test_results_without_a_time_are_of_one_evaluation(tmp_path: Path, write_evaluation: Write) -> None:
    """Samples of two times are not both of the score in them."""
    folders = [write_evaluation(tmp_path / name, {"a": RIGHT, "b": RIGHT}, GROUP) for name in ("x", "y")]
    write_evaluation(folders[1], {"a": WRONG}, stamp=LATER)
    next(folders[1].glob("results_2026-11*")).rename(folders[1] / "results.json")
    found = judged(*folders)
    assert verdicts(found) == {"g": "fail"}
    assert any("The score of 'g' was taken from the items" in note for note in found.notes)


def test_an_outdated_group_with_weights_of_its_own_is_taken_apart(tmp_path: Path, write_evaluation: Write) -> None:
    """Nobody knows how to add it up."""
    folders = [
        write_evaluation(tmp_path / name, {"a": HALF, "b": RIGHT}, GROUP, scores={"g": 0.9}) for name in ("x", "y")
    ]
    write_evaluation(folders[1], {"a": WRONG}, stamp=LATER)
    found = judged(*folders)
    assert verdicts(found) == {"a": "fail", "b": "pass"}
    assert any("compared one by one" in note for note in found.notes)


@pytest.mark.parametrize("sides", [(0, 1), (0,), (1,)], ids=["both", "baseline", "candidate"])
def test_a_score_that_its_items_do_not_give_is_not_believed(
    tmp_path: Path, write_evaluation: Write, sides: tuple[int, ...]
) -> None:
    """The candidate lost half of one task; no mean of its tasks is what its group states."""
    folders = [
        write_evaluation(tmp_path / name, {"a": HALF, "b": last}, GROUP, scores={"g": 0.55} if place in sides else {})
        for place, (name, last) in enumerate((("x", HALF), ("y", WRONG)))
    ]
    found = judged(*folders)
    assert verdicts(found) == {"a": "pass", "b": "fail"}
    assert any("The tasks of 'g' are compared one by one" in note for note in found.notes)
    assert verdicts(judged(*folders, tasks=("g",))) == {"a": "pass", "b": "fail"}


def test_scores_of_other_kinds_are_believed_where_the_tasks_give_them(
    tmp_path: Path, sample: Any, write_run: Write
) -> None:
    """METEOR of a group is the mean of its tasks' scores, which no item shows; another figure is no such mean."""

    def folder(name: str, stated: float) -> Path:
        rows = {
            task: [sample(n, {"meteor": ["a b", "a c"]}, doc_hash=f"{task} {n}") for n in range(20)]
            for task in ("a", "b")
        }
        scores = {
            "a": {"meteor,none": 40.0, "meteor_stderr,none": 0.1},
            "b": {"meteor,none": 20.0, "meteor_stderr,none": 0.1},
        }
        group = {"g": {"meteor,none": stated, "meteor_stderr,none": 0.1}}
        return write_run(tmp_path / name, rows, results={"results": scores | group, "group_subtasks": GROUP})

    base = folder("x", 30.0)
    assert verdicts(judged(base, folder("y", 30.0), higher_is_better=True)).keys() == {"g"}
    assert verdicts(judged(base, folder("z", 35.0), higher_is_better=True)).keys() == {"a", "b"}


def test_one_side_without_the_score_of_a_group(tmp_path: Path, write_evaluation: Write) -> None:
    """The items give it, with the other side's weights."""
    tasks = {"a": [1.0, 0.0] * 5, "b": RIGHT}
    folders = [write_evaluation(tmp_path / name, tasks, GROUP, scores={"g": 0.75}) for name in ("x", "y")]
    next(folders[1].glob("results_*")).unlink()
    (group,) = judged(*folders).tasks
    assert (group.baseline.value, group.candidate.value) == pytest.approx((0.75, 0.75))


def test_a_group_whose_samples_are_not_all_there(tmp_path: Path, write_evaluation: Write) -> None:
    """Its score is that of the samples, and the missing ones are counted by task."""
    folders = [write_evaluation(tmp_path / name, {"a": RIGHT, "b": HALF}, GROUP) for name in ("x", "y")]
    for folder in folders:
        path = next(folder.glob("samples_b_*"))
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:40]))
    found = judged(*folders, allow_partial=True)
    assert found.tasks[0].baseline.value == pytest.approx(120 / 140)
    assert not found.complete
    assert any("b 40 of 100" in note for note in found.notes)


def test_a_group_that_holds_itself_ends(tmp_path: Path, write_evaluation: Write) -> None:
    """Results that were put together by hand are no reason to loop."""
    groups = {"g": ["a", "g"], "a": []}
    folders = [write_evaluation(tmp_path / name, {"a": RIGHT}, group_subtasks=groups) for name in ("x", "y")]
    for folder in folders:
        path = next(folder.glob("results_*"))
        document = json.loads(path.read_text())
        document["results"]["g"] = {"acc,none": 1.0}
        path.write_text(json.dumps(document))
    assert judged(*folders).passed is True
