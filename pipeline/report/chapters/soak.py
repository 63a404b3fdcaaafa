"""The chapter on the soak: does speed or memory drift while a load is held?"""

import math
from collections.abc import Iterator, Sequence

from eval.bench.result import BenchResult
from eval.bench.soak.drift import SLICE_FIELDS
from eval.bench.soak.figures import Drift, Verdict
from eval.bench.soak.result import Soak
from eval.statistics.repeats import CONFIDENCE
from pipeline.base.format import NONE, certainty, count, extent, number, percent, seconds
from pipeline.base.format import drift as as_drift
from pipeline.report.cells import figure, numbers, shown, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.charts.soak import soak_charts
from pipeline.report.document import Cell, Section, Table, Tone
from pipeline.report.inputs import Inputs

VERDICT_TONES: dict[Verdict, Tone] = {"stable": "good", "drifting": "bad", "undecided": "caution"}
_SECONDS_PER_MINUTE = 60
_SECONDS_PER_HOUR = 3_600
_GAUGES = ("requests_running", "requests_waiting")


def soak_section(inputs: Inputs) -> Section:
    """Return what was held for how long, what drifted, and the slices."""
    say, soaks = inputs.say.soak, inputs.load.soaks
    standing = [soak for soak in soaks if not soak.void]
    return Section(
        id="soak",
        title=say.title,
        paragraphs=(
            *_loads(soaks, inputs),
            *(sentence for soak in standing for sentence in _growth(soak, inputs)),
            say.rules(say.listing(sorted({percent(soak.drift_limit) for soak in soaks}))),
            say.method(certainty(CONFIDENCE)),
        ),
        charts=tuple(chart for soak in standing for chart in soak_charts(soak, inputs)),
        tables=(_drifts(standing, inputs), _slices(standing, inputs)) if standing else (),
    )


def _loads(soaks: Sequence[Soak], inputs: Inputs) -> Iterator[str]:
    """Yield what was held on which arms; those with the same sentence together."""
    say = inputs.say.soak
    alike: dict[str, list[Soak]] = {}
    for soak in soaks:
        alike.setdefault(_load("", soak, inputs), []).append(soak)
    for same in alike.values():
        yield _load(say.listing([say.title_of(soak.arm or "") for soak in same]), same[0], inputs)


def _load(arm: str, soak: Soak, inputs: Inputs) -> str:
    say = inputs.say.soak
    if soak.void:
        return say.void_soak(arm, "; ".join(inputs.say.stored.texts(soak.phrases, soak.void)))
    load = say.load(
        arm,
        concurrency=count(soak.concurrency),
        share=number(soak.share, 1),
        knee=soak.knee,
        duration=seconds(soak.duration_s or 0.0),
        asked=seconds(soak.minutes * _SECONDS_PER_MINUTE),
        requests=say.amount(soak.requests, "request"),
    )
    prompts, answers = soak.input_tokens, soak.output_tokens
    lengths = say.lengths(
        count(prompts.low), count(prompts.high), count(answers.high), natural=soak.lengths == "natural"
    )
    return f"{load} {lengths}"


def _growth(soak: Soak, inputs: Inputs) -> Iterator[str]:
    """Yield by how much memory grows in an hour, where it does: no leak is within a limit for ever."""
    say = inputs.say.soak
    for one in soak.drifts:
        if one.quantity == "memory" and one.low is not None and one.low > 0 and one.drift is not None:
            hourly_gib = one.drift * one.level / (soak.window_s or math.inf) * _SECONDS_PER_HOUR
            yield say.growth(say.title_of(soak.arm or ""), f"{number(hourly_gib)} {say.units['memory']}")


def _drifts(soaks: list[Soak], inputs: Inputs) -> Table:
    say, evidence = inputs.say.soak, inputs.evidence
    rows = tuple(
        (
            word(say.title_of(soak.arm or "")),
            word(say.names[one.quantity]),
            _level(one, inputs),
            shown(evidence, one, "drift", as_drift),
            _interval(one, inputs),
            shown(evidence, one, "smallest_drift", percent),
            word(say.verdicts[one.verdict], VERDICT_TONES[one.verdict]),
        )
        for soak in soaks
        for one in soak.drifts
    )
    kinds = dict.fromkeys(soak.memory_of for soak in soaks)
    return Table(
        id="soak-drift",
        title=say.table,
        columns=(*words(*say.columns[:2]), *numbers(*say.columns[2:6]), *words(*say.columns[6:])),
        rows=rows,
        origin="measured",
        note=" ".join((say.note, *(say.memory_notes[kind] for kind in kinds if kind))),
        sources=inputs.sources(BenchResult.STAGE),
    )


def _level(one: Drift, inputs: Inputs) -> Cell:
    unit = inputs.say.soak.units[one.quantity]
    return shown(inputs.evidence, one, "level", lambda value: f"{number(value)} {unit}")


def _interval(one: Drift, inputs: Inputs) -> Cell:
    if one.low is None or one.high is None:
        return word(NONE)
    return word(extent(one.low, one.high, as_drift), evidence=inputs.evidence.of(one, "low", "high"))


def _slices(soaks: list[Soak], inputs: Inputs) -> Table:
    say, evidence = inputs.say.soak, inputs.evidence
    rows = tuple(
        (
            word(say.title_of(soak.arm or "")),
            shown(evidence, one, "start_s"),
            *(shown(evidence, one, field) for field in (*SLICE_FIELDS.values(), *_GAUGES)),
            figure(one.kv_cache_usage, percent, evidence=evidence.of(one, "kv_cache_usage")),
        )
        for soak in soaks
        for one in soak.slices
    )
    return Table(
        id="soak-slices",
        title=say.slices,
        columns=(*words(*say.slices_columns[:1]), *numbers(*say.slices_columns[1:])),
        rows=rows,
        origin="measured",
        sources=inputs.sources(BenchResult.STAGE),
        folded=True,
    )


def soak_limits(inputs: Inputs) -> Iterator[str]:
    """Yield how long the longest soak was, beyond which nothing is known."""
    longest = max((soak.duration_s or 0.0 for soak in inputs.load.soaks if not soak.void), default=0.0)
    yield inputs.say.soak.limit_duration(seconds(longest)) if longest else inputs.say.soak.limit_void


SOAK = Chapter(
    id="soak",
    write=soak_section,
    needs=(BenchResult,),
    stands=lambda inputs: bool(inputs.load.soaks),
    limits=soak_limits,
    absent=lambda say: say.soak.absent,
)
