"""Benchmarks that are made up from a plan with shares that are known, so that what is learned of them is known, too."""

from typing import Any

from eval.bench.arm_plan import ArmPlans
from eval.bench.engine_proof import EngineProof, MemoryParts
from eval.bench.plan_figures import Subject, subject_of
from eval.bench.result import ArmLoad, BenchResult, EngineMemory, Latency, LoadPoint
from pipeline.catalogue.models import models
from pipeline.hardware.gpu import Gpu
from pipeline.hardware.machine import Machine
from pipeline.plan.activations import GIB
from pipeline.plan.corrections import Corrections, Shares, Stated
from pipeline.recipe.engine import EngineSettings

CONFIG = dict(models()["meta-llama/Llama-3.1-8B"].config)
ENGINE = EngineSettings(max_model_len=8192, max_num_seqs=64)
LEVELS = (1, 4, 16, 64)
H100 = Machine(
    cpu="Example CPU 9000",
    cores=16,
    memory_bytes=128 * 2**30,
    platform="Linux",
    gpus=(Gpu(vendor="nvidia", name="NVIDIA H100 80GB HBM3", memory_bytes=int(79.18 * 2**30)),),
)
PROCESSOR = H100.model_copy(update={"gpus": ()})


def measured(
    shares: Shares = (0.6, 0.4),
    *,
    machine: Machine = H100,
    beside_gib: float = 0.0,
    faster: float = 1.0,
    corrections: Corrections | None = None,
    config: dict[str, Any] | None = CONFIG,
) -> BenchResult:
    """Return a benchmark of the baseline on a device that attains these shares, with its plan.

    Args:
        shares: that the device attains.
        machine: that it was measured on.
        beside_gib: memory that is taken beside what is planned.
        faster: times the throughput is higher than such a device's.
        corrections: that the plan is made with.
        config: of the model; None where it cannot be read.
    """
    on_cpu = not machine.cuda_gpus
    plans = ArmPlans("meta-llama/Llama-3.1-8B", ENGINE, machine, corrections or Corrections(), on_cpu=on_cpu)
    empty = _result(_load((), 1.0, 1.0, 1, 1.0))
    basis = plans.of(empty, empty.arms[0], CONFIG).basis
    assert basis is not None
    gpu, _ = plans._device()  # noqa: SLF001 -- the device that the plan takes
    assert gpu is not None
    subject = subject_of(basis, gpu)
    budget, capacity = (plan := subject.plan(None)).budget, plan.capacity
    points = tuple(_point(subject, shares, level, faster) for level in LEVELS)
    load = _load(
        points,
        budget.weights / GIB,
        budget.kv_cache / GIB - beside_gib,
        capacity.tokens,
        capacity.concurrency,
        on_cpu=on_cpu,
    )
    result = _result(load)
    return result.model_copy(update={"plans": (plans.of(result, load, config),)})


def _point(subject: Subject, shares: Shares, level: int, faster: float) -> LoadPoint:
    rate = subject.plan(Stated(shares), level).rate
    assert rate is not None
    speed = rate.expected * faster
    return LoadPoint(
        concurrency=level,
        requests=8 * level,
        output_tokens_per_s=speed,
        output_tokens_per_s_runs=(speed,),
        output_tokens_per_s_min=speed,
        output_tokens_per_s_max=speed,
        total_tokens_per_s=2 * speed,
        requests_per_s=1.0,
        ttft=_latency(rate.ttft_s),
        tpot=_latency(rate.tpot_s),
        itl=_latency(rate.tpot_s),
        e2e=_latency(1.0),
        duration_s=10.0,
    )


def _latency(seconds: float) -> Latency:
    return Latency(mean_ms=None, p50_ms=seconds * 1000, p95_ms=None, p99_ms=None)


def _load(
    points: tuple[LoadPoint, ...],
    weights: float,
    cache: float,
    tokens: int,
    concurrency: float,
    *,
    on_cpu: bool = False,
) -> ArmLoad:
    memory = EngineMemory(
        weights_gib=weights,
        weights_from="files" if on_cpu else "engine",
        kv_cache_tokens=tokens,
        max_concurrency=concurrency,
        context_tokens=ENGINE.max_model_len,
    )
    parts = MemoryParts(weights_gib=weights, kv_cache_gib=cache, activation_peak_gib=None, graphs_gib=None)
    proof = EngineProof(
        integer_math=None,
        attention_backend=None,
        kv_cache_dtype="auto",
        dtype="bfloat16",
        compilation=None,
        graphs=None,
        variables={},
        memory=parts,
    )
    return ArmLoad(
        arm="baseline",
        engine_version="0.32.0",
        kernel="unquantized",
        dtype="bfloat16",
        memory=memory,
        start_seconds=1.0,
        points=points,
        proof=proof,
    )


def _result(load: ArmLoad) -> BenchResult:
    return BenchResult(
        arms=(load,),
        input_tokens=512,
        output_tokens=128,
        repeats=1,
        engine_version="vllm 0.32.0",
        engine_arguments=("--max-model-len", "8192"),
        throughput_over="whole run",
        counter_disagreement=None,
    )
