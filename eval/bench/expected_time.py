"""How long a benchmark takes, before it is made: what is offered to every arm, by speeds that somebody else plans."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from eval.bench.load.spec import LoadSpec
from eval.bench.recipe_load import open_loops_of, spec_of, warm_up_of
from eval.bench.schedule import drawn_order, turns
from eval.bench.soak.recipe_soak import soaked_arms
from pipeline.base.results import Result
from pipeline.recipe.arms import of_kind, with_engine
from pipeline.recipe.recipe import Recipe

Rate = tuple[float, float, float]
"""Output tokens per second: low, expected, high."""
Speed = Callable[[str, int | None, tuple[int, int]], Rate | None]
"""Arm, requests under way (None: as many as the engine takes), tokens in and out on average -> its rate, if known."""


class Duration(Result):
    """Seconds, from what the interval of the speeds allows."""

    low: float
    expected: float
    high: float


class ArmTime(Result):
    """What is offered to one arm."""

    arm: str
    engine_starts: int
    """At least; an engine that dies is started again."""
    requests: int
    """Warm-ups included, soaks not."""
    output_tokens: int
    seconds: Duration | None
    """Of the load alone, without starts; null: speed is not modelled there, or the arm cannot run."""


class BenchTime(Result):
    """What a benchmark will take."""

    origin: Literal["modelled"] = "modelled"
    arms: tuple[ArmTime, ...]
    engine_starts: int
    seconds: Duration | None
    """Of all arms' load, soaks included; null where that of an arm is not known."""
    notes: tuple[str, ...]


def bench_time(recipe: Recipe, speed: Speed) -> BenchTime:
    """Return what the benchmark of a recipe takes at the speeds that are given."""
    names = tuple(arm.name for arm in with_engine(recipe.benchmarked))
    starts = _starts(recipe, names)
    arms = tuple(_arm(recipe, name, starts[name], speed) for name in names)
    known = [arm.seconds for arm in arms if arm.seconds is not None]
    return BenchTime(
        arms=arms,
        engine_starts=sum(starts.values()),
        seconds=_sum(known) if known and len(known) == len(arms) else None,
        notes=tuple(_notes(recipe, known=len(known) == len(arms))),
    )


def _starts(recipe: Recipe, names: tuple[str, ...]) -> dict[str, int]:
    """Return the starts of every arm's engine by the schedule of the sweep."""
    settings = recipe.bench
    made = turns(settings.order, drawn_order(names, settings.seed), range(settings.first_repeats))
    return {name: sum(turn.arm == name for turn in made) for name in names}


def _arm(recipe: Recipe, name: str, starts: int, speed: Speed) -> ArmTime:
    loads = list(_loads(recipe, starts))
    found = [_seconds(name, load, speed) for load in loads]
    known = [each for each in found if each is not None]
    held = 60 * recipe.bench.soak.minutes if recipe.bench.soak and name in soaked_arms(recipe) else 0.0
    whole = _sum([*known, Duration(low=held, expected=held, high=held)])
    return ArmTime(
        arm=name,
        engine_starts=starts,
        requests=sum(load.requests or 0 for load in loads),
        output_tokens=sum((load.requests or 0) * load.output_tokens.middle for load in loads),
        seconds=whole if len(known) == len(found) else None,
    )


def _loads(recipe: Recipe, starts: int) -> Iterator[LoadSpec]:
    """Yield what an arm is offered in any case: warm-ups of every start, all repeats, the rates once."""
    settings = recipe.bench
    for _ in range(starts):
        yield from (warm_up_of(settings, level) for level in settings.concurrency)
    for number in range(1, settings.first_repeats + 1):
        yield from (spec_of(settings, level, number) for level in settings.concurrency)
    yield from open_loops_of(settings)


def _seconds(arm: str, load: LoadSpec, speed: Speed) -> Duration | None:
    """Return how long a load takes; one that comes at a rate takes at least as long as it takes to come."""
    if not load.requests or not load.input_tokens:
        return None
    rate = speed(arm, load.concurrency, (load.input_tokens.middle, load.output_tokens.middle))
    if rate is None:
        return None
    coming = load.requests / load.arrivals.mean_rate_per_s if load.arrivals else 0.0
    low, expected, high = (max(coming, load.requests * load.output_tokens.middle / each) for each in rate[::-1])
    return Duration(low=low, expected=expected, high=high)


def _sum(parts: Iterable[Duration]) -> Duration:
    """Return the sum; ends are added, because what makes one load slower than planned does so for all."""
    found = list(parts)
    return Duration(
        low=sum(part.low for part in found),
        expected=sum(part.expected for part in found),
        high=sum(part.high for part in found),
    )


def _notes(recipe: Recipe, *, known: bool) -> Iterator[str]:
    settings = recipe.bench
    if settings.prompts:
        yield "How long the prompts of bench.prompts are is not counted beforehand, so the time is not known."
    elif not known:
        yield "The time of the load is not known: the speed of an arm is not modelled there, or it cannot run."
    yield "What engine starts take is not modelled; neither are runs that are void and made again."
    if endpoints := of_kind(recipe.benchmarked, "endpoint"):
        names = ", ".join(arm.name for arm in endpoints)
        yield f"What the servers that run already take ({names}) comes on top; their speed is not planned."
    if settings.precision is not None:
        yield "Repeats that bench.precision adds to the first come on top."
