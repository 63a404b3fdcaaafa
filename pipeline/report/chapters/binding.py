"""What binds each arm at each level, what that means for the choice of hardware, and levels beyond capacity."""

import statistics
from collections.abc import Iterable

from eval.bench.assessment import Assessment, Overload, Reason, Sign
from eval.bench.result import BenchResult, LoadPoint
from pipeline.base.format import NONE, count, number, percent
from pipeline.recipe.arms import AWQ
from pipeline.report.cells import figure, is_long, numbers, word, words
from pipeline.report.comparison import points_of
from pipeline.report.document import Cell, Finding, Table
from pipeline.report.inputs import Inputs


def binding_findings(inputs: Inputs) -> tuple[Finding, ...]:
    """Say what binds AWQ where it is fastest, and what that means for the choice of a GPU.

    Nothing where it has no figures, and of results of earlier versions.
    """
    if not inputs.load.has_points(AWQ):
        return ()
    point = inputs.load.best(AWQ)
    if point.assessment is None:
        return ()
    say, binding = inputs.say.crossover, point.assessment.binding
    return (
        Finding(
            topic=inputs.say.findings.hardware,
            stage=BenchResult.STAGE,
            headline=inputs.say.findings.bound_by[binding.resource],
            detail=say.meanings[binding.resource],
            tone="caution" if binding.resource == "not known" else "plain",
            origin="measured",
            evidence=inputs.evidence.of(binding, "resource"),
        ),
    )


def binding_bullets(inputs: Inputs) -> tuple[str, ...]:
    """Return what the resources that bind mean for the choice of hardware, each once."""
    found = dict.fromkeys(one.binding.resource for _, _, one in _assessed(inputs))
    return tuple(inputs.say.crossover.meanings[resource] for resource in found)


def binding_table(inputs: Inputs) -> tuple[Table, ...]:
    """Return what binds at each level, with the counters that say so; no table for results of earlier versions."""
    say = inputs.say.crossover
    rows = tuple(
        (
            word(str(point.concurrency)),
            word(say.title_of(arm)),
            word(say.resources[one.binding.resource]),
            _signs(one.binding.evidence, inputs),
            word(say.growths[one.binding.growth] if one.binding.growth else NONE),
        )
        for arm, point, one in _assessed(inputs)
    )
    if not rows:
        return ()
    return (
        Table(
            id="binding",
            title=say.binding_table,
            columns=words(*say.binding_columns),
            rows=rows,
            origin="measured",
            note=say.binding_note,
            sources=inputs.sources(BenchResult.STAGE),
            folded=is_long(rows),
        ),
    )


def overload_tables(inputs: Inputs) -> tuple[Table, ...]:
    """Return how requests fared at levels beyond the engine's capacity; no table where there is none."""
    say = inputs.say.crossover
    rows = tuple(
        _overloaded(arm, point, one, one.overload, inputs) for arm, point, one in _assessed(inputs) if one.overload
    )
    if not rows:
        return ()
    return (
        Table(
            id="overload",
            title=say.overload_table,
            columns=(*words(*say.overload_columns[:3]), *numbers(*say.overload_columns[3:])),
            rows=rows,
            origin="measured",
            note=say.overload_note,
            sources=inputs.sources(BenchResult.STAGE),
        ),
    )


def _assessed(inputs: Inputs) -> Iterable[tuple[str, LoadPoint, Assessment]]:
    return [(arm, point, point.assessment) for arm, point in points_of(inputs.load) if point.assessment]


def _signs(signs: tuple[Sign, ...], inputs: Inputs) -> Cell:
    say = inputs.say.crossover
    text = "; ".join(say.sign(say.counters[sign.counter], percent(sign.value)) for sign in signs)
    return word(text or NONE, evidence=inputs.evidence.of_all((sign, "value") for sign in signs))


def _overloaded(arm: str, point: LoadPoint, one: Assessment, why: Overload, inputs: Inputs) -> tuple[Cell, ...]:
    say, runs = inputs.say.crossover, point.valid
    sent = sum(run.sent for run in runs)
    failed = sum(run.failed for run in runs) / sent if sent else None
    counted = inputs.evidence.of_all((run, field) for run in runs for field in ("failed", "sent"))
    return (
        word(str(point.concurrency)),
        word(say.title_of(arm)),
        word(say.listing([say.reason(reason, _limit(reason, why)) for reason in why.reasons])),
        figure(failed, percent, evidence=counted),
        *(_mean(one, field, inputs) for field in ("fairness", "slowest_over_median", "recovery_s")),
    )


def _limit(reason: Reason, why: Overload) -> str:
    if reason == "queue":
        return percent(why.waiting_share or 0.0)
    return count(why.max_num_seqs or 0) if reason == "sequences" else number(why.kv_cache_requests or 0.0)


def _mean(one: Assessment, field: str, inputs: Inputs) -> Cell:
    parts = [run.sharing for run in one.service if getattr(run.sharing, field) is not None]
    value = statistics.fmean(getattr(part, field) for part in parts) if parts else None
    return figure(value, number, evidence=inputs.evidence.of_all((part, field) for part in parts))
