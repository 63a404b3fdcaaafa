"""Assesses a benchmark: its points against the limits of its engines and the rates of the hardware they ran on."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from eval.arms.setup import EngineSetup
from eval.bench.assessor import Assessor, run_service
from eval.bench.binding import Rates
from eval.bench.comparison import deciding_repeats
from eval.bench.load.details import Answer
from eval.bench.load.service import ServiceLimits
from eval.bench.overload import EngineLimits
from eval.bench.result import ArmLoad, BenchResult, EngineMemory
from pipeline.base.errors import AwqctlError
from pipeline.catalogue.seen import seen_gpu
from pipeline.hardware.machine import Machine
from pipeline.plan.matrices import active_parameters
from pipeline.plan.model_config import architecture_of
from pipeline.plan.roofline import ATTAINABLE, context_bytes
from pipeline.recipe.engine import EngineSettings
from pipeline.recipe.recipe import Recipe


def assessed(
    result: BenchResult,
    setup: EngineSetup,
    recipe: Recipe,
    machine: Machine,
    answers: Callable[[str], Sequence[Answer]],
) -> BenchResult:
    """Return a benchmark with what is to be known of its points beside their speed.

    Args:
        result: the benchmark.
        setup: of its engines.
        recipe: with the settings of engine and load.
        machine: that the engines ran on.
        answers: reads the answered requests of a raw file, by its name.
    """
    bench, engine = recipe.bench, recipe.engine
    level = ServiceLimits(**bench.service_level.model_dump()) if bench.service_level else None
    ceiling = result.calibration.usable_ceiling if result.calibration else None

    def of_arm(load: ArmLoad) -> ArmLoad:
        if not load.points:
            return load
        prompt, answer = mean_tokens(load)
        context = prompt + answer / 2
        service = {
            point.concurrency: tuple(run_service(run, answers(run.raw_file), level) for run in point.valid)
            for point in load.points
        }
        limits = EngineLimits(engine.max_num_seqs, load.memory.kv_cache_tokens, prompt + answer)
        weights, on_gpu = setup.weights[load.arm], setup.accelerator == "cuda"
        rates = rates_of(load.memory, weights.path, machine, engine, context, fp8=weights.online) if on_gpu else None
        assessor = Assessor(limits, ceiling, rates, context, deciding_repeats(result))
        return load.model_copy(update={"points": assessor.assessed(load.points, service)})

    return result.model_copy(update={"arms": tuple(of_arm(load) for load in result.arms), "service_level": level})


def mean_tokens(load: ArmLoad) -> tuple[float, float]:
    """Return the tokens of a prompt and of an answer, as the runs that stand had them on the average."""
    runs = [run for point in load.points for run in point.valid]
    answered = sum(run.answered for run in runs)
    return sum(run.input_tokens for run in runs) / answered, sum(run.output_tokens for run in runs) / answered


def rates_of(
    memory: EngineMemory,
    model: Path,
    machine: Machine,
    settings: EngineSettings,
    context_tokens: float,
    *,
    fp8: bool,
) -> Rates | None:
    """Return what the model takes from each GPU, and what that attains; None where one of both is not known.

    Not known are GPUs that are not in the catalogue, weights whose size the engine did not tell, experts (a step reads
    those that its tokens are sent to), and layers spread over groups of GPUs.

    Args:
        memory: as the engine reports it.
        model: folder with the `config.json`.
        machine: whose first GPU it ran on.
        settings: of the engine.
        context_tokens: of a request in the cache, on the average of its life.
        fp8: whether the matrices are multiplied in FP8.
    """
    gpu = seen_gpu(machine)
    if gpu is None or memory.weights_from != "engine" or (settings.pipeline_parallel_size or 1) > 1:
        return None
    try:
        architecture = architecture_of(json.loads((model / "config.json").read_text(encoding="utf-8")))
    except (AwqctlError, OSError, ValueError):  # another model than any that is known
        return None
    tflops = gpu.tflops.get("fp8" if fp8 else "fp16")
    if tflops is None or gpu.family not in ATTAINABLE or any(layer.mlp.experts for layer, _ in architecture.layers):
        return None
    ranks = settings.tensor_parallel_size or 1
    element = 1 if (settings.kv_cache_dtype or "").startswith("fp8") else architecture.element_bytes
    bandwidth, compute = ATTAINABLE[gpu.family]
    return Rates(
        weights_bytes=memory.weights_gib * 2**30,
        kv_bytes_per_token=context_bytes(architecture, context_tokens, element, ranks) / context_tokens,
        operations_per_token=2 * active_parameters(architecture) / ranks,
        bandwidth_bytes_s=gpu.bandwidth_gb_s * 1e9 * bandwidth,
        operations_s=tflops * 1e12 * compute,
    )
