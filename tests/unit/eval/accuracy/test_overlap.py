"""Overlap of calibration text and evaluation items: the measure and what is said of it."""

import pytest

from eval.accuracy.overlap import Document, OverlapResult, overlap, overlap_warnings, words

TEXT = "The quick brown fox jumps over the lazy dog while seven wizards quietly box up five dozen liquor jugs today."


def judge(item: str, *texts: str) -> tuple[int, int]:
    """Return (overlapping, too short) of one item against some texts."""
    (task,) = overlap(texts or (TEXT,), [Document("t", "t", 0, item)]).tasks
    return task.overlapping, task.too_short


def run(start: int, length: int) -> str:
    """Return some words of the text in a row."""
    return " ".join(TEXT.split()[start : start + length])


def test_words_are_compared_without_case_and_punctuation() -> None:
    """As in Brown et al. 2020, appendix C: lower-case, no punctuation, split at white space."""
    assert words("Don't  stop,\n«Σὲ» — 3.5 %: x_y=1!") == ["dont", "stop", "σὲ", "35", "xy1"]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (f"Before this, {run(2, 13)} and after it.", (1, 0)),
        (f"Before this, {run(2, 12)} and after it.", (0, 0)),
        (f"Before this: {run(2, 13).upper().replace(' ', ',  ')}!", (1, 0)),
        (run(4, 12), (1, 0)),
        (run(4, 8), (1, 0)),
        (f"{run(4, 7)} chases", (0, 0)),
        (run(4, 7), (0, 1)),
        ("", (0, 1)),
        (" ".join(reversed(TEXT.split())), (0, 0)),
    ],
)
def test_the_measure(item: str, expected: tuple[int, int]) -> None:
    """13 words in a row, or all of an item of 8 to 12 words; shorter items are not judged."""
    assert judge(item) == expected


def test_a_run_does_not_reach_from_one_source_into_the_next() -> None:
    """Sources are texts of their own; within one, joined blocks are one text."""
    assert judge(run(0, 13), run(0, 7), run(7, 13)) == (0, 0)
    assert judge(run(0, 13), f"{run(0, 7)} {run(7, 13)}") == (1, 0)


def test_counts_and_examples_by_task() -> None:
    """Items count for the recipe's task; three examples with item, subtask and the words in common."""
    documents = [Document("group", f"part-{number % 2}", number, f"{run(1, 14)} {number}") for number in range(5)]
    documents += [Document("other", "other", 0, "nothing of that sort is to be found in this one at all")]
    result = overlap([TEXT], documents)
    assert [(task.task, task.items, task.overlapping) for task in result.tasks] == [("group", 5, 5), ("other", 1, 0)]
    assert [(example.subtask, example.doc_id) for example in result.tasks[0].examples] == [
        ("part-0", 0),
        ("part-1", 1),
        ("part-0", 2),
    ]
    assert result.tasks[0].examples[0].run == run(1, 13)
    assert result.calibration_words == 20
    assert OverlapResult.model_validate_json(result.model_dump_json()) == result


def test_a_warning_names_task_count_and_words() -> None:
    """One sentence per task that overlaps, none for the others."""
    documents = [Document("gsm8k", "gsm8k", 7, run(0, 13)), Document("gsm8k", "gsm8k", 8, "x " * 20)]
    (warning,) = overlap_warnings(overlap([TEXT], [*documents, Document("arc", "arc", 0, "x " * 20)]))
    expected = (
        "1 of 2 items of gsm8k share a run of words with the calibration text, first item 7 of gsm8k: 'the quick "
    )
    assert warning.startswith(expected)


def test_no_text_overlaps_with_nothing() -> None:
    """An empty calibration text is no special case."""
    assert judge(run(0, 13), "") == (0, 0)
