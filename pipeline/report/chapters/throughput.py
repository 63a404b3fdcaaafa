"""The chapter on throughput."""

from eval.bench.comparison import SpeedRatio, deciding_repeats, speed_ratios
from eval.bench.result import BenchResult, LoadPoint
from eval.statistics.repeats import CONFIDENCE, mean_interval
from pipeline.base.format import NONE, certainty, count, extent, number, ratio, span
from pipeline.base.token_range import TokenRange
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.cells import direction_cell, figure, interval_cell, numbers, shown, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.chapters.endpoint_speed import endpoint_tables, open_loop_tables
from pipeline.report.chapters.load_evidence import void_tables
from pipeline.report.charts.throughput import ratio_chart, throughput_chart
from pipeline.report.comparison import points_of
from pipeline.report.document import Cell, Section, Table
from pipeline.report.evidence import Evidence, Keys
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.throughput import Throughput
from pipeline.roi.result import RoiResult

_PAIR = (BASELINE, AWQ)
"""What the ratios compare."""


def throughput_section(inputs: Inputs) -> Section:
    """Return output throughput over concurrency, with the repeats' ranges, and ratios with their intervals."""
    load, say = inputs.load, inputs.say.throughput
    ratios = speed_ratios(load)
    return Section(
        id="speed",
        title=say.title,
        paragraphs=(
            say.method(
                _prompts(inputs),
                length(load.output_tokens),
                *_runs(inputs),
                certainty(CONFIDENCE),
            ),
        ),
        charts=(
            *((throughput_chart(inputs),) if any(arm.points for arm in load.arms) else ()),
            *((ratio_chart(ratios, inputs),) if ratios else ()),
        ),
        tables=(
            _throughput(ratios, inputs) if load.has_arms(*_PAIR) else _each(inputs),
            *void_tables(inputs),
            _rates(inputs),
            *open_loop_tables(inputs),
            *endpoint_tables(inputs),
        ),
    )


def _prompts(inputs: Inputs) -> str:
    """Return how long prompts are, or whose they are."""
    load, say = inputs.load, inputs.say.throughput
    if load.prompts is None:
        return length(load.input_tokens)
    turns = load.prompts.turns
    return say.prompts_of(load.prompts.count) if turns is None else say.conversations_of(load.prompts.count)


def _runs(inputs: Inputs) -> tuple[str, str]:
    """Return how many runs there are of a point, and what the intervals are by."""
    load, say = inputs.load, inputs.say.throughput
    runs = say.amount(load.repeats, "run")
    if load.fair is None or load.fair.precision is None:
        return runs, say.interval
    return say.or_more(runs), say.interval_by_first(runs)


def _throughput(ratios: tuple[SpeedRatio, ...], inputs: Inputs) -> Table:
    say = inputs.say.throughput
    rows = tuple(
        (
            word(str(one.concurrency)),
            *(_speed(point, inputs.evidence) for point in one.points),
            figure(one.value, ratio, evidence=_keys(one, inputs.evidence, "output_tokens_per_s")),
            interval_cell(one, say, inputs.evidence),
            direction_cell(one, say),
        )
        for one in ratios
    )
    return Table(
        id="throughput",
        title=say.table,
        columns=(*words(*say.columns[:1]), *numbers(*say.columns[1:5]), *words(*say.columns[5:])),
        rows=rows,
        origin="measured",
        note=" ".join((say.note, *_left_out(inputs))),
        sources=inputs.sources(BenchResult.STAGE),
    )


def _each(inputs: Inputs) -> Table:
    """Return the throughput of every arm by itself, where baseline and AWQ were not both measured."""
    say, first = inputs.say.throughput, deciding_repeats(inputs.load)
    rows = tuple(
        (
            word(str(point.concurrency)),
            word(say.title_of(arm)),
            _speed(point, inputs.evidence),
            _own_interval(point, first, inputs.evidence),
            word(say.overload if point.overloaded else ""),
        )
        for arm, point in points_of(inputs.load)
    )
    return Table(
        id="throughput",
        title=say.table,
        columns=(*words(*say.each_columns[:2]), *numbers(*say.each_columns[2:4]), *words(*say.each_columns[4:])),
        rows=rows,
        origin="measured",
        note=say.each_note(certainty(CONFIDENCE)),
        sources=inputs.sources(BenchResult.STAGE),
    )


def _own_interval(point: LoadPoint, first: int | None, evidence: Evidence) -> Cell:
    runs = point.output_tokens_per_s_runs
    interval = mean_interval(runs, CONFIDENCE, first=first)
    if interval is None:
        return word(NONE)
    keys = evidence.of(point, *(f"output_tokens_per_s_runs/{run}" for run in range(len(runs))))
    return word(extent(*interval, number), evidence=keys)


def _left_out(inputs: Inputs) -> tuple[str, ...]:
    """Return which concurrencies have no ratio, and why; nothing where all have one."""
    say, load = inputs.say.throughput, inputs.load
    void = {point.concurrency for arm, point in load.void_points if arm in _PAIR}
    overloaded = {point.concurrency for arm in _PAIR for point in load.points_of(arm) if point.overloaded} - void
    missing = ((void, say.left_out_void), (overloaded, say.left_out_overloaded))
    return tuple(
        sentence(say.listing([str(level) for level in sorted(levels)])) for levels, sentence in missing if levels
    )


def _keys(one: SpeedRatio, evidence: Evidence, *fields: str) -> Keys:
    return evidence.of_all((point, field) for point in one.points for field in fields)


def _speed(point: LoadPoint, evidence: Evidence) -> Cell:
    low, high = point.output_tokens_per_s_min, point.output_tokens_per_s_max
    return shown(evidence, point, "output_tokens_per_s", lambda value: f"{number(value)} ({span(low, high)})")


def _rates(inputs: Inputs) -> Table:
    evidence, say = inputs.evidence, inputs.say.throughput
    rows = tuple(
        (
            word(str(point.concurrency)),
            word(say.title_of(arm)),
            shown(evidence, point, "requests", count),
            shown(evidence, point, "requests_per_s"),
            shown(evidence, point, "total_tokens_per_s"),
            shown(evidence, point, "duration_s"),
        )
        for arm, point in points_of(inputs.load)
    )
    return Table(
        id="rates",
        title=say.rates,
        columns=(*words(*say.rates_columns[:2]), *numbers(*say.rates_columns[2:])),
        rows=rows,
        origin="measured",
        sources=inputs.sources(BenchResult.STAGE),
        folded=True,
    )


def length(tokens: TokenRange) -> str:
    """Return a number of tokens, or the bounds of a range."""
    return count(tokens.low) if tokens.low == tokens.high else f"{count(tokens.low)} to {count(tokens.high)}"


def throughput_limits(inputs: Inputs) -> tuple[str, ...]:
    """Return what the sweep does not answer; empty sentences where it does."""
    load, say = inputs.load, inputs.say.throughput
    decisive = load.points_of(AWQ) if load.has_arms(*_PAIR) else [point for _, point in points_of(load)]
    highest = max((point.concurrency for point in decisive), default=0)
    longest = max((point.duration_s for arm in load.arms for point in arm.points), default=0.0)
    held = any(not soak.void for soak in load.soaks)
    return (
        say.limit_gpu if inputs.on_cpu else "",
        say.limit_machine(inputs.hardware, say.assumed_machines if inputs.has(RoiResult) else ""),
        say.limit_prompts(load.prompts.count, length(load.output_tokens))
        if load.prompts
        else say.limit_lengths(length(load.input_tokens), length(load.output_tokens)),
        say.limit_traffic(count(highest), own=load.prompts is not None) if highest else "",
        say.limit_duration(count(longest)) if longest and not held else "",
        say.limit_repeats if load.repeats == 1 else _limit_start(load, say),
    )


def _limit_start(load: BenchResult, say: Throughput) -> str:
    """Return that each arm was started once; nothing where the arms alternated."""
    return "" if load.fair and load.fair.order == "alternate" else say.limit_start


THROUGHPUT = Chapter(
    id="speed",
    write=throughput_section,
    needs=(BenchResult,),
    limits=throughput_limits,
    absent=lambda say: say.throughput.absent,
)
