"""What a machine serves, out of a run's benchmark: goodput at its service level, with the interval of its repeats."""

from pathlib import Path

from eval.bench.arguments import options_of, workers_of
from eval.bench.arm_crossover import useful_interval, useful_point, useful_tokens_per_s
from eval.bench.comparison import capacity_interval
from eval.bench.result import BenchResult
from pipeline.base.errors import UsageError
from pipeline.base.homes import expanded
from pipeline.catalogue.gpus import find_gpu
from pipeline.record.record import RunRecord, load_record
from pipeline.roi.exact import exact
from pipeline.roi.quantity import Quantity
from pipeline.roi.scenarios.forms import RunForm, VariantForm


def measured_goodput(variant: VariantForm, run: RunForm) -> Quantity | None:
    """Return the goodput of one machine that a run measured; None where it is shown to keep its service level nowhere.

    Without a service level it is the highest throughput, and said so.

    Raises:
        UsageError: there is no such run, or it was of other GPUs.
        MissingStageError: it has no benchmark, or none of the arm.
        VoidMeasurementError: all that was measured of the arm is void.
    """
    record = load_record(expanded(run.out, "run.out") / "record.json")
    if record is None:
        raise UsageError(f"There is no run in {run.out}. Give the output folder of a run, or state the goodput.")
    bench = record.result(BenchResult)
    _refuse_other_gpus(variant, run, record, bench)
    return goodput_of(bench, run.arm, Path(run.out).name)


def goodput_of(bench: BenchResult, arm: str, run: str) -> Quantity | None:
    """Return what one machine serves with an arm, as `measured_goodput` does; `run` says whose benchmark it is.

    Raises:
        MissingStageError: the arm was not benchmarked.
        VoidMeasurementError: all that was measured of it is void.
    """
    if bench.service_level is None:
        point = bench.best(arm)
        value, interval = point.output_tokens_per_s, capacity_interval(bench, arm)
        kind = "highest throughput, no service level agreed"
    elif (useful := useful_point(bench, arm)) is not None:
        point, kind = useful, "goodput"
        value, interval = useful_tokens_per_s(point), useful_interval(bench, point)
    else:
        return None
    low, high = interval or (value, value)
    return Quantity(
        exact(value),
        "measured",
        f"{kind} of {arm} in {run} at {point.concurrency} requests of {bench.input_tokens} + "
        f"{bench.output_tokens} tokens{', dummy weights' if bench.dummy_weights else ''}",
        low=exact(min(low, value)),
        high=exact(max(high, value)),
        shape="triangular",
        stream=f"goodput of {arm} in {run}",
    )


def _refuse_other_gpus(variant: VariantForm, run: RunForm, record: RunRecord, bench: BenchResult) -> None:
    """Refuse a speed of other hardware than what is priced."""
    environment = record.done(BenchResult.STAGE).environment
    names = {gpu.name for gpu in environment.machine.cuda_gpus} if environment.accelerator == "cuda" else set()
    count = workers_of(options_of(bench.engine_arguments))
    wanted = find_gpu(str(variant.gpu))
    if {find_gpu(name).key for name in names} != {wanted.key} or count != variant.gpus:
        there = f"{count} x {', '.join(sorted(names))}" if names else "a processor without a GPU"
        raise UsageError(
            f"{variant.name} is priced on {variant.gpus} x {wanted.name}, and the run in {run.out} was on {there}. "
            f"Price the hardware that was measured, or leave `run` out to plan it."
        )
