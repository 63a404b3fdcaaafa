"""Conversations as requests: which turn comes when, with what history, and from which part of the file."""

import json
from pathlib import Path
from typing import Any

import pytest

from eval.bench.load.conversations import Conversations, Turn, replayed
from eval.bench.load.spec import LoadSpec
from pipeline.base.errors import SourceError
from pipeline.base.token_range import TokenRange
from pipeline.models.tokenizer import load_tokenizer

DEMO = Path(__file__).parents[5] / "recipes" / "demo" / "model"
TEMPLATE = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<go>{% endif %}"
)


def chat(name: str, turns: int) -> dict[str, Any]:
    """Return a conversation with answers to all turns but the last."""
    messages = [{"role": "system", "content": "be brief"}]
    for turn in range(turns):
        messages += [{"role": "user", "content": f"{name}{turn}"}, {"role": "assistant", "content": f"reply{turn}"}]
    return {"messages": messages}


@pytest.fixture
def tokenizer() -> Any:
    """The demo's, with a template."""
    found: Any = load_tokenizer(DEMO)
    found.chat_template = TEMPLATE
    return found


def file(path: Path, *chats: dict[str, Any]) -> Path:
    """Write a file of conversations."""
    path.write_text("".join(json.dumps(one) + "\n" for one in chats))
    return path


def load(requests: int, seed: int, concurrency: int = 1) -> LoadSpec:
    """Return a load of conversations."""
    lengths = TokenRange.fixed(4)
    return LoadSpec(concurrency=concurrency, requests=requests, input_tokens=None, output_tokens=lengths, seed=seed)


def turns(name: str, count: int) -> tuple[Turn, ...]:
    """Return a conversation whose texts are its name and the number of the turn."""
    return tuple(Turn(f"{name}{number}", 10, 0, None) for number in range(count))


def test_conversations_take_turns() -> None:
    """A new one begins in the place of one that is over, and each turn knows the one before it."""
    found = list(replayed([turns("a", 2), turns("b", 3), turns("c", 1), turns("d", 2)], 7, 2))
    assert [(turn.text, before) for turn, before in found] == [
        ("a0", None),
        ("b0", None),
        ("a1", 0),
        ("c0", None),
        ("d0", None),
        ("b1", 1),
        ("d1", 4),
    ]


@pytest.mark.parametrize("concurrency", [1, 4, 16])
def test_no_turn_is_as_near_as_requests_are_under_way(concurrency: int) -> None:
    """Twice as many lie between a turn and the next, so that the first is answered unless it takes very long."""
    width = 2 * concurrency + 1
    found = list(replayed([turns(str(number), 4) for number in range(4 * width)], 12 * width, width))
    assert len(found) == 12 * width
    assert min(place - before for place, (_, before) in enumerate(found) if before is not None) >= 2 * concurrency


def test_too_few_conversations_are_no_load() -> None:
    """It ends before turns would follow each other too soon."""
    assert len(list(replayed([turns("a", 9), turns("b", 9)], 12, 3))) == 2


def test_turn_has_all_that_was_said_before(tmp_path: Path, tokenizer: Any) -> None:
    """In the model's template, answers as the file has them; a template that rewrites it leaves a cache nothing."""
    path = file(tmp_path / "chats.jsonl", *(chat(f"{number}-", 2) for number in range(8)))
    asked = Conversations(path, seed=0, tokenizer=tokenizer).of(load(10, seed=1))
    later = [prompt for prompt in asked if prompt.after is not None]
    assert later
    for prompt in later:
        first = asked[prompt.after or 0]
        name = first.text.removeprefix("<system>be brief<user>").removesuffix("0<go>")
        assert prompt.text == f"<system>be brief<user>{name}0<assistant>reply0<user>{name}1<go>"
        assert prompt.history_tokens == 0


def test_template_that_keeps_what_was_said_has_history(tmp_path: Path, tokenizer: Any) -> None:
    """Its tokens are those of the turn before; of a first turn those of the instructions that all begin with."""
    tokenizer.chat_template = TEMPLATE.replace("<go>", "<assistant>")
    path = file(tmp_path / "chats.jsonl", *(chat(f"{number}-", 2) for number in range(8)))
    asked = Conversations(path, seed=0, tokenizer=tokenizer).of(load(10, seed=1))
    for prompt in asked:
        before = None if prompt.after is None else asked[prompt.after]
        shared = len(tokenizer.encode("<system>be brief<user>"))
        assert prompt.history_tokens == (shared if before is None else before.tokens)
        assert prompt.tokens == len(tokenizer.encode(prompt.text))


def test_loads_share_no_conversation(tmp_path: Path, tokenizer: Any) -> None:
    """A cache would know it from the load before; the same load gets the same ones again."""
    path = file(tmp_path / "chats.jsonl", *(chat(f"{number}-", 2) for number in range(14)))
    own = Conversations(path, seed=0, tokenizer=tokenizer)
    first, second = own.of(load(6, seed=1)), own.of(load(6, seed=2))
    assert not {prompt.text for prompt in first} & {prompt.text for prompt in second}
    assert own.of(load(6, seed=1)) == first
    assert (own.count, own.described.turns, own.repeats) == (14, 28, False)
    with pytest.raises(SourceError, match="has 14 different conversations, and the loads take more"):
        own.of(load(20, seed=3))
    assert own.reserved > own.count


def test_a_conversation_that_stands_twice_is_one(tmp_path: Path, tokenizer: Any) -> None:
    """The prefix cache would have all of the second one, and the point were void."""
    chats = [chat(f"{number}-", 2) for number in range(8)]
    own = Conversations(file(tmp_path / "chats.jsonl", *chats, *chats), seed=0, tokenizer=tokenizer)
    assert (own.count, own.described.turns) == (8, 16)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ({"messages": [{"role": "system", "content": "be brief"}]}, "a turn of a user among them"),
        ({"prompt": "hello"}, "a conversation has `messages`"),
        (chat("a", 1), "no conversation of two turns"),
    ],
)
def test_what_is_no_conversation_is_refused(tmp_path: Path, tokenizer: Any, line: dict[str, Any], fault: str) -> None:
    """With the line, or the whole file."""
    with pytest.raises(SourceError, match=fault):
        Conversations(file(tmp_path / "chats.jsonl", line), seed=0, tokenizer=tokenizer)
