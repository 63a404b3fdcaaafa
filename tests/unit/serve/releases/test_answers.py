"""The accuracy smoke: which items are kept, and what an engine's answers to them say."""

import json
from pathlib import Path
from typing import Any

import pytest

from serve.releases.answers import ITEMS, StoredItem, accuracy_smoke, stored_items
from tests.fakes.scored_engine import ScoredEngine

CHOICES = (" one", " two", " three")


def write(folder: Path, task: str, rows: list[dict[str, Any]]) -> None:
    """Write samples as `awqctl eval` does."""
    folder.mkdir(exist_ok=True)
    lines = "".join(json.dumps({"doc_id": number, "doc": {}, **row}) + "\n" for number, row in enumerate(rows))
    (folder / f"{task}.samples.jsonl").write_text(lines, encoding="utf-8")


def choice_row(*scores: float, prompt: str = "The first number is") -> dict[str, Any]:
    """Return an item with choices that were scored so."""
    return {
        "arguments": [[prompt, choice] for choice in CHOICES],
        "resps": [[[score, False]] for score in scores],
    }


def text_row(answer: str) -> dict[str, Any]:
    """Return an item that was answered with a text."""
    return {"arguments": [["Say.", {"until": ["\n"], "max_gen_toks": 32}]], "resps": [[answer]]}


def items(*, answer: str = " one", amount: int = ITEMS) -> tuple[StoredItem, ...]:
    """Return items with choices."""
    item = StoredItem(task="t", prompt="The first number is", choices=CHOICES, answer=answer)
    return (item,) * amount


def test_clearest_items_are_kept(tmp_path: Path) -> None:
    """Near ties turn with the size of a batch, so the widest distances go first."""
    write(tmp_path, "t", [choice_row(-5, -5.1 - number, -9 - number) for number in range(20)])
    kept = stored_items(tmp_path, chat_template=False)
    assert len(kept) == ITEMS
    assert {item.answer for item in kept} == {" one"}
    assert kept[0] == StoredItem(task="t", prompt="The first number is", choices=CHOICES, answer=" one")


def test_tasks_take_turns(tmp_path: Path) -> None:
    """No task has all of the items."""
    write(tmp_path, "a", [choice_row(-5, -1, -9)] * 20)
    write(tmp_path, "b", [text_row("Four.")] * 20)
    kept = stored_items(tmp_path, chat_template=True)
    assert [item.task for item in kept] == ["a", "b"] * (ITEMS // 2)
    assert (kept[0].answer, kept[1].answer) == (" two", "Four.")
    assert not any(item.special_tokens for item in kept)


@pytest.mark.parametrize(
    "row",
    [
        {"arguments": [["text"]], "resps": [[-3.0]]},
        {"arguments": [["a", " x"], ["b", " x"]], "resps": [[[-1, True]], [[-2, False]]]},
        choice_row(-1, -2, -3, prompt="Où est-il"),
        text_row("  \n"),
        {"target": 3},
    ],
    ids=["rolling", "contexts differ", "not ASCII", "nothing said", "no requests"],
)
def test_what_cannot_be_asked_again(tmp_path: Path, row: dict[str, Any]) -> None:
    """Whole texts, choices of contexts, and places that cannot be found in tokens are left out."""
    write(tmp_path, "t", [row] * 3)
    assert stored_items(tmp_path, chat_template=False) == ()


def test_nothing_was_stored(tmp_path: Path) -> None:
    """A run without an evaluation has no items, and nothing is measured then, which is said."""
    assert stored_items(tmp_path / "none", chat_template=False) == ()
    found = accuracy_smoke(ScoredEngine(), ())
    assert found.passed
    assert "not measured" in found.said[0]


def test_sound_engine_passes() -> None:
    """It chooses as the evaluation did; each choice is asked for with its whole prompt."""
    engine = ScoredEngine(likely=(" one",))
    found = accuracy_smoke(engine, items())
    assert found.passed
    assert found.said == ("accuracy smoke: 8 of 8 items answered as in the release's own evaluation.",)
    assert engine.asked[0]["prompt"] == "The first number is one"
    assert (engine.asked[0]["echo"], engine.asked[0]["max_tokens"], len(engine.asked)) == (True, 1, 24)


def test_other_weights_fail() -> None:
    """An engine that prefers another choice serves something else, and gets no request."""
    found = accuracy_smoke(ScoredEngine(likely=(" two",)), items())
    assert not found.passed
    assert found.said[0].startswith("accuracy smoke: 0 of 8 items")


@pytest.mark.parametrize(("wrong", "passed"), [(2, True), (3, False)])
def test_three_quarters_are_asked_for(wrong: int, *, passed: bool) -> None:
    """Numbers that differ a little between machines may turn two of eight."""
    mixed = items(amount=ITEMS - wrong) + items(answer=" two", amount=wrong)
    assert accuracy_smoke(ScoredEngine(), mixed).passed is passed


@pytest.mark.parametrize(
    ("stored", "passed"), [("Paris it is. And more words", True), ("Paris", True), ("Rome it is.", False)]
)
def test_texts_agree_in_their_beginning(stored: str, *, passed: bool) -> None:
    """Later words differ between machines; the first ones do not."""
    assert accuracy_smoke(ScoredEngine(), (StoredItem(task="t", prompt="Say.", answer=stored),)).passed is passed


def test_refusal_says_nothing_of_accuracy() -> None:
    """An engine that gives no log-likelihoods is not one that is wrong; one that breaks is."""
    refused = accuracy_smoke(ScoredEngine(status=400), items())
    assert refused.passed
    assert "not measured" in refused.said[0]
    assert not accuracy_smoke(ScoredEngine(status=500), items()).passed
