"""The client's own prompts: what a file may hold, how it is given out, how chats become text."""

import json
from pathlib import Path
from typing import Any

import pytest

from eval.bench.load.own_prompts import OwnPrompts
from eval.bench.load.spec import LoadSpec
from pipeline.base.errors import SourceError
from pipeline.base.token_range import TokenRange
from pipeline.models.tokenizer import load_tokenizer

DEMO = Path(__file__).parents[5] / "recipes" / "demo" / "model"
TEMPLATE = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<go>{% endif %}"
)
CHAT = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}]


def write(path: Path, *lines: Any) -> Path:
    """Write a file of prompts."""
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def load(requests: int, seed: int) -> LoadSpec:
    """Return a load of own prompts."""
    return LoadSpec(
        concurrency=1, requests=requests, input_tokens=None, output_tokens=TokenRange(low=3, high=9), seed=seed
    )


def texts(own: OwnPrompts, requests: int, seed: int) -> list[str]:
    """Return the texts of a load."""
    return [prompt.text for prompt in own.of(load(requests, seed))]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Ten prompts, one of them twice."""
    return write(tmp_path / "own.jsonl", *({"prompt": f"question {number % 10}"} for number in range(11)))


def test_loads_share_no_prompt_until_all_were_used(file: Path) -> None:
    """Repeated lines count once; the same load gets the same prompts, as the next arm's has to."""
    own = OwnPrompts(file, seed=0, tokenizer=None)
    first, second = texts(own, 6, seed=1), texts(own, 4, seed=2)
    assert len({*first, *second}) == own.count == 10
    assert not own.repeats
    assert texts(own, 6, seed=1) == first
    texts(own, 1, seed=3)
    assert own.repeats


def test_seed_decides_the_order(file: Path) -> None:
    """Another seed of the benchmark draws others first."""
    orders = [texts(OwnPrompts(file, seed=seed, tokenizer=None), 10, seed=1) for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]


def test_answers_have_their_own_length_or_one_of_the_load(tmp_path: Path) -> None:
    """A length in the file wins."""
    own = OwnPrompts(
        write(tmp_path / "own.jsonl", {"prompt": "a", "output_tokens": 40}, {"prompt": "b"}), seed=0, tokenizer=None
    )
    lengths = {prompt.text: prompt.output_tokens for prompt in own.of(load(2, 1))}
    assert lengths["a"] == 40
    assert 3 <= lengths["b"] <= 9


def test_users_messages_are_left_to_the_server(tmp_path: Path) -> None:
    """A chat of one message needs no template here; its tokens are the server's to count."""
    own = OwnPrompts(write(tmp_path / "own.jsonl", {"messages": CHAT[1:]}), seed=0, tokenizer=load_tokenizer(DEMO))
    (prompt,) = own.of(load(1, 1))
    assert (own.chat, prompt.text, prompt.tokens) == (True, "hello", None)


def test_history_goes_through_the_models_template(tmp_path: Path) -> None:
    """The answer is begun at the end, and tokens are counted of what is sent."""
    tokenizer: Any = load_tokenizer(DEMO)
    tokenizer.chat_template = TEMPLATE
    own = OwnPrompts(write(tmp_path / "own.jsonl", {"messages": CHAT}), seed=0, tokenizer=tokenizer)
    (prompt,) = own.of(load(1, 1))
    assert (own.chat, prompt.text) == (False, "<system>be brief<user>hello<go>")
    assert prompt.tokens == len(tokenizer.encode(prompt.text))


def test_history_without_a_template_is_refused(tmp_path: Path) -> None:
    """The load client sends no history, and says what would help."""
    with pytest.raises(SourceError, match="line 1: a chat of more than a user's message"):
        OwnPrompts(write(tmp_path / "own.jsonl", {"messages": CHAT}), seed=0, tokenizer=None)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "no JSON"),
        ([], "no object"),
        ({}, "either `prompt` or `messages`"),
        ({"prompt": " "}, "`prompt` is no text"),
        ({"prompt": "a", "output_tokens": 0}, "no whole number from 1"),
        ({"prompt": "a", "output_tokens": 10**20}, "no whole number from 1"),
        ({"prompt": "\ud800 a"}, "half a character"),
        ({"messages": [{"role": "user", "content": " "}]}, "the message of the role user is empty"),
        ({"prompt": "a", "output_tokens": True}, "no whole number from 1"),
        ({"messages": []}, "no list of messages"),
        ({"messages": [{"content": "a"}]}, "a message has no role"),
        ({"messages": [{"role": "user"}]}, "the message of the role user has no content"),
        ({"messages": [*CHAT, {"role": "assistant", "content": "hi"}]}, "nothing to answer"),
    ],
)
def test_faults_are_named_by_line(tmp_path: Path, line: Any, fault: str) -> None:
    """The second line is wrong."""
    with pytest.raises(SourceError, match=f"line 2: .*{fault}"):
        OwnPrompts(write(tmp_path / "own.jsonl", {"prompt": "good"}, line), seed=0, tokenizer=None)


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ((), "there is no prompt"),
        (({"prompt": "a"}, {"messages": CHAT[1:]}), "some lines are prompts and some are chats"),
    ],
)
def test_files_are_of_one_kind(tmp_path: Path, lines: tuple[Any, ...], fault: str) -> None:
    """An empty file is none, and a mixture would be two loads."""
    with pytest.raises(SourceError, match=fault):
        OwnPrompts(write(tmp_path / "own.jsonl", *lines), seed=0, tokenizer=None)


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A path that leads nowhere is a user's error."""
    with pytest.raises(SourceError, match=r"none\.jsonl cannot be read"):
        OwnPrompts(tmp_path / "none.jsonl", seed=0, tokenizer=None)
