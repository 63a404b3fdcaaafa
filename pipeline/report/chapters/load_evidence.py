"""What stands behind each point of the load: what was sent, answered and counted, and who was on the machine."""

from collections.abc import Callable, Iterable, Sequence

from eval.bench.load.ceiling import Calibration, Level
from eval.bench.load.endpoint_result import EndpointPoint
from eval.bench.load.result import EngineLoad, MachineLoad
from eval.bench.result import BenchResult, LoadPoint, VoidPoint
from eval.bench.runs import LoadRun
from pipeline.base.format import NONE, change, count, day, number, plain, share
from pipeline.base.results import Result
from pipeline.base.sentences.stored import StoredSentences
from pipeline.report.cells import figure, numbers, shown, word, words
from pipeline.report.comparison import points_of
from pipeline.report.document import Cell, Column, Finding, Table
from pipeline.report.inputs import Inputs

_COUNTED: tuple[tuple[str, Callable[[LoadRun], float | None]], ...] = (
    ("sent", lambda run: run.sent),
    ("answered", lambda run: run.answered),
    ("failed", lambda run: run.failed),
    ("output_tokens", lambda run: run.output_tokens),
    ("engine/output_tokens", lambda run: run.engine.output_tokens if run.engine else None),
    ("input_tokens", lambda run: run.input_tokens),
    ("engine/prompt_tokens", lambda run: run.engine.prompt_tokens if run.engine else None),
)
"""Sums over the runs of a point, by the field of a run."""


def evidence_tables(inputs: Inputs) -> tuple[Table, ...]:
    """Return what is known of every run, and of the client; none for results that have no evidence."""
    known = inputs.load.calibration
    if known is None:
        return ()
    return (_counted(inputs), _meanwhile(inputs), _client(known, inputs))


def void_tables(inputs: Inputs) -> tuple[Table, ...]:
    """Return the points that have no figures, with the reasons; no table where there are none."""
    say, void = inputs.say.load_evidence, inputs.load.void_points
    rows = tuple(
        (
            word(str(point.concurrency)),
            word(say.title_of(arm)),
            word("; ".join(_reasons(point, inputs)), "bad", evidence=inputs.evidence.of(point, "reasons")),
        )
        for arm, point in void
    )
    table = Table(
        id="load-void",
        title=say.void,
        columns=words(*say.void_columns),
        rows=rows,
        note=say.void_note,
        sources=inputs.sources(BenchResult.STAGE),
    )
    return (table,) if rows else ()


def void_findings(inputs: Inputs) -> tuple[Finding, ...]:
    """Return that points have no figures; nothing where all have."""
    load, say = inputs.load, inputs.say.load_evidence
    if not load.void_loads:
        return ()
    loops = [(arm.arm, loop) for arm in load.arms for loop in arm.open_loop if loop.run.void]
    servers = [(arm.arm, point) for arm in load.endpoints for point in arm.load.points if point.void]
    named = [
        *(
            say.void_point(say.title_of(arm), str(one.concurrency), ", ".join(_reasons(one, inputs)))
            for arm, one in load.void_points
        ),
        *(
            say.void_rate(say.title_of(arm), plain(one.rate_per_s), ", ".join(_reasons(one.run, inputs)))
            for arm, one in loops
        ),
        *(
            say.void_point(say.title_of(arm), str(one.concurrency), ", ".join(_reasons(one, inputs)))
            for arm, one in servers
        ),
    ]
    return (
        Finding(
            topic=say.topic,
            stage=BenchResult.STAGE,
            headline=say.finding(count(len(named)), count(load.loads)),
            detail=say.finding_detail("; ".join(named)),
            tone="bad",
            origin="measured",
            evidence=inputs.evidence.of_all(
                (
                    *((point, "reasons") for _, point in load.void_points),
                    *((loop.run, "checks") for _, loop in loops),
                    *((point, "void") for _, point in servers),
                )
            ),
        ),
    )


def _reasons(void: VoidPoint | LoadRun | EndpointPoint, inputs: Inputs) -> list[str]:
    return inputs.say.stored.texts(void.phrases, void.reasons)


def held_to(inputs: Inputs) -> tuple[str, ...]:
    """Return the limits that the recipe changed, in a sentence; none where it changed none."""
    say, changed = inputs.say.load_evidence, inputs.load.changed_limits
    parts = [say.limit(say.limits[name], None if value is None else share(value)) for name, value in changed.items()]
    return (say.held_to(say.listing(parts)),) if parts else ()


def _points(load: BenchResult) -> list[tuple[str, LoadPoint | VoidPoint]]:
    """Return all points, void ones in their places."""
    pairs: list[tuple[str, LoadPoint | VoidPoint]] = [*points_of(load), *load.void_points]
    return sorted(pairs, key=lambda pair: pair[1].concurrency)


def _counted(inputs: Inputs) -> Table:
    say = inputs.say.load_evidence
    rows = tuple(
        (*_head(arm, point, inputs), *(_sum(point.runs, name, value, inputs) for name, value in _COUNTED))
        for arm, point in _points(inputs.load)
        if point.runs
    )
    return _table("load-counted", say.counted, say.counted_columns, rows, inputs, say.counted_note)


def _meanwhile(inputs: Inputs) -> Table:
    say = inputs.say.load_evidence
    rows = tuple(
        (*_head(arm, point, inputs), *_observed(point.runs, inputs), word(_unchecked(point.runs, inputs.say.stored)))
        for arm, point in _points(inputs.load)
        if point.runs
    )
    return _table("load-meanwhile", say.meanwhile, say.meanwhile_columns, rows, inputs, say.meanwhile_note, words_at=-1)


def _head(arm: str, point: LoadPoint | VoidPoint, inputs: Inputs) -> tuple[Cell, ...]:
    say, stand = inputs.say.load_evidence, sum(run.figures is not None for run in point.runs)
    void = isinstance(point, VoidPoint)
    runs = word(say.void_cell, "bad") if void else word(say.of(count(stand), count(len(point.runs))))
    return (word(str(point.concurrency)), word(say.title_of(arm)), runs)


def _sum(runs: Sequence[LoadRun], name: str, value: Callable[[LoadRun], float | None], inputs: Inputs) -> Cell:
    found = [one for one in map(value, runs) if one is not None]
    keys = inputs.evidence.of_all((run, name) for run in runs)
    return figure(sum(found) if len(found) == len(runs) else None, count, evidence=keys)


def _observed(runs: Sequence[LoadRun], inputs: Inputs) -> tuple[Cell, ...]:
    """Return the highest of each quantity over the runs of a point."""
    engines, machines = [run.engine for run in runs], [run.machine for run in runs]

    def most(parts: Iterable[Result | None], value: Callable[..., float | None], form: Callable[[float], str]) -> Cell:
        there = [part for part in parts if part is not None]
        found = [one for one in map(value, there) if one is not None]
        keys = tuple(key for part in there for key in inputs.evidence.of(part, _FIELD[value]))
        return figure(max(found, default=None), form, evidence=keys)

    return (
        most(engines, _cached, share),
        most(engines, _requests, count),
        most(engines, _waiting, count),
        most(engines, _preemptions, count),
        most(engines, _cache_use, share),
        most(machines, _foreign, share),
        most(machines, _steal, number),
        figure(
            max(run.client_cpu_s for run in runs),
            number,
            evidence=inputs.evidence.of_all((run, "client_cpu_s") for run in runs),
        ),
    )


def _cached(engine: EngineLoad) -> float | None:
    return engine.cached_share


def _requests(engine: EngineLoad) -> float:
    return engine.peak_requests


def _waiting(engine: EngineLoad) -> float:
    return engine.peak_waiting


def _preemptions(engine: EngineLoad) -> float | None:
    return engine.preemptions


def _cache_use(engine: EngineLoad) -> float | None:
    return engine.peak_kv_cache_usage


def _foreign(machine: MachineLoad) -> float | None:
    return machine.foreign_share


def _steal(machine: MachineLoad) -> float:
    return machine.steal_s


_FIELD: dict[Callable[..., float | None], str] = {
    _cached: "cached_prompt_tokens",
    _requests: "peak_requests",
    _waiting: "peak_waiting",
    _preemptions: "preemptions",
    _cache_use: "peak_kv_cache_usage",
    _foreign: "foreign_cpu_s",
    _steal: "steal_s",
}


def _unchecked(runs: Sequence[LoadRun], say: StoredSentences) -> str:
    """Return the conditions that could not be checked in some run, and why."""
    found = dict.fromkeys(
        (say.condition_name(check.name), say.text(check.phrase, check.reason or ""))
        for run in runs
        for check in run.checks
        if not check.checked
    )
    return "; ".join(f"{name} ({why})" for name, why in found) or NONE


def _client(known: Calibration, inputs: Inputs) -> Table:
    say, evidence = inputs.say.load_evidence, inputs.evidence

    def difference(level: Level, field: str) -> Cell:
        return shown(evidence, level, field, lambda value: change(100 * value, 1))

    rows = tuple(
        (
            word(count(level.step.concurrency)),
            shown(evidence, level, "true_output_tokens_per_s"),
            shown(evidence, level, "output_tokens_per_s"),
            *(difference(level, f"{name}_difference") for name in ("output_rate", "ttft", "tpot")),
            shown(evidence, level, "client_cpu_s"),
            word(say.right if level.right else say.not_right, "plain" if level.right else "caution"),
        )
        for level in known.levels
    )
    ceiling = known.usable_ceiling
    note = say.no_ceiling if ceiling is None else say.ceiling(count(ceiling))
    title = say.client(known.client, known.machine, day(known.measured_at[:10]))
    return _table("load-client", title, say.client_columns, rows, inputs, note, words_at=-1)


def _table(
    name: str,
    title: str,
    titles: tuple[str, ...],
    rows: tuple[tuple[Cell, ...], ...],
    inputs: Inputs,
    note: str,
    *,
    words_at: int | None = None,
) -> Table:
    last: tuple[Column, ...] = () if words_at is None else words(*titles[words_at:])
    heads = 1 if name == "load-client" else 3
    return Table(
        id=name,
        title=title,
        columns=(*words(*titles[:heads]), *numbers(*titles[heads:words_at]), *last),
        rows=rows,
        origin="measured",
        note=note,
        sources=inputs.sources(BenchResult.STAGE),
        folded=True,
    )
