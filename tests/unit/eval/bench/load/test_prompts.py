"""Prompts are unique, seeded, and of the length asked for."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer

from eval.bench.load.prompts import prompts
from eval.bench.load.spec import Arrivals, LoadSpec
from eval.bench.load.words import COMMON, Words, words_of
from pipeline.base.errors import SourceError
from pipeline.base.token_range import TokenRange

DEMO = Path(__file__).parents[5] / "recipes" / "demo" / "model" / "tokenizer.json"


def spec(seed: int = 0, tokens: TokenRange | None = None) -> LoadSpec:
    """Return a load."""
    lengths = tokens or TokenRange.fixed(8)
    return LoadSpec(concurrency=1, requests=1, input_tokens=lengths, output_tokens=lengths, seed=seed)


@pytest.mark.parametrize("requests", [10, 20_000, 60_000])
def test_no_two_begin_alike(requests: int) -> None:
    """Of tens of thousands of short prompts, more than pairs of words, none is another's beginning."""
    made = [prompt.text for prompt in prompts(spec(), requests, COMMON)]
    assert len({" ".join(text.split()[:3]) for text in made}) == requests


def test_seed_decides() -> None:
    """The same seed makes the same prompts, for every arm; another one makes others."""
    made = {seed: [prompt.text for prompt in prompts(spec(seed), 50, COMMON)] for seed in (0, 1)}
    assert made[0] == [prompt.text for prompt in prompts(spec(0), 50, COMMON)]
    assert not set(made[0]) & set(made[1])


def test_mixed_lengths_lie_within_their_bounds() -> None:
    """Both ends are drawn, nothing beyond them."""
    made = list(prompts(spec(tokens=TokenRange(low=3, high=6)), 200, COMMON))
    assert {len(prompt.text.split()) for prompt in made} == {3, 4, 5, 6}
    assert {prompt.output_tokens for prompt in made} == {3, 4, 5, 6}


def test_words_are_one_token_each() -> None:
    """With the model's own tokenizer a prompt has exactly the tokens asked for, those around it included."""
    words, tokenizer = words_of(DEMO.parent), Tokenizer.from_file(str(DEMO))
    made = [prompt.text for prompt in prompts(spec(tokens=TokenRange.fixed(40)), 50, words)]
    assert {len(tokenizer.encode(text).ids) for text in made} == {40}


def test_tokens_around_a_text_are_counted() -> None:
    """A token that the tokenizer puts in front is one of those asked for."""
    (prompt,) = prompts(spec(tokens=TokenRange.fixed(5)), 1, Words(COMMON.words, around=1))
    assert len(prompt.text.split()) == 4


def test_broken_tokenizer_is_named(tmp_path: Path) -> None:
    """What is no tokenizer is a user's error with the file in it."""
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(SourceError, match="cannot be loaded"):
        words_of(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"concurrency": None}, "concurrency or arrivals"),
        ({"duration_s": 3.0}, "either requests or duration_s"),
        ({"concurrency": 10_001}, "less than or equal to 10000"),
        ({"input_tokens": {"low": 3, "high": 2}}, "the range 3-2 ends before it begins"),
    ],
)
def test_impossible_loads_are_refused(changes: dict[str, object], message: str) -> None:
    """A load is one thing, and possible."""
    with pytest.raises(ValueError, match=message):
        LoadSpec.model_validate(spec().model_dump() | changes)


def test_open_loop_needs_no_concurrency() -> None:
    """Requests come at a rate."""
    made = LoadSpec.model_validate(
        spec().model_dump() | {"concurrency": None, "arrivals": Arrivals(rate_per_s=2).model_dump()}
    )
    assert made.concurrency is None
