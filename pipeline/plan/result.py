"""A plan as `awqctl plan --json` prints it."""

from typing import Literal

from pipeline.base.results import Result
from pipeline.plan.activations import GIB
from pipeline.plan.corrections import Correction
from pipeline.plan.nearest import Alternative
from pipeline.plan.plan import Plan, workload
from pipeline.plan.roofline import Rate, attainable


class TokensPerSecond(Result):
    """Output tokens per second of all sequences together, with an interval."""

    low: float
    expected: float
    high: float


class Interval(Result):
    """A time with an interval; the shortest goes with the highest throughput."""

    low: float
    expected: float
    high: float


class ThroughputPoint(Result):
    """Expected speed at a number of requests under way."""

    concurrency: int
    low: float
    expected: float
    high: float
    tpot_ms: float
    operations_per_byte: float
    """Of a decode step, for the roofline."""
    bandwidth_utilization: float
    tpot_ms_interval: Interval | None = None


class NearestSettings(Result):
    """Settings that work instead."""

    change: str
    gpu: str
    gpus: int
    quantization: str
    kv_cache_dtype: str
    max_model_len: int
    max_num_seqs: int | None
    usd_per_hour: float | None
    """Of all GPUs together; null: no price is known."""
    price_stale: bool = False
    """That price is older than 90 days."""
    tensor_parallel_size: int = 1
    pipeline_parallel_size: int = 1
    data_parallel_size: int = 1
    enable_expert_parallel: bool = False
    cpu_offload_gib: float = 0.0
    output_tokens_per_s: TokensPerSecond | None = None
    """Null: the GPU's rates are not known."""


class Calibration(Result):
    """What the speeds and the memory of a configuration were corrected by."""

    runs: int
    """That it rests on."""
    models: list[str]
    """That ran."""
    kernel: str
    bandwidth_share: float | None
    """Of the stated memory bandwidth; None where the runs do not tell it."""
    compute_share: float | None
    """Of the stated operations per second; as above."""
    beside_gib: float
    """Memory beside weights and KV cache, more than planned without runs; in `non_torch_gib`."""


class ConfigurationPlan(Result):
    """One configuration. Sizes are per GPU, as vLLM's log has them; everything is modelled, nothing measured."""

    gpu: str
    gpus: int
    tensor_parallel_size: int
    pipeline_parallel_size: int
    nodes: int
    quantization: str
    kv_cache_dtype: str
    vllm: str
    gpu_memory_utilization: float
    gpu_memory_gib: float
    max_model_len: int
    max_num_seqs: int
    verdict: Literal["fits", "impossible"]
    reasons: list[str]
    requested_memory_gib: float
    weights_gib: float
    cpu_offload_gib: float
    """Of the weights, in the CPU's memory."""
    activations_gib: float
    non_torch_gib: float
    cuda_graphs_gib: float
    cuda_graphs_inside: bool
    kv_cache_gib: float
    kv_cache_tokens: int
    kv_bytes_per_token: float
    max_concurrency: float
    needed_kv_cache_gib: float
    """Of one sequence of `max_model_len` tokens."""
    max_model_len_that_fits: int
    input_tokens: int
    """Of the requests that speeds are for: as asked, or shortened to what `max_model_len` admits."""
    output_tokens: int
    running_sequences: int | None
    output_tokens_per_s: TokensPerSecond | None
    ttft_ms: float | None
    tpot_ms: float | None
    bound_by: str | None
    bandwidth_utilization: float | None
    compute_utilization: float | None
    capacity_utilization: float | None
    """Of the KV cache: what the sequences that run at once hold on the average of their lives."""
    bandwidth_gb_s: float
    peak_tflops: float | None
    """In the format that is multiplied in; null: unknown, or it cannot run."""
    throughput: list[ThroughputPoint]
    """Over concurrency, up to what runs at once; empty where nothing runs."""
    calibrated: bool
    """Whether runs on this GPU corrected it."""
    calibration: Calibration | None = None
    nearest: list[NearestSettings]
    notes: list[str]
    data_parallel_size: int = 1
    """Replicas: the cache, `max_concurrency` and `max_num_seqs` are of each, running sequences and speeds of all."""
    enable_expert_parallel: bool = False
    ttft_ms_interval: Interval | None = None
    """Around `ttft_ms`; modelled like the throughput, and not compared with published runs."""
    tpot_ms_interval: Interval | None = None


def configuration(
    plan: Plan, alternatives: tuple[Alternative, ...] = (), curve: tuple[Plan, ...] = ()
) -> ConfigurationPlan:
    """Return a plan for printing and for scripts."""
    budget, capacity, rate, settings = plan.budget, plan.capacity, plan.rate, plan.settings
    utilization, load = settings.gpu_memory_utilization, workload(settings, plan.max_model_len)
    return ConfigurationPlan(
        gpu=plan.gpu.name,
        gpus=settings.gpus,
        tensor_parallel_size=settings.tensor_parallel,
        pipeline_parallel_size=settings.pipeline_parallel,
        nodes=settings.nodes,
        quantization=settings.quantization,
        kv_cache_dtype=settings.kv_cache_dtype,
        vllm=settings.engine.name,
        gpu_memory_utilization=settings.engine.utilization if utilization is None else utilization,
        gpu_memory_gib=plan.gpu.memory_gib,
        max_model_len=plan.max_model_len,
        max_num_seqs=budget.sequences,
        verdict="fits" if plan.fits else "impossible",
        reasons=list(plan.shortages),
        requested_memory_gib=budget.requested / GIB,
        weights_gib=budget.weights / GIB,
        cpu_offload_gib=settings.offload_gib,
        activations_gib=budget.activations / GIB,
        non_torch_gib=budget.other / GIB,
        cuda_graphs_gib=budget.graphs / GIB,
        cuda_graphs_inside=budget.graphs_inside,
        kv_cache_gib=budget.kv_cache / GIB,
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
        bound_by=rate.bound_by if rate else ("capacity" if plan.shortages else None),
        bandwidth_utilization=rate and rate.bandwidth_utilization,
        compute_utilization=rate and rate.compute_utilization,
        capacity_utilization=plan.capacity_utilization,
        bandwidth_gb_s=plan.gpu.bandwidth_gb_s,
        peak_tflops=rate and rate.peak_operations_s / 1e12,
        throughput=[_point(each.rate) for each in curve if each.rate is not None],
        calibrated=isinstance(plan.correction, Correction) and plan.correction.tells_speed,
        calibration=_calibration(plan),
        nearest=[_nearest(each) for each in alternatives],
        notes=list(plan.notes),
        data_parallel_size=settings.data_parallel,
        enable_expert_parallel=settings.expert_parallel,
        ttft_ms_interval=rate and milliseconds(rate, rate.ttft_s),
        tpot_ms_interval=rate and milliseconds(rate, rate.tpot_s),
    )


def tokens_per_second(rate: Rate | None) -> TokensPerSecond | None:
    """Return the throughput of a rate; None without one."""
    return None if rate is None else TokensPerSecond(low=rate.low, expected=rate.expected, high=rate.high)


def milliseconds(rate: Rate, seconds: float) -> Interval:
    """Return a time of a rate with its interval."""
    low, high = rate.interval_of(seconds)
    return Interval(low=low * 1000, expected=seconds * 1000, high=high * 1000)


def _calibration(plan: Plan) -> Calibration | None:
    found = plan.correction
    if not isinstance(found, Correction):
        return None
    memory, compute = attainable(plan.gpu, plan.model.quantization) or (None, None)
    bandwidth, operations = found.bandwidth(memory), found.compute(compute)
    return Calibration(
        runs=found.runs,
        models=list(found.models),
        kernel=found.kernel,
        bandwidth_share=bandwidth and bandwidth.value,
        compute_share=operations and operations.value,
        beside_gib=found.beside_gib,
    )


def _point(rate: Rate) -> ThroughputPoint:
    return ThroughputPoint(
        concurrency=rate.running,
        low=rate.low,
        expected=rate.expected,
        high=rate.high,
        tpot_ms=rate.tpot_s * 1000,
        operations_per_byte=rate.intensity,
        bandwidth_utilization=rate.bandwidth_utilization,
        tpot_ms_interval=milliseconds(rate, rate.tpot_s),
    )


def _nearest(alternative: Alternative) -> NearestSettings:
    plan = alternative.plan
    return NearestSettings(
        change=alternative.change,
        gpu=plan.gpu.name,
        gpus=plan.settings.gpus,
        quantization=plan.settings.quantization,
        kv_cache_dtype=plan.settings.kv_cache_dtype,
        max_model_len=plan.max_model_len,
        max_num_seqs=plan.settings.max_num_seqs,
        usd_per_hour=alternative.usd_per_hour,
        price_stale=plan.gpu.price_stale,
        tensor_parallel_size=plan.settings.tensor_parallel,
        pipeline_parallel_size=plan.settings.pipeline_parallel,
        data_parallel_size=plan.settings.data_parallel,
        enable_expert_parallel=plan.settings.expert_parallel,
        cpu_offload_gib=plan.settings.offload_gib,
        output_tokens_per_s=tokens_per_second(plan.rate),
    )
