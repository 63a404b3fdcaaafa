"""Up to which concurrency an arm wins, in a sentence."""

from eval.bench.arm_crossover import ArmCrossover, speed_crossover
from eval.bench.crossover import Crossing, Kind
from pipeline.base.format import number
from pipeline.recipe.arms import AWQ
from pipeline.report.document import Finding
from pipeline.report.evidence import Evidence, Keys
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.crossover import CrossoverSentences

_DIGITS = 2
_TOLD: tuple[Kind, ...] = ("not decided", "below the lowest")
_FEWEST = 2
"""Levels from which there is something between them."""


def crossover_sentence(one: ArmCrossover, say: CrossoverSentences) -> str:
    """Return up to where an arm wins, or what of that is known."""
    found, ahead, arm = one.crossover, say.ahead[one.comparison], say.title_of(one.arm)
    levels = say.listing([str(level.concurrency) for level in one.levels])
    if found.kind == "above the highest":
        return say.always(arm, ahead, levels)
    if found.kind == "below the lowest":
        return say.never(arm, ahead, levels)
    if found.kind == "not decided":
        won, lost = (say.listing([str(level) for level in side]) for side in (found.wins_at, found.loses_at))
        return say.undecided(arm, ahead, say.known(ahead, won, lost))
    if found.kind == "more than one":
        return say.several(arm, ahead, say.listing([say.place(*printed(each)) for each in found.crossings]))
    (crossing,) = found.crossings
    if crossing.turn == "stops winning":
        return say.stops(arm, ahead, *printed(crossing), str(crossing.before))
    return say.starts(arm, ahead, *printed(crossing), str(crossing.after))


def with_crossover(speed: Finding, inputs: Inputs) -> Finding:
    """Return the finding on speed, begun with up to where AWQ is faster.

    It stays as it is where its own headline says as much: where AWQ is slower throughout, where that is not decided,
    and where fewer than two levels, or no repeats, leave nothing to decide.
    """
    one = speed_crossover(inputs.load)
    if len(one.levels) < _FEWEST or one.crossover.kind in _TOLD:
        return speed
    evidence = dict.fromkeys((*speed.evidence, *speed_keys(one, inputs.evidence)))
    headline = crossover_sentence(one, inputs.say.crossover)
    return speed.model_copy(update={"headline": headline, "evidence": tuple(evidence)})


def expectation(inputs: Inputs) -> str:
    """Return up to where AWQ is faster, where a crossover is shown; empty elsewhere."""
    one = speed_crossover(inputs.load, AWQ)
    return crossover_sentence(one, inputs.say.crossover) if one.crossover.crossings else ""


def printed(crossing: Crossing) -> tuple[str, str, str]:
    """Return a crossing and the ends of its interval, two digits each."""
    return number(crossing.concurrency, _DIGITS), number(crossing.low, _DIGITS), number(crossing.high, _DIGITS)


def speed_keys(one: ArmCrossover, evidence: Evidence) -> Keys:
    """Return where the runs stand that a crossover is from."""
    return evidence.of_all(
        (point, f"output_tokens_per_s_runs/{run}")
        for pair in one.points
        for point in pair
        for run in range(len(point.output_tokens_per_s_runs))
    )
