"""The chapter on the machine's health while the load ran."""

from collections.abc import Callable, Iterator, Sequence

from eval.bench.result import BenchResult, LoadPoint, VoidPoint
from pipeline.base.format import NONE, count, number, share
from pipeline.base.results import Result
from pipeline.hardware.health.check import HealthCheck, State
from pipeline.hardware.health.summary import GpuHealth, HealthSummary, Spread
from pipeline.report.cells import figure, is_long, numbers, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.comparison import points_of
from pipeline.report.document import Cell, Section, Table, Tone
from pipeline.report.evidence import in_stage
from pipeline.report.inputs import Inputs

_ORDER: tuple[State, ...] = ("pass", "not reported", "warn", "fail")
_TONES: dict[State, Tone] = {"warn": "caution", "fail": "bad"}


def health_section(inputs: Inputs) -> Section:
    """Return what was read of GPUs, processors and memory at every point, and what was not well or not reported."""
    say, found = inputs.say.health, _summaries(inputs.load)
    samples = count(sum(one.samples for one in found))
    tables = (*_gpus(inputs), _host(inputs), *_checks(found, inputs), *_before(inputs))
    paragraph = say.sampled(samples, say.amount(len(found), "run"))
    return Section(id="health", background=True, title=say.title, paragraphs=(paragraph,), tables=tables)


def _summaries(load: BenchResult) -> tuple[HealthSummary, ...]:
    points: list[LoadPoint | VoidPoint] = [point for _, point in points_of(load)]
    points += [point for _, point in load.void_points]
    runs = tuple(run.health for point in points for run in point.runs if run.health is not None)
    return (*runs, *(soak.health for soak in load.soaks if soak.health is not None))


def _standing(inputs: Inputs) -> Iterator[tuple[str, str, tuple[HealthSummary, ...]]]:
    """Yield concurrency, arm and the health of the runs that stand, of every point and of every soak."""
    say = inputs.say.health
    for arm, point in points_of(inputs.load):
        found = tuple(run.health for run in point.valid if run.health is not None)
        if found:
            yield str(point.concurrency), say.title_of(arm), found
    for soak in inputs.load.soaks:
        if soak.health is not None and not soak.void:
            yield say.soak(str(soak.concurrency)), say.title_of(soak.arm or ""), (soak.health,)


def _gpus(inputs: Inputs) -> tuple[Table, ...]:
    say = inputs.say.health
    rows = tuple(
        (word(concurrency), word(arm), *_gpu_cells(name, gpus, summaries, inputs))
        for concurrency, arm, summaries in _standing(inputs)
        for name, gpus in _by_gpu(summaries).items()
    )
    if not rows:
        return ()
    sources = {one.energy_from for one in _summaries(inputs.load) if one.energy_from}
    return (
        Table(
            id="health-gpus",
            title=say.gpus,
            columns=(*words(*say.gpus_columns[:3]), *numbers(*say.gpus_columns[3:])),
            rows=rows,
            origin="measured",
            note=" ".join((say.gpus_note, *(say.energy[source] for source in sorted(sources)))),
            sources=inputs.sources(BenchResult.STAGE),
            folded=is_long(rows),
        ),
    )


def _by_gpu(summaries: Sequence[HealthSummary]) -> dict[str, list[GpuHealth]]:
    found: dict[str, list[GpuHealth]] = {}
    for summary in summaries:
        for gpu in summary.gpus:
            found.setdefault(f"{gpu.index}: {gpu.name}", []).append(gpu)
    return found


def _gpu_cells(
    name: str, gpus: Sequence[GpuHealth], summaries: Sequence[HealthSummary], inputs: Inputs
) -> tuple[Cell, ...]:
    return (
        word(name),
        _spread([gpu.utilization_percent for gpu in gpus], "mean", _mean, count, inputs),
        _spread([gpu.memory_used_gib for gpu in gpus], "max", max, number, inputs),
        _spread([gpu.temperature_c for gpu in gpus], "max", max, count, inputs),
        _spread([gpu.margin_c for gpu in gpus], "min", min, count, inputs),
        _spread([gpu.power_w for gpu in gpus], "mean", _mean, count, inputs),
        _of(gpus, "limit_w", min, count, inputs),
        _spread([gpu.clock_mhz for gpu in gpus], "mean", _mean, count, inputs),
        _of(gpus, "throttle_share", max, share, inputs),
        _of(summaries, "joules_per_output_token", _mean, number, inputs),
    )


def _host(inputs: Inputs) -> Table:
    say = inputs.say.health
    rows = tuple(
        (word(concurrency), word(arm), *_host_cells(summaries, inputs))
        for concurrency, arm, summaries in _standing(inputs)
    )
    return Table(
        id="health-host",
        title=say.host,
        columns=(*words(*say.host_columns[:2]), *numbers(*say.host_columns[2:])),
        rows=rows,
        origin="measured",
        note=say.host_note,
        sources=inputs.sources(BenchResult.STAGE),
        folded=bool(_gpus(inputs)) or is_long(rows),
    )


def _host_cells(summaries: Sequence[HealthSummary], inputs: Inputs) -> tuple[Cell, ...]:
    hosts = [one.host for one in summaries]
    return (
        _of(hosts, "others_share", max, share, inputs),
        _of(hosts, "steal_share", max, share, inputs),
        _spread([host.memory_available_gib for host in hosts], "min", min, number, inputs),
        _spread([host.temperature_c for host in hosts], "max", max, count, inputs),
        _spread([host.frequency_mhz for host in hosts], "mean", _mean, count, inputs),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _spread(
    spreads: Sequence[Spread | None],
    field: str,
    merge: Callable[[Sequence[float]], float],
    form: Callable[[float], str],
    inputs: Inputs,
) -> Cell:
    return _of([one for one in spreads if one is not None], field, merge, form, inputs)


def _of(
    parts: Sequence[Result],
    field: str,
    merge: Callable[[Sequence[float]], float],
    form: Callable[[float], str],
    inputs: Inputs,
) -> Cell:
    """Return one figure from a field of several parts, with where each stands; a dash where none reports it."""
    told = [part for part in parts if getattr(part, field) is not None]
    values = [float(getattr(part, field)) for part in told]
    keys = inputs.evidence.of_all((part, field) for part in told)
    return figure(merge(values) if values else None, form, evidence=keys)


def _worst(found: Sequence[HealthSummary]) -> list[HealthCheck]:
    """Return for each check the one of the worst run, but for those that always pass."""
    worst: dict[tuple[str, str], HealthCheck] = {}
    for check in (check for summary in found for check in summary.checks):
        key = check.subject, check.name
        if key not in worst or _ORDER.index(check.state) > _ORDER.index(worst[key].state):
            worst[key] = check
    return [check for check in worst.values() if check.state != "pass"]


def _checks(found: Sequence[HealthSummary], inputs: Inputs) -> tuple[Table, ...]:
    say, checks = inputs.say.health, [check for check in _worst(found) if check.state != "not reported"]
    rows = tuple(_check_row(check, inputs, inputs.evidence.of(check, "state")) for check in checks)
    return _table("health-checks", say.checks, say.checks_columns, rows, say.checks_note, inputs)


def _before(inputs: Inputs) -> tuple[Table, ...]:
    say, stage = inputs.say.health, BenchResult.STAGE
    checks = [check for check in inputs.record.stages[stage].health if check.state != "not reported"]
    rows = tuple(_check_row(check, inputs, in_stage(stage, "health")) for check in checks)
    return _table("health-before", say.before, say.before_columns, rows, "", inputs)


def _check_row(check: HealthCheck, inputs: Inputs, evidence: tuple[str, ...]) -> tuple[Cell, ...]:
    say = inputs.say.health
    state = word(say.states[check.state], _TONES.get(check.state, "plain"))
    stored = inputs.say.stored
    found = word(stored.text(check.text_said, check.text), evidence=evidence)
    remedy = stored.text(check.remedy_said, check.remedy or NONE)
    return (word(say.of(check.subject)), word(stored.health_name(check.name)), state, found, word(remedy))


def _table(
    name: str, title: str, columns: tuple[str, ...], rows: tuple[tuple[Cell, ...], ...], note: str, inputs: Inputs
) -> tuple[Table, ...]:
    if not rows:
        return ()
    sources = inputs.sources(BenchResult.STAGE)
    return (Table(id=name, title=title, columns=words(*columns), rows=rows, note=note, sources=sources),)


def health_limits(inputs: Inputs) -> tuple[str, ...]:
    """Return what no device reported."""
    say, found = inputs.say.health, _summaries(inputs.load)
    silent = [
        f"{say.of(check.subject)}, {inputs.say.stored.health_name(check.name)}"
        for check in _worst(found)
        if check.state == "not reported"
    ]
    energy = all(one.energy_j is None for one in found)
    return (say.silent("; ".join(silent)) if silent else "", say.limit_energy if energy else "")


HEALTH = Chapter(
    id="health",
    write=health_section,
    needs=(BenchResult,),
    stands=lambda inputs: bool(_summaries(inputs.load)),
    limits=health_limits,
    absent=lambda say: say.health.absent,
)
