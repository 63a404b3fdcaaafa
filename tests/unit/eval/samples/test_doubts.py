"""Scores that items contradict: no pass, whatever is allowed; and how two sides may differ without a results file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.samples.comparison import compare_samples
from eval.samples.result import CompareResult, Request
from eval.statistics import Margin
from pipeline.base.errors import SourceError, VoidMeasurementError

Write = Callable[..., Path]
LISTED = {"configs": {"t": {"metric_list": [{"metric": "acc", "aggregation": "mean"}]}}}
ESTIMATED = {"configs": {"t": {"metric_list": [{"metric": "acc", "aggregation": "def estimate(items): ..."}]}}}


def judged(folders: tuple[Path, Path], margin: float = 0.05, **request: Any) -> CompareResult:
    """Return both sides against a margin."""
    return compare_samples(*folders, Request(margin=Margin(absolute=margin), **request))


def sides(tmp_path: Path, write_run: Write, rows: Callable[[int], list[Any]], results: Any = None) -> tuple[Path, Path]:
    """Write both sides; `rows` makes them for 1, the baseline, and 0."""
    first, second = (
        write_run(tmp_path / side, {"t": rows(right)}, results=results) for side, right in (("x", 1), ("y", 0))
    )
    return first, second


def test_a_metric_that_the_task_does_not_list_is_a_mean(tmp_path: Path, write_run: Write, sample: Any) -> None:
    """So lm-eval computes it: items that do not give the score are those of another evaluation."""
    results = {"results": {"t": {"em,none": 0.9, "em_stderr,none": 0.001}}} | LISTED
    with pytest.raises(VoidMeasurementError, match="not of the same evaluation"):
        judged(sides(tmp_path, write_run, lambda right: [sample(n, {"em": right}) for n in range(100)], results))


@pytest.mark.parametrize("allow_partial", [False, True])
def test_a_function_of_the_items_cannot_stay_where_these_fall(
    tmp_path: Path, write_run: Write, sample: Any, *, allow_partial: bool
) -> None:
    """TinyBenchmarks estimate a score from right and wrong answers; here all became wrong and it did not move."""
    results = {"results": {"t": {"acc,none": 0.9, "acc_stderr,none": 0.001}}} | ESTIMATED
    folders = sides(tmp_path, write_run, lambda right: [sample(n, {"acc": right}) for n in range(100)], results)
    found = judged(folders, allow_partial=allow_partial)
    assert (found.complete, found.passed) == (False, False)
    assert any("lost 1.0000 on average" in note for note in found.notes)


def test_members_that_contradict_a_group_are_judged_by_themselves(
    tmp_path: Path, write_run: Write, sample: Any
) -> None:
    """The group's score is the mean of its tasks' stated scores, and the items of both are others."""

    def folder(side: str, factor: float) -> Path:
        rows = {
            task: [sample(n, {"rouge1": factor * (0.5 + 0.2 * (n % 2))}, doc_hash=f"{task} {n}") for n in range(60)]
            for task in ("a", "b")
        }
        scores = {task: {"rouge1,none": 0.6, "rouge1_stderr,none": 0.001} for task in ("g", "a", "b")}
        return write_run(tmp_path / side, rows, results={"results": scores, "group_subtasks": {"g": ["a", "b"]}})

    found = judged((folder("x", 1.0), folder("y", 0.5)), allow_partial=True)
    assert ({task.task for task in found.tasks}, found.passed) == ({"a", "b"}, False)


def test_chrf_is_held_against_its_texts(tmp_path: Path, write_run: Write, sample: Any) -> None:
    """Nothing pairs its items, but sacrebleu gives the score of all of them."""
    results = {"results": {"t": {"chrf,none": 100.0, "chrf_stderr,none": 0.1}}}

    def rows(right: int) -> list[Any]:
        return [sample(n, {"chrf": ["the old bridge", "the old bridge" if right else "xyz"]}) for n in range(40)]

    found = judged(sides(tmp_path, write_run, rows, results), higher_is_better=True, allow_partial=True)
    assert found.passed is False
    assert any("of the candidate, the items give 0" in note for note in found.notes)
    same = judged(sides(tmp_path / "same", write_run, lambda _: rows(1), results), 1.0, higher_is_better=True)
    assert (same.passed, same.complete) == (True, True)


def test_other_answers_to_choose_from_are_refused(tmp_path: Path, write_run: Write, sample: Any) -> None:
    """The document, its question and the number of the right answer are the same."""

    def rows(right: int) -> list[Any]:
        texts = ("A", "B") if right else ("the first", "the second")
        asked = {f"gen_args_{n}": {"arg_0": "Which?", "arg_1": text} for n, text in enumerate(texts)}
        return [sample(n, {"acc": 1}, arguments=asked) for n in range(50)]

    with pytest.raises(VoidMeasurementError, match="other answers to choose from"):
        judged(sides(tmp_path, write_run, rows))


def test_other_generation_settings_in_the_samples_are_refused(tmp_path: Path, write_run: Write, sample: Any) -> None:
    """Without results the requests say what was asked for; what one side alone states is not compared."""

    def rows(right: int) -> list[Any]:
        settings = {"max_gen_toks": 16, "do_sample": False} if right else {"max_new_tokens": 4096}
        asked = {"gen_args_0": {"arg_0": "Which?", "arg_1": settings}}
        return [sample(n, {"em": 1}, arguments=asked) for n in range(50)]

    with pytest.raises(VoidMeasurementError, match="max_gen_toks 16 and 4096"):
        judged(sides(tmp_path, write_run, rows))


def test_another_scale_is_refused(tmp_path: Path, write_run: Write, sample: Any) -> None:
    """One version of a task counts a right answer as 1, another as 100: half right would pass."""
    folders = sides(
        tmp_path, write_run, lambda right: [sample(n, {"em": 1 if right else 100 * (n % 2)}) for n in range(9)]
    )
    with pytest.raises(VoidMeasurementError, match="counts as 1 on one side and as 100"):
        judged(folders)


def test_two_weightings_of_the_same_tasks_are_both_judged(tmp_path: Path, write_evaluation: Write) -> None:
    """One lost a task of little weight there, which counts half in the other group."""
    groups = {"g": ["a", "b"], "h": ["a", "b"]}
    folders = tuple(
        write_evaluation(
            tmp_path / side, {"a": [1.0] * 1900, "b": [right] * 100}, groups, scores={"h": (1 + right) / 2}
        )
        for side, right in (("x", 1.0), ("y", 0.0))
    )
    found = judged((folders[0], folders[1]), 0.2)
    assert {task.task: task.verdict for task in found.tasks} == {"g": "pass", "h": "fail"}


def test_few_items_that_do_not_differ_show_nothing(tmp_path: Path, write_run: Write, sample: Any) -> None:
    """Two texts with the same ROUGE on both sides are no proof for a third."""
    few = sides(tmp_path, write_run, lambda _: [sample(n, {"rouge1": 0.5 + n / 10}) for n in range(2)])
    found = judged(few)
    assert (found.tasks[0].verdict, found.tasks[0].bounds, found.tasks[0].more_items) == ("inconclusive", None, None)


def test_a_folder_behind_a_link_and_capital_letters_are_read(tmp_path: Path, write_run: Write, sample: Any) -> None:
    """Passed over in silence they were no gap on either side."""
    folders, model = [], {"results": {}, "model_name": "m"}
    for side, right in (("x", 1), ("y", 0)):
        write_run(tmp_path / side, {"t": [sample(n, {"acc": 1}) for n in range(60)]}, results=model)
        rows = {task: [sample(n, {"acc": right}) for n in range(60)] for task in ("u", "v")}
        store = write_run(tmp_path / f"store {side}", rows, results=model)
        (tmp_path / side / "more").symlink_to(store)
        capital = next(store.glob("samples_v*"))
        capital.rename(capital.with_suffix(".JSONL"))
        folders.append(tmp_path / side)
    found = judged((folders[0], folders[1]))
    assert {task.task: task.verdict for task in found.tasks} == {"t": "pass", "u": "fail", "v": "fail"}


def test_packed_and_unpacked_samples_that_differ_are_a_gap(tmp_path: Path, write_run: Write, sample: Any) -> None:
    """One of both is outdated, and nobody knows which."""
    import gzip  # noqa: PLC0415 -- this test alone

    folders = sides(tmp_path, write_run, lambda _: [sample(n, {"acc": 1}) for n in range(60)])
    plain = next(folders[1].glob("samples_*"))
    plain.with_name(f"{plain.name}.gz").write_bytes(gzip.compress(plain.read_bytes().replace(b'"acc": 1', b'"acc": 0')))
    found = judged(folders)
    assert (found.complete, found.passed) == (False, False)
    assert any("have other contents" in note for note in found.notes)


def test_an_evaluation_against_itself_is_named(tmp_path: Path, write_run: Write, sample: Any) -> None:
    """It passes any margin, which is rarely what was meant."""
    folder = write_run(tmp_path, {"t": [sample(n, {"acc": 1}) for n in range(200)]})
    found = judged((folder, folder))
    assert (found.passed, any("one evaluation with itself" in note for note in found.notes)) == (True, True)


@pytest.mark.parametrize(
    ("key", "value"),
    [("doc_id", None), ("doc_hash", ["a"]), ("filter", ["none"]), ("metrics", "acc"), ("metrics", [["acc"]])],
)
def test_a_row_that_identifies_nothing_is_damaged(
    tmp_path: Path, write_run: Write, sample: Any, key: str, value: object
) -> None:
    """File, line and key are named."""
    folders = sides(tmp_path, write_run, lambda _: [sample(0, {"acc": 1}) | {key: value}])
    with pytest.raises(SourceError, match=rf"line 1 is damaged: `{key}`"):
        judged(folders)


def test_numbers_beyond_any_are_refused(tmp_path: Path, write_run: Write, sample: Any) -> None:
    """JSON knows them, floating point does not."""
    folders = sides(tmp_path, write_run, lambda _: [sample(n, {"acc": 10**400}) for n in range(3)])
    with pytest.raises(VoidMeasurementError, match="not a finite number"):
        judged(folders)
    counts = {"results": {"t": {"acc,none": 1.0}}, "n-samples": {"t": {"original": float("nan"), "effective": 3}}}
    folders = sides(tmp_path / "n", write_run, lambda _: [sample(n, {"acc": 1}) for n in range(3)], counts)
    with pytest.raises(SourceError, match=r"`n-samples.t.original` is not a number of items"):
        judged(folders)
