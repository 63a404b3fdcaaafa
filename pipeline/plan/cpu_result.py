"""A plan for a CPU as `awqctl plan --json` prints it: the names of a plan for GPUs, null where nothing is modelled."""

from typing import Literal

from pipeline.base.results import Result
from pipeline.plan.activations import GIB
from pipeline.plan.cpu import CpuAlternative, CpuPlan
from pipeline.plan.result import NearestSettings, ThroughputPoint, TokensPerSecond


class CpuConfiguration(Result):
    """One configuration on a CPU. Sizes are per worker; everything is modelled, nothing measured."""

    gpu: None = None
    cpu: str
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
    running_sequences: None = None
    output_tokens_per_s: TokensPerSecond | None = None
    """Always null: speed on a CPU is not modelled."""
    ttft_ms: None = None
    tpot_ms: None = None
    bound_by: Literal["capacity"] | None
    bandwidth_utilization: None = None
    compute_utilization: None = None
    throughput: tuple[ThroughputPoint, ...] = ()
    """Always empty, for the same reason."""
    calibrated: bool = False
    calibration: None = None
    nearest: list[NearestSettings]
    notes: list[str]
    data_parallel_size: int = 1
    enable_expert_parallel: bool = False
    capacity_utilization: None = None
    ttft_ms_interval: None = None
    tpot_ms_interval: None = None


def cpu_configuration(plan: CpuPlan, alternatives: tuple[CpuAlternative, ...] = ()) -> CpuConfiguration:
    """Return a plan for printing and for scripts."""
    settings, capacity = plan.settings, plan.capacity
    return CpuConfiguration(
        cpu=plan.cpu.name,
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
        input_tokens=settings.input_tokens,
        output_tokens=settings.output_tokens,
        bound_by=None if plan.fits else "capacity",
        nearest=[_nearest(each) for each in alternatives],
        notes=list(plan.notes),
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
