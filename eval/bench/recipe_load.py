"""The load of a recipe's section `bench`: its specs, its limits, and what its prompts are made of."""

import math
from pathlib import Path
from typing import cast

from eval.bench.load.prompts import Words, words_from
from eval.bench.load.spec import Lengths, LoadSpec
from eval.bench.load.validity import Limits
from pipeline.models.tokenizer import Vocabulary, load_tokenizer
from pipeline.recipe.bench import Bench
from pipeline.recipe.bench_limits import BenchLimits

_SEEDS_PER_LEVEL = 10_000
_WARM_UP_TOKENS = 32
_AGAIN = 5_000
"""Apart from the seeds of first attempts: the same prompts would come from the prefix cache."""


def spec_of(settings: Bench, concurrency: int, number: int, attempt: int = 1) -> LoadSpec:
    """Return the load of one run; its prompts are its own, and the same for every arm.

    Args:
        settings: of the recipe.
        concurrency: requests under way.
        number: of the repeat, from 1.
        attempt: 2 where the first one was void.
    """
    return _spec(settings, concurrency, settings.requests_per_concurrency * concurrency).model_copy(
        update={"seed": _seed(settings, concurrency) + number + _AGAIN * (attempt - 1)}
    )


def warm_up_of(settings: Bench, concurrency: int) -> LoadSpec:
    """Return the load before the first run at a concurrency, of which nothing is kept.

    It is a load of its own, because the engine would count its requests and the client would not. There is one whole
    batch at least, because what an engine does for the first time it does for a size of batch; its answers are short,
    because each of their tokens is a step of the same size.
    """
    requests = max(settings.warmup_requests, concurrency)
    short = Lengths.fixed(min(settings.output_tokens, _WARM_UP_TOKENS))
    return _spec(settings, concurrency, requests).model_copy(
        update={"seed": _seed(settings, concurrency), "output_tokens": short}
    )


def limits_of(settings: BenchLimits) -> Limits:
    """Return the limits of a recipe; those that it takes away are infinite."""
    given = settings.model_dump()
    return Limits(**{name: math.inf if value is None else value for name, value in given.items()})


def _seed(settings: Bench, concurrency: int) -> int:
    return settings.seed + _SEEDS_PER_LEVEL * concurrency


def _spec(settings: Bench, concurrency: int, requests: int) -> LoadSpec:
    return LoadSpec(
        concurrency=concurrency,
        requests=requests,
        input_tokens=Lengths.fixed(settings.input_tokens),
        output_tokens=Lengths.fixed(settings.output_tokens),
    )


def words_of_model(folder: Path, *, trust_remote_code: bool) -> Words:
    """Return words that are one token each for the model in a folder.

    Raises:
        SourceError: its tokenizer cannot be loaded.
    """
    tokenizer = cast("Vocabulary", load_tokenizer(folder, trust_remote_code=trust_remote_code))
    return words_from(tokenizer.get_vocab(), lambda text: len(tokenizer.encode(text, add_special_tokens=True)))
