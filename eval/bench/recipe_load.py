"""The load of a recipe's section `bench`: its specs, its limits, and what its prompts are made of."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval.bench.enough import MOST
from eval.bench.load.conversations import Conversations
from eval.bench.load.own_prompts import FilePrompts, OwnPrompts
from eval.bench.load.prompts import MadePrompts, Prompts
from eval.bench.load.spec import Arrivals, LoadSpec
from eval.bench.load.validity import Limits
from eval.bench.load.words import words_of
from pipeline.base.errors import SourceError
from pipeline.base.token_range import TokenRange
from pipeline.models.tokenizer import load_tokenizer
from pipeline.recipe.bench import Bench
from pipeline.recipe.bench_limits import BenchLimits
from pipeline.recipe.open_loop import OpenLoop

_SEEDS_PER_LEVEL = 10_000
_WARM_UP_TOKENS = 32
_OPEN_LOOPS = 20_000
"""Beyond the seeds of any concurrency."""
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
    short = TokenRange.fixed(min(settings.output_tokens.high, _WARM_UP_TOKENS))
    return _spec(settings, concurrency, requests).model_copy(
        update={"seed": _seed(settings, concurrency), "output_tokens": short}
    )


def open_loops_of(settings: Bench, attempt: int = 1) -> tuple[LoadSpec, ...]:
    """Return the loads at the rates of a recipe; their prompts are their own, and the same for every arm."""
    loop = settings.open_loop
    rates = loop.rates if loop else ()
    return tuple(_open(settings, loop, rate, place, attempt) for place, rate in enumerate(rates) if loop)


def _open(settings: Bench, loop: OpenLoop, rate: float, place: int, attempt: int) -> LoadSpec:
    arrivals = Arrivals(rate_per_s=rate, burstiness=loop.burstiness, ramp_from_per_s=loop.ramp_from)
    closed = _spec(settings, 1, arrivals.requests_in(loop.seconds))
    seed = settings.seed + _SEEDS_PER_LEVEL * (_OPEN_LOOPS + place) + _AGAIN * (attempt - 1)
    return closed.model_copy(update={"concurrency": None, "arrivals": arrivals, "seed": seed})


def prompts_of(settings: Bench, model: Path, recipe_dir: Path, *, trusted: bool) -> Prompts:
    """Return where the prompts of all arms come from: the client's own file, or the words of a model.

    Raises:
        SourceError: the tokenizer or the file cannot be read, or it has too few prompts for every run to have its own.
    """
    if settings.prompts is None:
        return made_prompts(model, trusted=trusted)
    tokenizer = load_tokenizer(model, trust_remote_code=trusted)
    path, seed = recipe_dir / settings.prompts, settings.seed
    own: FilePrompts = (
        Conversations(path, seed=seed, tokenizer=tokenizer)
        if settings.multi_turn
        else OwnPrompts(path, seed=seed, tokenizer=tokenizer)
    )
    own.reserve(_first_loads(settings), _further_loads(settings))
    if own.reserved > own.count:
        what, taken = ("conversations", "more") if settings.multi_turn else ("prompts", f"{own.reserved}")
        repeats = "bench.repeats" if settings.precision is None else "bench.max_repeats"
        raise SourceError(
            f"bench.prompts: {own.name} has {own.count} different {what}, and runs that share none take {taken}. Add "
            f"some, or lower bench.requests_per_concurrency, {repeats} or the concurrencies."
        )
    return own


def _first_loads(settings: Bench) -> Iterator[LoadSpec]:
    """Yield what is offered to every arm in any case; of conversations, which no two loads share, all repeats."""
    yield from (warm_up_of(settings, level) for level in settings.concurrency)
    for number in range(1, (_most(settings) if settings.multi_turn else settings.first_repeats) + 1):
        yield from (spec_of(settings, level, number) for level in settings.concurrency)
    yield from open_loops_of(settings)


def _further_loads(settings: Bench) -> Iterator[LoadSpec]:
    """Yield what may be offered besides: repeats for a precision, and second attempts of all."""
    most = _most(settings)
    for number in range(settings.first_repeats + 1, most + 1):
        yield from (spec_of(settings, level, number) for level in settings.concurrency)
    for number in range(1, most + 1):
        yield from (spec_of(settings, level, number, attempt=2) for level in settings.concurrency)
    yield from open_loops_of(settings, attempt=2)


def _most(settings: Bench) -> int:
    """Return how many repeats there may be."""
    return settings.first_repeats if settings.precision is None else settings.max_repeats or MOST


def made_prompts(model: Path, *, trusted: bool) -> MadePrompts:
    """Return prompts of words that are one token each for a model.

    Raises:
        SourceError: its tokenizer cannot be read.
    """
    return MadePrompts(words_of(model, trust_remote_code=trusted))


def limits_of(settings: BenchLimits) -> Limits:
    """Return the limits of a recipe; those that it takes away are infinite."""
    given = settings.model_dump().items()
    chosen: dict[str, Any] = {name: math.inf if value is None else value for name, value in given}
    return Limits(**chosen)


def _seed(settings: Bench, concurrency: int) -> int:
    return settings.seed + _SEEDS_PER_LEVEL * concurrency


def _spec(settings: Bench, concurrency: int, requests: int) -> LoadSpec:
    return LoadSpec(
        concurrency=concurrency,
        requests=requests,
        input_tokens=None if settings.prompts else settings.input_tokens,
        output_tokens=settings.output_tokens,
    )
