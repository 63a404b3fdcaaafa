"""The loads of a recipe: every run has prompts of its own, whatever else is measured."""

import json
import shutil
from pathlib import Path

import pytest

from eval.bench.load.own_prompts import OwnPrompts
from eval.bench.recipe_load import prompts_of, spec_of, warm_up_of
from pipeline.base.errors import SourceError
from pipeline.recipe.bench import Bench

DEMO = Path(__file__).parents[4] / "recipes" / "demo" / "model"
SETTINGS = Bench(concurrency=(1, 4), repeats=5, requests_per_concurrency=3, warmup_requests=2)


def test_no_two_loads_have_the_same_prompts() -> None:
    """Warm-up, repeats and second attempts of all levels differ in their seeds."""
    levels = (1, 2, 10_000)
    runs = [
        spec_of(SETTINGS, level, number, attempt) for level in levels for number in range(1, 6) for attempt in (1, 2)
    ]
    loads = [*runs, *(warm_up_of(SETTINGS, level) for level in levels)]
    assert len({load.seed for load in loads}) == len(loads)


def test_a_further_level_changes_no_other_load() -> None:
    """What was measured before is still what the recipe asks for."""
    more = SETTINGS.model_copy(update={"concurrency": (1, 2, 4)})
    assert spec_of(SETTINGS, 4, 1) == spec_of(more, 4, 1)


def test_requests_are_a_multiple_of_the_concurrency() -> None:
    """But for the warm-up, whose number is its own, and one whole batch at least; its answers are short."""
    asked = [warm_up_of(SETTINGS, concurrency).requests for concurrency in (1, 4)]

    assert (spec_of(SETTINGS, 4, 1).requests, asked) == (12, [2, 4])
    assert warm_up_of(Bench(output_tokens=500), 4).output_tokens.high == 32


def own_prompts(folder: Path, settings: Bench, *, count: int = 200) -> OwnPrompts:
    """Return the prompts of a file of so many, as a benchmark takes them."""
    lines = (json.dumps({"messages": [{"role": "user", "content": f"question {number}"}]}) for number in range(count))
    (folder / "own.jsonl").write_text("\n".join(lines), encoding="utf-8")
    found = prompts_of(settings.model_copy(update={"prompts": "own.jsonl"}), DEMO, folder, trusted=False)
    assert isinstance(found, OwnPrompts)
    return found


@pytest.mark.parametrize("precision", [None, 0.05])
def test_own_prompts_of_a_run_are_the_same_in_whatever_attempt_it_is_made(
    tmp_path: Path, precision: float | None
) -> None:
    """After a kill the other arm gets what the first one got, which ran before and had a run made twice."""
    settings = SETTINGS.model_copy(update={"precision": precision})
    whole = own_prompts(tmp_path, settings)
    for number, attempt in ((1, 1), (1, 2), (2, 1)):
        whole.of(spec_of(settings, 4, number, attempt))
    rest = own_prompts(tmp_path, settings)

    asked = [spec_of(settings, level, number) for number in (5, 2) for level in settings.concurrency]
    assert [rest.of(load) for load in asked] == [whole.of(load) for load in asked]
    # Another server's loads come behind what is certain, not behind what may never be offered.
    rest.of(spec_of(settings, 4, 99))
    assert not rest.repeats
    assert rest.identity(asked[0]) != own_prompts(tmp_path, settings, count=201).identity(asked[0])


def test_conversations_suffice_for_every_repeat_there_may_be(tmp_path: Path) -> None:
    """No two loads share one, so a precision that asks for more repeats must not end for want of them."""
    model = tmp_path / "model"
    shutil.copytree(DEMO, model, ignore=shutil.ignore_patterns("*.safetensors"))
    (model / "chat_template.jinja").write_text("{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}")
    chats = ({"messages": [{"role": "user", "content": f"{chat} {turn}"} for turn in range(2)]} for chat in range(60))
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, chats)), encoding="utf-8")
    fixed = Bench(concurrency=(1,), repeats=2, requests_per_concurrency=3, prompts="own.jsonl", multi_turn=True)

    assert prompts_of(fixed, model, tmp_path, trusted=False).of(spec_of(fixed, 1, 2))
    precise = Bench(**fixed.model_dump() | {"precision": 0.05})
    with pytest.raises(SourceError, match=r"60 different conversations.*bench\.max_repeats"):
        prompts_of(precise, model, tmp_path, trusted=False)
    few = Bench(**precise.model_dump() | {"max_repeats": 6})
    assert prompts_of(few, model, tmp_path, trusted=False).of(spec_of(few, 1, 6))
