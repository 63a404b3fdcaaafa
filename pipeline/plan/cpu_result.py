"""A plan for a CPU as `awqctl plan --json` prints it: the names of a plan for GPUs, null where nothing is modelled."""

from typing import Literal

from pipeline.base.results import Result
from pipeline.plan.activations import GIB
from pipeline.plan.cpu import CpuAlternative, CpuPlan
from pipeline.plan.plan import workload
from pipeline.plan.result import (
    Calibration,
    Interval,
    NearestSettings,
    ThroughputPoint,
    TokensPerSecond,
    milliseconds,
    tokens_per_second,
)


class CpuConfiguration(Result):
    """One configuration on a CPU. Sizes are per worker; everything is modelled, nothing measured."""

    gpu: None = None
    cpu: str
    device: str | None
    """What runs on it call it; null: another machine is meant."""
    gpus: int
    """Workers, each with the memory of a NUMA node."""
    tensor_parallel_size: int
    pipeline_parallel_size: int
    quantization: str
    kv_cache_dtype: str
    vllm: str
    memory_gib: float
    """Of a worker: of the machine, through its NUMA nodes."""
    memory_free_gib: float | None
    """Of the whole machine now; null: another machine is meant."""
    max_model_len: int
    max_num_seqs: int
    verdict: Literal["fits", "impossible"]
    reasons: list[str]
    requested_memory_gib: float
    """Weights and KV cache; what comes on top is not modelled."""
    weights_gib: float
    cpu_offload_gib: float = 0.0
    activations_gib: None = None
    non_torch_gib: None = None
    cuda_graphs_gib: None = None
    kv_cache_gib: float
    """As it was stated."""
    kv_cache_tokens: int
    kv_bytes_per_token: float
    max_concurrency: float
    needed_kv_cache_gib: float
    """Of one sequence of `max_model_len` tokens."""
    max_model_len_that_fits: int
    input_tokens: int
    output_tokens: int
    running_sequences: int | None
    output_tokens_per_s: TokensPerSecond | None
    """Null: speed on a CPU is known from runs on it alone, and there are none that hold."""
    ttft_ms: float | None
    tpot_ms: float | None
    bound_by: str | None
    bandwidth_utilization: None = None
    compute_utilization: None = None
    throughput: tuple[ThroughputPoint, ...] = ()
    """Always empty."""
    calibrated: bool
    calibration: Calibration | None
    nearest: list[NearestSettings]
    notes: list[str]
    data_parallel_size: int = 1
    enable_expert_parallel: bool = False
    capacity_utilization: None = None
    ttft_ms_interval: Interval | None
    tpot_ms_interval: Interval | None


def cpu_configuration(plan: CpuPlan, alternatives: tuple[CpuAlternative, ...] = ()) -> CpuConfiguration:
    """Return a plan for printing and for scripts."""
    settings, capacity, rate = plan.settings, plan.capacity, plan.rate
    load = workload(settings, plan.max_model_len)
    return CpuConfiguration(
        cpu=plan.cpu.name,
        device=plan.cpu.device,
        gpus=settings.gpus,
        tensor_parallel_size=settings.tensor_parallel,
        pipeline_parallel_size=settings.pipeline_parallel,
        quantization=settings.quantization,
        kv_cache_dtype=settings.kv_cache_dtype,
        vllm=plan.engine.name,
        memory_gib=plan.cpu.worker_gib,
        memory_free_gib=plan.cpu.available_gib,
        max_model_len=plan.max_model_len,
        max_num_seqs=plan.sequences,
        verdict="fits" if plan.fits else "impossible",
        reasons=list(plan.shortages),
        requested_memory_gib=(plan.weights + plan.kv_cache) / GIB,
        weights_gib=plan.weights / GIB,
        kv_cache_gib=plan.kv_cache / GIB,
        kv_cache_tokens=capacity.tokens,
        kv_bytes_per_token=plan.cache.bytes_per_token,
        max_concurrency=capacity.concurrency,
        needed_kv_cache_gib=capacity.needed_bytes / GIB,
        max_model_len_that_fits=capacity.longest,
        input_tokens=load.input_tokens,
        output_tokens=load.output_tokens,
        running_sequences=rate and rate.running,
        output_tokens_per_s=tokens_per_second(rate),
        ttft_ms=rate and rate.ttft_s * 1000,
        tpot_ms=rate and rate.tpot_s * 1000,
        ttft_ms_interval=rate and milliseconds(rate, rate.ttft_s),
        tpot_ms_interval=rate and milliseconds(rate, rate.tpot_s),
        bound_by=rate.bound_by if rate else (None if plan.fits else "capacity"),
        calibrated=rate is not None,
        calibration=_calibration(plan),
        nearest=[_nearest(each) for each in alternatives],
        notes=list(plan.notes),
    )


def _calibration(plan: CpuPlan) -> Calibration | None:
    """Return what the speed is taken from; its shares are of no rate that anybody stated, and not told."""
    found = plan.correction
    if found is None or plan.rate is None:
        return None
    models = list(found.models)
    return Calibration(
        runs=found.runs, models=models, kernel=found.kernel, bandwidth_share=None, compute_share=None, beside_gib=0.0
    )


def _nearest(alternative: CpuAlternative) -> NearestSettings:
    plan, settings = alternative.plan, alternative.plan.settings
    return NearestSettings(
        change=alternative.change,
        gpu="cpu",
        gpus=settings.gpus,
        quantization=settings.quantization,
        kv_cache_dtype=settings.kv_cache_dtype,
        max_model_len=plan.max_model_len,
        max_num_seqs=settings.max_num_seqs,
        usd_per_hour=None,
    )
