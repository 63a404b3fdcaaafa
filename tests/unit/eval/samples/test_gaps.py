"""What was not judged is named, and no comparison with it is complete."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.samples.comparison import compare_samples
from eval.samples.result import CompareResult, Request
from eval.statistics import Margin
from pipeline.base.errors import SourceError, VoidMeasurementError

Write = Callable[..., Path]
RIGHT, WRONG = [1.0] * 100, [0.0] * 100
LATER = "2026-12-01T12-00-00.000000"


def judged(folders: tuple[Path, Path], **request: Any) -> CompareResult:
    """Return both sides against a margin."""
    return compare_samples(*folders, Request(margin=Margin(absolute=0.05), **request))


def verdicts(found: CompareResult) -> dict[str, str | None]:
    """Return the verdict of each task."""
    return {task.task: task.verdict for task in found.tasks}


def says(found: CompareResult, *words: str) -> bool:
    """Return whether one of the notes has all the words."""
    return any(all(word in note for word in words) for note in found.notes)


@pytest.mark.parametrize("other", ["exact_match,none", "acc,strict"], ids=["metric", "filter"])
@pytest.mark.parametrize("groups", [{"g": ["a", "b"]}, {"g": ["a", "h"], "h": ["b"]}], ids=["plain", "nested"])
def test_a_task_of_a_group_without_its_metric_is_judged_by_itself(
    tmp_path: Path, write_evaluation: Write, groups: dict[str, list[str]], other: str
) -> None:
    """It fell from right to wrong, and the group's score says nothing of it."""
    folders = tuple(
        write_evaluation(tmp_path / side, {"a": RIGHT, "b": values}, groups, metrics={"b": other})
        for side, values in (("x", RIGHT), ("y", WRONG))
    )
    found = judged(folders)
    assert verdicts(found) == {"g": "pass", "b": "fail"}
    assert found.passed is False
    assert says(found, "'b' (100 items) is no part of the score of 'g'", "judged by itself")


def test_a_task_that_the_chosen_metric_does_not_judge_is_named(tmp_path: Path, write_evaluation: Write) -> None:
    """The user wants this metric and no other; with `--allow-partial` that is enough."""
    folders = tuple(
        write_evaluation(tmp_path / side, {"a": RIGHT, "b": RIGHT}, {"g": ["a", "b"]}, metrics={"b": "em,none"})
        for side in ("x", "y")
    )
    found = judged(folders, metric="acc")
    assert (verdicts(found), found.complete, found.passed) == ({"g": "pass"}, False, False)
    assert says(found, "'b' of 'g' (100 items) does not have acc", "--task b")
    assert judged(folders, metric="acc", allow_partial=True).passed is True


def test_the_chosen_metric_is_found_under_another_filter(tmp_path: Path, write_evaluation: Write) -> None:
    """The task of the group is judged by it, as the user wanted."""
    folders = tuple(
        write_evaluation(tmp_path / side, {"a": RIGHT, "b": last}, {"g": ["a", "b"]}, metrics={"b": "acc,strict"})
        for side, last in (("x", RIGHT), ("y", WRONG))
    )
    found = judged(folders, metric="acc")
    assert (verdicts(found), found.complete) == ({"g": "pass", "b": "fail"}, True)


@pytest.mark.parametrize("side", [0, 1])
def test_a_task_of_a_group_that_has_its_metric_on_one_side(tmp_path: Path, write_evaluation: Write, side: int) -> None:
    """No file is to be copied again: nothing of it can be compared."""
    folders = [
        write_evaluation(
            tmp_path / name,
            {"a": RIGHT, "b": RIGHT},
            {"g": ["a", "b"]},
            metrics={"b": "em,none"} if place == side else None,
        )
        for place, name in enumerate("xy")
    ]
    found = judged((folders[0], folders[1]))
    assert (found.complete, found.passed) == (False, False)
    assert says(found, "'b' of 'g' (100 items) does not have acc on both sides")


def test_items_without_the_metric_are_counted(tmp_path: Path, sample: Any, write_run: Write) -> None:
    """Half of a task that another filter alone saw, on both sides."""
    rows = [sample(number, {"acc": 1.0}, filter="strict" if number < 50 else "other") for number in range(100)]
    folders = tuple(write_run(tmp_path / side, {"arc": rows}) for side in ("x", "y"))
    found = judged(folders)
    assert (found.tasks[0].items, found.complete, found.passed) == (50, False, False)
    assert says(found, "50 of 100 items have no 'acc,strict'")


@pytest.mark.parametrize("sides", [("x", "y"), ("x",), ("y",)], ids=["both", "baseline", "candidate"])
def test_fewer_samples_than_results_state(tmp_path: Path, write_evaluation: Write, sides: tuple[str, ...]) -> None:
    """Both numbers, also where the means agree."""
    counts = {"arc": {"original": 14000, "effective": 14000}}
    folders = tuple(
        write_evaluation(tmp_path / side, {"arc": RIGHT}, **({"n-samples": counts} if side in sides else {}))
        for side in ("x", "y")
    )
    found = judged(folders)
    assert (found.complete, found.passed) == (False, False)
    assert says(found, "100 of 14000", "Copy all")
    assert judged(folders, allow_partial=True).passed is True


def test_a_score_of_more_items_is_not_blamed_on_another_evaluation(tmp_path: Path, write_evaluation: Write) -> None:
    """The score is taken from the items that are there."""
    counts = {"arc": {"original": 100, "effective": 100}}
    folders = tuple(
        write_evaluation(tmp_path / side, {"arc": [1.0, 1.0, 0.0]}, scores={"arc": 0.77}, **{"n-samples": counts})
        for side in ("x", "y")
    )
    found = judged(folders, allow_partial=True)
    assert found.tasks[0].baseline.value == pytest.approx(2 / 3)
    assert says(found, "3 of 100")


@pytest.mark.parametrize("form", ["sample_len", "limit"])
def test_a_limit_is_no_gap(tmp_path: Path, write_evaluation: Write, form: str) -> None:
    """The items that were asked for are all there."""
    more: dict[str, Any] = {"n-samples": {"arc": {"original": 14000}}, "config": {"limit": 100.0}}
    folders = tuple(write_evaluation(tmp_path / side, {"arc": RIGHT}, **more) for side in ("x", "y"))
    assert judged(folders).passed is True
    if form == "sample_len":
        results = next(folders[1].glob("results_*"))
        document = json.loads(results.read_text())
        document["results"]["arc"]["sample_len"] = 500
        results.write_text(json.dumps(document))
        assert says(judged(folders), "100 of 500")


def test_a_share_as_limit_is_counted_by_task(tmp_path: Path, write_evaluation: Write) -> None:
    """Older versions of lm-eval state as effective what the share came to for the last task."""
    counts = {"arc": {"original": 1000, "effective": 7}}
    folders = tuple(
        write_evaluation(tmp_path / side, {"arc": RIGHT}, config={"limit": 0.1}, **{"n-samples": counts})
        for side in ("x", "y")
    )
    assert judged(folders).complete


@pytest.mark.parametrize("aggregation", [None, "mean", "<function estimate>"])
def test_values_that_do_not_give_their_score(
    tmp_path: Path, sample: Any, write_run: Write, aggregation: str | None
) -> None:
    """Of another evaluation or added up in another way: no pass unless the task says how."""
    rows = [sample(number, {"rouge1": number / 100}) for number in range(100)]
    listed = [{"metric": "rouge1"} | ({"aggregation": aggregation} if aggregation else {})]
    stated = {
        "results": {"t": {"rouge1,none": 0.9, "rouge1_stderr,none": 0.01}},
        "configs": {"t": {"metric_list": listed}},
    }
    folders = tuple(write_run(tmp_path / side, {"t": rows}, results=stated) for side in ("x", "y"))
    if aggregation == "mean":
        with pytest.raises(VoidMeasurementError, match=r"give rouge1 0\.495, .*state 0\.9"):
            judged(folders)
    else:
        found = judged(folders)
        assert found.passed is found.complete is (aggregation is not None)
        assert says(found, "by its scores alone", "the items give 0.495, not lm-eval's 0.9")


@pytest.mark.parametrize("results", [True, False], ids=["results", "samples alone"])
def test_a_file_that_was_appended_to_counts_each_item_once(
    tmp_path: Path, write_evaluation: Write, *, results: bool
) -> None:
    """lm-eval appends; on both sides alike that would double the items."""
    folders = tuple(write_evaluation(tmp_path / side, {"arc": RIGHT}) for side in ("x", "y"))
    for folder in folders:
        path = next(folder.glob("samples_*"))
        path.write_text(path.read_text() * 2)
        if not results:
            next(folder.glob("results_*")).unlink()
    found = judged(folders)
    assert (found.tasks[0].items, found.complete, found.passed) == (100, False, False)
    assert says(found, "100 rows beside 100 items", "counted once")


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("groups", [None, {"g": ["t", "u"]}], ids=["task", "member"])
def test_a_task_without_samples_is_named(
    tmp_path: Path, write_evaluation: Write, groups: dict[str, list[str]] | None, side: int
) -> None:
    """The results of one side state it, as the other's do; or of both."""
    folders = tuple(write_evaluation(tmp_path / name, {"t": RIGHT, "u": RIGHT}, groups) for name in ("x", "y"))
    for folder in (folders[side], folders[1 - side]):
        next(folder.glob("samples_u_*")).unlink()
        found = judged(folders)
        assert (verdicts(found), found.complete, found.passed) == ({"t": "pass"}, False, False)
        assert says(found, "states 'u', and there are no samples of it")
    assert judged(folders, tasks=("t",)).passed is True


def test_a_later_evaluation_without_samples_is_named(tmp_path: Path, write_evaluation: Write) -> None:
    """The samples are those of an earlier one; both times are said."""
    folders = tuple(write_evaluation(tmp_path / side, {"t": RIGHT}) for side in ("x", "y"))
    write_evaluation(folders[1], {"t": WRONG}, stamp=LATER)
    next(folders[1].glob(f"samples_t_{LATER}*")).unlink()
    found = judged(folders)
    assert (found.complete, found.passed) == (False, False)
    assert says(found, "states 't' of 2026-12-01", "later than its samples (2026-11-01")


def test_a_sample_file_that_is_not_read_is_named(tmp_path: Path, write_evaluation: Write) -> None:
    """Also where no results state its task, and where it is the only one."""
    folders = tuple(write_evaluation(tmp_path / side, {"t": RIGHT}) for side in ("x", "y"))
    (folders[1] / "samples_u_2026-11-01T12-00-00.jsonl.zst").write_bytes(b"\x28\xb5\x2f\xfd")
    found = judged(folders)
    assert found.passed is False
    assert says(found, "samples_u_", "is not read", "Unpack it")
    only = tmp_path / "z"
    only.mkdir()
    path = only / "samples_u.jsonl.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd")
    with pytest.raises(SourceError, match=r"samples_u.*is not read.*Unpack"):
        judged((folders[0], only))
    with pytest.raises(SourceError, match=r"samples_u.jsonl.zst is compressed with zstd.*Unpack"):
        judged((next(folders[0].glob("samples_*")), path))


def test_the_other_metrics_are_named(tmp_path: Path, sample: Any, write_run: Write) -> None:
    """One filter passes; that the other one fell is for the user to look at."""
    rows = [
        [sample(number, {"em": value}, filter=name) for name, value in (("strict", 1.0), ("flexible", last))]
        for number in range(100)
        for last in (1.0,)
    ]
    folders = tuple(write_run(tmp_path / side, {"gsm": [row for pair in rows for row in pair]}) for side in ("x", "y"))
    found = judged(folders, higher_is_better=True)
    assert says(found, "Of 'gsm', em,strict was compared; not compared: em,flexible", "--metric")
    assert judged(folders, higher_is_better=True, metric="em,flexible").tasks[0].metric == "em,flexible"


@pytest.mark.parametrize("results", [True, False], ids=["results too", "samples"])
def test_compressed_files_are_read(tmp_path: Path, write_evaluation: Write, *, results: bool) -> None:
    """As they stand in a folder, and by name; items that changed can be shown."""
    folders = tuple(write_evaluation(tmp_path / side, {"t": values}) for side, values in (("x", RIGHT), ("y", WRONG)))
    for folder in folders:
        for path in [*folder.glob("samples_*"), *(folder.glob("results_*") if results else ())]:
            (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    files = tuple(next(folder.glob("samples_*")) for folder in folders)
    for given in (folders, files):
        found = judged((given[0], given[1]))
        assert (verdicts(found), found.complete) == ({"t": "fail"}, True)
        assert len(found.tasks[0].examples_to_wrong) == 3
    files[1].write_bytes(files[1].read_bytes()[:-20])
    with pytest.raises(SourceError, match=r"is damaged.*Copy it again"):
        judged(folders)
