"""Flipped items in words."""

from collections.abc import Callable
from typing import Any

import pytest

from eval.comparison.answers import Answered, answered
from eval.comparison.examples import ANSWER_LENGTH, QUESTION_LENGTH, examples_of
from eval.comparison.matching import match
from eval.comparison.scores import TaskScores


def choices(likelihoods: list[float], endings: list[str], prompts: list[str] | None = None, **more: Any) -> dict:
    """Return a multiple-choice sample as our worker writes it."""
    prompts = prompts or ["Which?"] * len(endings)
    return {
        "doc": {},
        "target": 0,
        "arguments": [[prompt, ending] for prompt, ending in zip(prompts, endings, strict=True)],
        "filtered_resps": [[value, False] for value in likelihoods],
        **more,
    }


def test_most_likely_choice_is_the_answer() -> None:
    """The larger log-likelihood; the number of the target stands for its text."""
    found = answered(choices([-3.0, -2.0], [" red", " blue"], acc=0.0), "acc")
    assert found == Answered("Which?", "red", "blue")


def test_numbers_that_lm_evals_command_wrote_as_text() -> None:
    """Responses, target and arguments as in a samples file."""
    row = choices([], [" red", " blue"], target="1", acc=1.0) | {
        "filtered_resps": [["-3.5", "False"], ["-2.5", "True"]]
    }
    row["arguments"] = {f"gen_args_{i}": {"arg_0": p, "arg_1": e} for i, (p, e) in enumerate(row["arguments"])}
    assert answered(row, "acc") == Answered("Which?", "blue", "blue")


@pytest.mark.parametrize(("metric", "answer"), [("acc", "no"), ("acc_norm", "certainly not"), ("acc_bytes", "no")])
def test_length_counts_where_the_metric_divides_by_it(metric: str, answer: str) -> None:
    """-2.0 and -9.0 nats over 2 and 13 characters: -1.00 and -0.69; with bytes `no` is not longer than its letters."""
    likelihoods = [-2.0, -9.0] if metric != "acc_bytes" else [-1.0, -9.0]
    assert answered(choices(likelihoods, [" no", " certainly not"], target=5), metric).answer == answer


def test_a_first_space_may_belong_to_the_choice() -> None:
    """Without the space -1.0 and -1.9 nats give ` a` (-1.00 and -0.95: `bb`); the item is wrong, so it was not `bb`."""
    row = choices([-1.0, -1.9], [" a", " bb"], target=1, acc_norm=0.0)
    assert answered(row, "acc_norm").answer == "a"
    assert answered({**row, "acc_norm": 1.0}, "acc_norm").answer == "bb"


def test_choices_in_the_context() -> None:
    """WinoGrande asks which beginning fits; both have the same end, which lm-eval calls the target."""
    prompts = ["Ann beat Eve because Ann", "Ann beat Eve because Eve"]
    row = choices([-1.0, -2.0], [" was quick."] * 2, prompts, target="was quick.", acc=1.0)
    assert answered(row, "acc") == Answered("Ann beat Eve because […] was quick.", "Ann", "Ann")
    lost = answered({**row, "acc": 0.0, "filtered_resps": [[-2.0, False], [-1.0, False]]}, "acc")
    assert (lost.target, lost.answer) == ("", "Eve")


def test_mutual_information_ignores_what_the_choices_are_worth_alone() -> None:
    """The second half asks without a question: -3 + 9 beats -2 + 3; for `acc` they do not count."""
    row = choices([-3.0, -2.0, -9.0, -3.0], [" rare", " often"] * 2, ["Which?", "Which?", "", ""])
    assert answered(row, "acc_mutual_info").answer == "rare"
    assert answered(row, "acc").answer == "often"


def test_generated_text_is_shown_as_filtered() -> None:
    """The response after the filter, and the reference."""
    row = {"target": "42", "arguments": [["6 * 7?", {"until": ["\n"]}]], "filtered_resps": ["41"], "exact_match": 0.0}
    assert answered(row, "exact_match") == Answered("6 * 7?", "42", "41")


def test_long_texts_are_cut(score: Callable[..., TaskScores]) -> None:
    """The end of the prompt and the beginning of the answers, in the lengths of a report."""
    long = {"arguments": [["start " + "x" * 900 + " end"]], "filtered_resps": ["y" * 900], "target": "z" * 900}
    before, after = score([1.0], changes=long), score([0.0], changes=long)
    ((item,), _) = examples_of(match(before, after))
    assert len(item.question) == QUESTION_LENGTH
    assert item.question.startswith("…x")
    assert item.question.endswith(" end")
    assert [len(item.expected), len(item.baseline_answer)] == [ANSWER_LENGTH] * 2
    assert item.candidate_answer.endswith("y…")


def test_examples_are_spread_over_subtasks(score: Callable[..., TaskScores]) -> None:
    """One of each subtask before a second of any, in the order of the items."""
    subtasks = ["a", "a", "b", "c", "d"]
    before, after = score([1.0] * 5, subtasks=subtasks), score([0.0] * 5, subtasks=subtasks)
    lost, gained = examples_of(match(before, after))
    assert [(item.subtask, item.doc_id) for item in lost] == [("a", "0"), ("b", "2"), ("c", "3")]
    assert gained == ()
