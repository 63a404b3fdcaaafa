"""The chapter on the crossover: up to where an arm wins, by speed, by goodput and for the money; and what binds."""

from collections.abc import Iterator

from eval.bench.arm_crossover import (
    ArmCrossover,
    capacity_at_service_level,
    goodput_crossover,
    goodput_runs,
    speed_crossover,
    useful_tokens_per_s,
)
from eval.bench.goodput import ServiceCapacity, Verdict
from eval.bench.load.service import ServiceLimits
from eval.bench.result import BenchResult, LoadPoint
from eval.statistics.repeats import CONFIDENCE
from pipeline.base.format import NONE, certainty, extent, number, share
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.cells import figure, is_long, numbers, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.chapters.binding import binding_bullets, binding_table, overload_tables
from pipeline.report.chapters.crossover_finding import crossover_sentence, printed, speed_keys
from pipeline.report.chapters.same_money import money_paragraphs, money_tables
from pipeline.report.charts.crossover import crossover_chart
from pipeline.report.comparison import points_of
from pipeline.report.document import Cell, Section, Table, Tone
from pipeline.report.evidence import Keys
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.crossover import CrossoverSentences

_TONES: dict[Verdict, Tone] = {"kept": "good", "missed": "bad"}


def crossover_section(inputs: Inputs) -> Section:
    """Return up to where each arm wins over the baseline, and why it does not win beyond."""
    say, found = inputs.say.crossover, tuple(_crossovers(inputs.load))
    return Section(
        id="crossover",
        title=say.title,
        paragraphs=(*_sentences(found, say), *_service_level(inputs), *money_paragraphs(inputs)),
        bullets=binding_bullets(inputs),
        charts=tuple(
            crossover_chart(one, crossover_sentence(one, say), speed_keys(one, inputs.evidence), inputs)
            for one in found
            if one.arm == AWQ and one.comparison == "throughput" and len(one.levels) > 1
        ),
        tables=(
            *((_crossover_table(found, inputs),) if found else ()),
            *_goodput_tables(inputs),
            *money_tables(inputs),
            *binding_table(inputs),
            *overload_tables(inputs),
        ),
    )


def _sentences(found: tuple[ArmCrossover, ...], say: CrossoverSentences) -> tuple[str, ...]:
    """Return a paragraph for each arm."""
    arms = dict.fromkeys(one.arm for one in found)
    return tuple(" ".join(crossover_sentence(one, say) for one in found if one.arm == arm) for arm in arms)


def _crossovers(load: BenchResult) -> Iterator[ArmCrossover]:
    arms = [one.arm for one in load.arms]
    for arm in arms if BASELINE in arms else ():
        if arm == BASELINE:
            continue
        yield speed_crossover(load, arm)
        goodput = goodput_crossover(load, arm)
        if goodput is not None:
            yield goodput


def _service_level(inputs: Inputs) -> tuple[str, ...]:
    say, load = inputs.say.crossover, inputs.load
    level = load.service_level
    if level is None:
        return (say.no_service_level,)
    kept = [(one.arm, capacity_at_service_level(load, one.arm)) for one in load.arms]
    parts = [_keeping(say.title_of(arm), found, say) for arm, found in kept if found is not None]
    return (say.service_level(_limits(level, say), share(level.share)), f"{'; '.join(parts)}.")


def _limits(level: ServiceLimits, say: CrossoverSentences) -> str:
    given = [(say.limit_names[name], getattr(level, name)) for name in say.limit_names]
    return say.listing([say.limit(name, number(limit)) for name, limit in given if limit is not None])


def _keeping(arm: str, found: ServiceCapacity, say: CrossoverSentences) -> str:
    if found.kind == "at no level":
        return say.keeps_nowhere(arm, str(found.missed_at))
    if found.kind == "at every level":
        return say.keeps_everywhere(arm, str(found.kept_at))
    if found.kind == "not decided":
        return say.keeping_undecided(arm)
    return say.keeps(arm, str(found.kept_at)) + (say.misses(str(found.missed_at)) if found.missed_at else "")


def _crossover_table(found: tuple[ArmCrossover, ...], inputs: Inputs) -> Table:
    say = inputs.say.crossover
    return Table(
        id="crossovers",
        title=say.table,
        columns=(*words(*say.columns[:3]), *numbers(*say.columns[3:5]), *words(*say.columns[5:])),
        rows=tuple(_row(one, inputs) for one in found),
        origin="measured",
        note=f"{say.method(certainty(CONFIDENCE))} {say.note}",
        sources=inputs.sources(BenchResult.STAGE),
    )


def _row(one: ArmCrossover, inputs: Inputs) -> tuple[Cell, ...]:
    say, result, keys = inputs.say.crossover, one.crossover, _keys(one, inputs)
    levels = (result.wins_at, result.loses_at, result.undecided_at)
    single = result.crossings[0] if len(result.crossings) == 1 else None
    several = say.listing([say.place(*printed(each)) for each in result.crossings])
    return (
        word(say.comparisons[one.comparison]),
        word(say.name_of(one.arm)),
        word(say.kinds[result.kind]),
        figure(single.concurrency, lambda _: printed(single)[0], evidence=keys) if single else word(several or NONE),
        word(extent(single.low, single.high, lambda end: number(end, 2)), evidence=keys) if single else word(NONE),
        *(word(say.listing([str(level) for level in each]) or NONE) for each in levels),
    )


def _keys(one: ArmCrossover, inputs: Inputs) -> Keys:
    if one.comparison == "throughput":
        return speed_keys(one, inputs.evidence)
    return tuple(key for pair in one.points for point in pair for key in _goodput_keys(point, inputs))


def _goodput_keys(point: LoadPoint, inputs: Inputs, *fields: str) -> Keys:
    return inputs.evidence.of_all(
        (run, field) for run in goodput_runs(point) for field in fields or ("output_tokens_per_s",)
    )


def _goodput_tables(inputs: Inputs) -> tuple[Table, ...]:
    say, load = inputs.say.crossover, inputs.load
    verdicts = {one.arm: capacity_at_service_level(load, one.arm) for one in load.arms}
    rows = []
    for arm, point in points_of(load):
        runs, found = goodput_runs(point), verdicts[arm]
        if not runs or found is None:
            continue
        kept = sum(run.kept for run in runs) / sum(run.sent for run in runs)
        said = found.verdicts[point.concurrency]
        rows.append(
            (
                word(str(point.concurrency)),
                word(say.title_of(arm)),
                figure(kept, share, evidence=_goodput_keys(point, inputs, "kept", "sent")),
                word(say.verdicts[said], _TONES.get(said, "plain")),
                figure(useful_tokens_per_s(point), number, evidence=_goodput_keys(point, inputs)),
            )
        )
    if not rows:
        return ()
    return (
        Table(
            id="goodput",
            title=say.goodput_table,
            columns=(
                *words(*say.goodput_columns[:2]),
                *numbers(say.goodput_columns[2]),
                *words(say.goodput_columns[3]),
                *numbers(say.goodput_columns[4]),
            ),
            rows=tuple(rows),
            origin="measured",
            note=say.goodput_note,
            sources=inputs.sources(BenchResult.STAGE),
            folded=is_long(rows),
        ),
    )


def crossover_limits(inputs: Inputs) -> tuple[str, ...]:
    """Return what the levels do not answer."""
    say = inputs.say.crossover
    return (say.limit_levels, "" if inputs.load.service_level else say.no_service_level)


CROSSOVER = Chapter(
    id="crossover",
    write=crossover_section,
    needs=(BenchResult,),
    limits=crossover_limits,
    absent=lambda say: say.throughput.absent,
)
