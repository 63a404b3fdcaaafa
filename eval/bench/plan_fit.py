"""What runs teach the plan of the device that they were made on, and how far that carries.

A run is planned again from what its result keeps of it, so that a newer planner learns from it as from a new one. How
good the corrections are is told three times: without them, with them, and with those of the other runs alone. Only the
last says how good they are for a run that is still to come.
"""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from eval.bench.arm_plan import sampled
from eval.bench.plan_figures import Subject, subject_of
from eval.bench.planned import ArmPlan, PlanBasis
from eval.bench.result import ArmLoad, BenchResult, LoadPoint
from pipeline.base.commands import command
from pipeline.base.errors import MissingStageError, SourceError, UsageError
from pipeline.base.results import Result
from pipeline.catalogue.corrections import update_corrections
from pipeline.catalogue.gpus import find_gpu
from pipeline.plan.activations import GIB
from pipeline.plan.attained import Timing, attained
from pipeline.plan.corrections import Correction, Corrections, Estimate, Finder, Observation, Shares, Stated
from pipeline.plan.gpu import Gpu
from pipeline.plan.processor import processor
from pipeline.plan.roofline import attainable, peak_operations_s
from pipeline.record.record import RECORD, load_record


class Learned(Result):
    """A figure of a device as the plan had it, and as runs have it; of several GPUs of each."""

    planned: float | None
    """Without runs; None: there is no plan then."""
    value: float
    low: float
    high: float
    """With `low`: holds another run with 80 %."""


class Lesson(Result):
    """What was learned of a device with one quantization, kernel and version of vLLM."""

    device: str
    gpus: int
    quantization: str
    kernel: str
    vllm: str
    runs: int
    models: list[str]
    weights_gib: tuple[float, float]
    """Least and most that a model of the runs took."""
    bandwidth_gb_s: Learned | None
    """Attained in decode; None where the runs do not tell it."""
    tflops: Learned | None
    """Attained in prefill; as above."""
    beside_gib: Learned | None
    """Memory beside weights and KV cache, more than planned."""
    error: float | None
    """Median absolute error of the planned throughput without corrections; None: there is no plan then."""
    error_in_sample: float | None
    """The same with corrections from these very runs, which flatters them."""
    error_left_out: float | None
    """The same of each run with corrections from the others alone; None with one run."""


class Fit(Result):
    """What `awqctl plan fit --json` prints."""

    file: str
    lessons: list[Lesson]
    left_out: list[str]
    """Runs and arms of which nothing was learned, each with the reason."""


class _Taught(Result):
    """One arm of a run that teaches."""

    run: str
    measured_at: str
    load: ArmLoad
    basis: PlanBasis


def fit_into(file: Path | None, runs: Sequence[Path], waits: Callable[[str], None]) -> Fit:
    """Add what runs teach to a file, and return it.

    Args:
        file: that is added to; None: the user's.
        runs: output folders.
        waits: told who learns at the same time, where that takes a while.

    Raises:
        SourceError, MissingStageError, UsageError: as for `fit`; or the file cannot be read or written.
    """
    told: list[tuple[list[Lesson], list[str]]] = []

    def learn(known: Corrections) -> Corrections:
        corrections, lessons, left_out = fit(runs, known)
        told.append((lessons, left_out))
        return corrections

    path = update_corrections(file, learn, waits)
    return Fit(file=str(path), lessons=told[0][0], left_out=told[0][1])


def fit(runs: Sequence[Path], known: Corrections) -> tuple[Corrections, list[Lesson], list[str]]:
    """Return what was known and what runs add to it, what is known now of their devices, and what taught nothing.

    Raises:
        SourceError: a run is not there.
        MissingStageError: it was not benchmarked.
        UsageError: none of the runs teaches anything.
    """
    left_out: list[str] = []
    taught = _once([one for run in runs for one in _taught(run, left_out)], left_out)
    found = [(one, subject) for one in taught if (subject := _subject(one, left_out))]
    observations = {id(one): _observation(one, subject) for one, subject in found}
    if not found:
        raise UsageError(f"Nothing can be learned from these runs: {'; '.join(left_out)}.")
    corrections = known.with_observations(list(observations.values()))
    groups: dict[tuple[object, ...], list[tuple[_Taught, Subject]]] = {}
    for one, subject in found:
        groups.setdefault(_key(observations[id(one)]), []).append((one, subject))
    lessons = [
        _lesson(group, Corrections(observations=tuple(each for each in corrections.observations if _key(each) == key)))
        for key, group in groups.items()
    ]
    return corrections, lessons, left_out


def _key(one: Observation) -> tuple[object, ...]:
    return one.device, one.gpus, one.quantization, one.kernel, one.vllm


def _taught(run: Path, left_out: list[str]) -> Iterator[_Taught]:
    record = load_record(run / RECORD if run.is_dir() else run)
    if record is None:
        raise SourceError(f"{run} is no output folder: it has no {RECORD}. Name the output folder of a run.")
    name = (run if run.is_dir() else run.parent).resolve().name
    try:
        result, stage = record.result(BenchResult), record.done(BenchResult.STAGE)
    except MissingStageError as problem:
        raise MissingStageError(f"{run}: {problem.message}") from None
    plans = {plan.arm: plan for plan in result.plans}
    if not plans:
        left_out.append(
            f"{name} was measured by a version that kept no plan; measure it again with `{command('bench')}`"
        )
    for load in result.arms:
        plan = plans.get(load.arm)
        made_up = result.dummy_weights is not None or load.memory.weights_from == "configuration"
        if plan and plan.basis and not made_up:
            yield _Taught(run=name, measured_at=stage.started_at, load=load, basis=plan.basis)
        elif plan:
            left_out.append(f"{name}, {load.arm}: {_why(plan)}")


def _once(taught: Sequence[_Taught], left_out: list[str]) -> list[_Taught]:
    """Return every arm that was measured once: a run that is named twice, or its copy, counts as one."""
    kept: list[_Taught] = []
    for one in taught:
        samples = set(sampled(one.load))
        for other in kept:
            same = (one.run, one.measured_at, one.load.arm) == (other.run, other.measured_at, other.load.arm)
            if same or not samples.isdisjoint(sampled(other.load)):
                left_out.append(f"{one.run}, {one.load.arm}, once more: it is the same measurement as {other.run}'s")
                break
        else:
            kept.append(one)
    return kept


def _why(plan: ArmPlan) -> str:
    return f"there is no plan of it ({plan.why_not})" if plan.why_not else "its weights are made up"


def _subject(one: _Taught, left_out: list[str]) -> Subject | None:
    """Return what is planned again; None where today's planner cannot."""
    basis = one.basis
    try:
        gpu = processor(basis.device, basis.memory_gib) if basis.on_cpu else _gpu(basis)
        return subject_of(basis, gpu)
    except (SourceError, UsageError) as problem:
        left_out.append(f"{one.run}, {one.load.arm}: {problem.message}")
        return None


def _gpu(basis: PlanBasis) -> Gpu:
    return replace(find_gpu(basis.device).planned(), memory_gib=basis.memory_gib, memory_estimated=False)


def _observation(one: _Taught, subject: Subject) -> Observation:
    points = _fair(one.load)
    found = attained(lambda shares: _timing(subject, shares, points), _measured(points)) if points else None
    logs = _logs(subject, Stated(found.shares), points) if found else []
    return Observation(
        run=one.run,
        arm=one.load.arm,
        measured_at=one.measured_at,
        model=one.basis.model,
        device=one.basis.device,
        gpus=subject.settings.gpus,
        quantization=subject.model.quantization.name,
        kernel=one.load.kernel,
        vllm=subject.settings.engine.name,
        weights_gib=subject.model.weights / GIB,
        bandwidth_share=found.bandwidth if found else None,
        compute_share=found.compute if found else None,
        beside_gib=_beside(one, subject),
        spread=math.sqrt(sum(log**2 for log in logs) / len(logs)) if logs else None,
        points=len(logs),
        samples=sampled(one.load),
    )


def _fair(load: ArmLoad) -> list[LoadPoint]:
    """Return the points that say something of speed: timed, and within what the engine serves at once."""
    return [point for point in load.points if point.tpot.p50_ms and not point.overloaded]


def _measured(points: Sequence[LoadPoint]) -> Timing:
    first = points[0].ttft.p50_ms
    return Timing(tuple((point.tpot.p50_ms or 0.0) / 1000 for point in points), first / 1000 if first else None)


def _timing(subject: Subject, shares: Shares, points: Sequence[LoadPoint]) -> Timing | None:
    rates = [subject.plan(Stated(shares), point.concurrency).rate for point in points]
    told = [rate for rate in rates if rate]
    return Timing(tuple(rate.tpot_s for rate in told), told[0].ttft_s) if len(told) == len(points) else None


def _logs(subject: Subject, corrections: Finder | None, points: Sequence[LoadPoint]) -> list[float]:
    """Return ln(planned / measured) of the throughput at every point; empty where there is no plan of it."""
    rates = [(subject.plan(corrections, point.concurrency).rate, point.output_tokens_per_s) for point in points]
    return [math.log(rate.expected / measured) for rate, measured in rates if rate and measured]


def _beside(one: _Taught, subject: Subject) -> float | None:
    """Return the memory beside weights and KV cache, measured less planned; None where the engine does not tell it."""
    cache = one.load.proof.memory.kv_cache_gib if one.load.proof else None
    if cache is None or one.basis.kv_cache_gib is not None:
        return None
    budget, memory = subject.plan(None).budget, one.load.memory
    weights = memory.weights_gib if memory.weights_from == "engine" else budget.weights / GIB
    return (budget.weights + budget.kv_cache) / GIB - weights - cache


def _lesson(group: Sequence[tuple[_Taught, Subject]], corrections: Corrections) -> Lesson:
    """Return what is known of the device of some runs, by all observations of it."""
    correction, (_, subject) = Correction(corrections.observations), group[-1]
    gpu, quantization = subject.gpu, subject.model.quantization
    planned, peak = attainable(gpu, quantization) or (None, None), peak_operations_s(gpu, quantization) or 0.0
    first, sizes = correction.observations[0], [each.weights_gib for each in correction.observations]
    return Lesson(
        device=first.device,
        gpus=first.gpus,
        quantization=first.quantization,
        kernel=first.kernel,
        vllm=first.vllm,
        runs=correction.runs,
        models=list(correction.models),
        weights_gib=(min(sizes), max(sizes)),
        bandwidth_gb_s=_learned(planned[0], correction.bandwidth(planned[0]), gpu.bandwidth_gb_s),
        tflops=_learned(planned[1], correction.compute(planned[1]), peak / 1e12),
        beside_gib=_learned(0.0, correction.beside),
        error=_error(group, lambda _one: None),
        error_in_sample=_error(group, lambda _one: corrections),
        error_left_out=_error(group, lambda one: corrections.without(one.run, one.measured_at))
        if correction.runs > 1
        else None,
    )


def _learned(planned: float | None, found: Estimate | None, whole: float = 1.0) -> Learned | None:
    """Return an estimate in the unit of what it is a share of."""
    if found is None:
        return None
    before = None if planned is None else planned * whole
    return Learned(planned=before, value=found.value * whole, low=found.low * whole, high=found.high * whole)


def _error(
    group: Sequence[tuple[_Taught, Subject]], corrections_for: Callable[[_Taught], Finder | None]
) -> float | None:
    """Return the median absolute error of the throughput; None where there is no plan of it."""
    logs = [log for one, subject in group for log in _logs(subject, corrections_for(one), _fair(one.load))]
    return statistics.median(abs(math.expm1(log)) for log in logs) if logs else None
