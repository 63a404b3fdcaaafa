"""How it was made sure that arms are compared alike: order, repeats, settings. Parts of the chapter on the method."""

from collections.abc import Iterator

from eval.bench.comparison import SpeedRatio, speed_ratios
from eval.bench.fair_arms import FairArms
from eval.bench.result import BenchResult
from eval.statistics.repeats import half_width
from pipeline.base.format import count, percent
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.cells import facts_table, word, words
from pipeline.report.document import Table
from pipeline.report.inputs import Inputs


def fair_method(inputs: Inputs) -> tuple[str, ...]:
    """Return the order, the repeats made and what was compared, in sentences; none for results without them."""
    fair, say = inputs.load.fair, inputs.say.fair_arms
    if fair is None:
        return ()
    compared = inputs.load.of(fair.reference).settings
    return (
        f"{say.order(fair.order, fair.drawn, str(fair.seed))} {say.warm_up}",
        *((" ".join(_repeats(fair, fair.precision, inputs)),) if fair.precision is not None else ()),
        " ".join(
            (
                say.settings(count(len(compared)), fair.reference),
                *(() if fair.differences else (say.no_differences,)),
            )
        ),
    )


def fair_tables(inputs: Inputs) -> tuple[Table, ...]:
    """Return the settings that were compared, and those that differ."""
    fair = inputs.load.fair
    if fair is None:
        return ()
    return (*((_differences(fair, inputs),) if fair.differences else ()), _compared(fair, inputs))


def _repeats(fair: FairArms, precision: float, inputs: Inputs) -> Iterator[str]:
    say = inputs.say.fair_arms
    yield say.precision(say.amount(fair.first_repeats, "run"), percent(precision))
    for arm, levels in ((arm, levels) for arm, levels in fair.repeats.items() if levels):
        yield say.made(arm, [(count(level.concurrency), count(level.planned)) for level in levels])
    ratios = speed_ratios(inputs.load)
    reached = [one for one in ratios if _is_reached(one, precision)]
    if reached:
        yield say.reached(say.listing([count(one.concurrency) for one in reached]))
    missed: dict[tuple[str, ...], list[str]] = {}
    for one in ratios:
        if one not in reached:
            limits = tuple(say.limits[limit] for limit in fair.limited(one.concurrency, BASELINE, AWQ))
            width = percent(half_width(one.interval)) if one.interval else ""
            missed.setdefault(limits or (say.no_interval,), []).append(say.wider(count(one.concurrency), width))
    for limits, places in missed.items():
        yield say.not_reached(say.listing(places), limits)


def _is_reached(one: SpeedRatio, precision: float) -> bool:
    exactness = 1 + 1e-9
    return one.interval is not None and half_width(one.interval) <= precision * exactness


def _compared(fair: FairArms, inputs: Inputs) -> Table:
    """Return the settings with names of one word; the others are too many for a reader."""
    say, settings = inputs.say.fair_arms, inputs.load.of(fair.reference).settings
    plain = {name: value for name, value in settings.items() if "." not in name}
    table = facts_table(
        "settings-compared",
        say.compared,
        ((name, word(value)) for name, value in sorted(plain.items())),
        say,
        sources=inputs.sources(BenchResult.STAGE),
        note=say.compared_note(say.amount(len(settings) - len(plain), "setting")),
    )
    return table.model_copy(update={"columns": words(*say.compared_columns), "folded": True})


def _differences(fair: FairArms, inputs: Inputs) -> Table:
    say = inputs.say.fair_arms
    rows = tuple(
        (
            word(one.name),
            word(say.title_of(one.arm)),
            word(one.value),
            word(one.reference),
            word(say.kinds[one.kind]),
        )
        for one in fair.differences
    )
    return Table(
        id="settings-differences",
        title=say.differences,
        columns=words(*say.differences_columns),
        rows=rows,
        sources=inputs.sources(BenchResult.STAGE),
    )
