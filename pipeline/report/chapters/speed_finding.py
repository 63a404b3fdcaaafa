"""What is said of speed and latency: where AWQ is shown to be faster or slower, and where that is not decided."""

from collections.abc import Callable, Mapping, Sequence

from eval.bench.arm_crossover import overloaded
from eval.bench.comparison import Direction, SpeedRatio, speed_ratios
from eval.bench.result import BenchResult
from pipeline.base.format import number, ratio
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.cells import interval_text
from pipeline.report.document import Finding, Tone
from pipeline.report.evidence import Evidence, Keys
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.findings import Findings
from pipeline.report.language.en.words import Words

_FEW = 4
"""Ratios that fit a sentence."""
_NAMED = 2
"""Concurrencies that are named one by one."""
_PAIR = (BASELINE, AWQ)
_CLAIMS: tuple[Direction, ...] = ("faster", "slower", "not decided")


def speed_finding(ratios: Sequence[SpeedRatio], load: BenchResult, say: Findings) -> Finding:
    """Say at which concurrencies AWQ is faster or slower, and where the repeats do not tell."""
    if not ratios:
        return _finding(say.speed, _nothing(load, say), "", "caution")
    found, detail = {one.direction for one in ratios}, say.ratios(_ratios_phrase(ratios, say))
    if "not repeated" in found:
        return _finding(say.speed, say.not_repeated, detail, "caution")
    return _finding(
        say.speed,
        _directions(ratios, say.speed_words, say.speed_everywhere if _is_whole(ratios, load) else {}, say),
        detail,
        speed_tone(found),
    )


def uncompared_findings(inputs: Inputs) -> tuple[Finding, ...]:
    """Say how fast each arm is, where baseline and AWQ were not both measured; nothing where all of it is void."""
    say, load = inputs.say.findings, inputs.load
    best = [(arm.arm, load.best(arm.arm)) for arm in load.arms if arm.points]
    if not best:
        return ()
    speeds = [
        say.arm_speed(
            say.title_of(arm), number(point.output_tokens_per_s), str(point.concurrency), beyond=point.overloaded
        )
        for arm, point in best
    ]
    found = _finding(say.speed, say.uncompared("; ".join(speeds)), say.uncompared_detail, "plain")
    evidence = inputs.evidence.of_all((point, "output_tokens_per_s") for _, point in best)
    return (found.model_copy(update={"evidence": evidence}),)


def latency_finding(
    first: Sequence[SpeedRatio], further: Sequence[SpeedRatio], load: BenchResult, say: Findings
) -> Finding:
    """Say the same of the time to the first token and of the time per further token, by their medians."""
    pairs = ((say.ttft, first), (say.tpot, further))
    found = {one.direction for _, ratios in pairs for one in ratios}
    if not found:
        return _finding(say.latency, _nothing(load, say), "", "caution")
    detail = " ".join(say.latency_ratios(name, _ratios_phrase(ratios, say)) for name, ratios in pairs if ratios)
    if "not repeated" in found:
        return _finding(say.latency, say.latency_not_repeated, detail, "caution")
    said: dict[str, list[str]] = {}
    for name, ratios in pairs:
        everywhere = say.latency_everywhere if _is_whole(ratios, load) else {}
        if ratios:
            said.setdefault(_directions(ratios, say.latency_words, everywhere, say), []).append(name)
    headline = " ".join(say.latency_is(say.both(names), directions) for directions, names in said.items())
    return _finding(say.latency, headline, detail, speed_tone(found))


def latency_of(load: BenchResult) -> tuple[tuple[SpeedRatio, ...], tuple[SpeedRatio, ...]]:
    """Return the ratios of the medians of TTFT and of TPOT."""
    return speed_ratios(load, "ttft"), speed_ratios(load, "tpot")


def keys_of(ratios: Sequence[SpeedRatio], evidence: Evidence) -> Keys:
    """Return where the throughputs stand that were compared."""
    return evidence.of_all((point, "output_tokens_per_s") for one in ratios for point in one.points)


def latency_keys(first: Sequence[SpeedRatio], further: Sequence[SpeedRatio], evidence: Evidence) -> Keys:
    """Return where the latencies stand that were compared."""
    return evidence.of_all(
        (getattr(point, field), "p50_ms")
        for field, ratios in (("ttft", first), ("tpot", further))
        for one in ratios
        for point in one.points
    )


def concurrencies(ratios: Sequence[SpeedRatio], direction: Direction, say: Words) -> str:
    """Return at which concurrencies a direction was found: `1 and 4`, or `1 to 64` where neighbours agree."""
    places = [place for place, one in enumerate(ratios) if one.direction == direction]
    numbers = [str(ratios[place].concurrency) for place in places]
    neighbours = bool(places) and places[-1] - places[0] == len(places) - 1
    return say.from_to(numbers[0], numbers[-1]) if neighbours and len(places) > _NAMED else say.listing(numbers)


def speed_tone(found: set[Direction]) -> Tone:
    """Return good or bad only where all that is shown is."""
    if found == {"faster"}:
        return "good"
    if found == {"slower"}:
        return "bad"
    return "caution" if "slower" in found else "plain"


def ratio_with_interval(one: SpeedRatio, say: Findings) -> str:
    """Return a ratio and what it can be, or that so few repeats do not tell; alone where there were none."""
    return ratio(one.value) + ("" if one.direction == "not repeated" else say.interval(interval_text(one, say)))


def _finding(topic: str, headline: str, detail: str, tone: Tone) -> Finding:
    return Finding(topic=topic, stage=BenchResult.STAGE, headline=headline, detail=detail, tone=tone, origin="measured")


def _nothing(load: BenchResult, say: Findings) -> str:
    """Return why there is no ratio at all."""
    beyond = load.has_points(*_PAIR) and overloaded(load, *_PAIR)
    return say.overloaded if beyond else say.not_shared


def _is_whole(ratios: Sequence[SpeedRatio], load: BenchResult) -> bool:
    """Return whether there is a ratio at every concurrency that was measured, void and overloaded ones included."""
    arms = [one for one in load.arms if one.arm in _PAIR]
    tried = {point.concurrency for one in arms for point in one.points}
    tried |= {point.concurrency for one in arms for point in one.void_points}
    return tried == {one.concurrency for one in ratios}


def _directions(
    ratios: Sequence[SpeedRatio], words: Mapping[Direction, str], everywhere: Mapping[Direction, str], say: Findings
) -> str:
    found = [direction for direction in _CLAIMS if any(one.direction == direction for one in ratios)]
    if len(found) == 1 and everywhere:
        return everywhere[found[0]]
    parts = "; ".join(say.at_concurrency(words[one], concurrencies(ratios, one, say)) for one in found)
    return say.mixed(parts) if words is say.speed_words else parts


def _ratios_phrase(ratios: Sequence[SpeedRatio], say: Findings) -> str:
    def phrase(one: SpeedRatio) -> str:
        return say.ratio(ratio_with_interval(one, say), str(one.concurrency))

    if len(ratios) <= _FEW:
        return say.listing([phrase(one) for one in ratios])
    worst, best = (_extreme(ratios, choose) for choose in (min, max))
    return say.extreme_ratios(phrase(worst), phrase(best), str(len(ratios)))


def _extreme(ratios: Sequence[SpeedRatio], choose: Callable[..., SpeedRatio]) -> SpeedRatio:
    return choose(ratios, key=lambda one: one.value)
