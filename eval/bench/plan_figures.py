"""What the plan says of an arm, from its basis. Pure."""

from dataclasses import dataclass, replace

from eval.bench.planned import PlanBasis, PlannedFigures, PlannedSpeed
from eval.bench.soak.knee import knee_of
from pipeline.plan.activations import GIB
from pipeline.plan.architecture import Architecture
from pipeline.plan.budget import Stored
from pipeline.plan.checkpoint import stored_as
from pipeline.plan.corrections import Correction, Finder
from pipeline.plan.engine import engine_of
from pipeline.plan.gpu import Gpu
from pipeline.plan.model_config import architecture_of
from pipeline.plan.plan import Plan, plan_of
from pipeline.plan.processor import block_size
from pipeline.plan.roofline import Rate
from pipeline.plan.settings import Settings
from pipeline.plan.weights import QUANTIZATIONS, weight_bytes

_HALF = 2
"""Bytes of a number: engines are started with 16-bit activations, whatever a checkpoint's files hold."""
_ENOUGH = 2
"""Concurrencies from which there is a knee."""


@dataclass(frozen=True)
class Subject:
    """What is planned: a model as it is stored on a device, under settings."""

    gpu: Gpu
    model: Stored
    settings: Settings
    concurrency: tuple[int, ...]

    def plan(self, corrections: Finder | None, concurrency: int | None = None) -> Plan:
        """Return the plan of it, for requests under way; None: for as many as the engine serves at once."""
        settings = replace(self.settings, corrections=corrections, concurrency=concurrency)
        return plan_of(self.model.architecture, self.gpu, settings, self.model)

    def correction(self, corrections: Finder | None) -> Correction | None:
        """Return what was learned of the device and holds for it."""
        found = self.plan(corrections).correction
        return found if isinstance(found, Correction) else None


def subject_of(basis: PlanBasis, gpu: Gpu) -> Subject:
    """Return what is planned on a GPU, or on a processor in the terms of one.

    Raises:
        SourceError: the configuration is of no model that is planned.
        UsageError: the engine's version is none.
    """
    architecture = replace(architecture_of(basis.config), element_bytes=_HALF)
    found = stored_as(architecture, basis.config, repacked=not basis.on_cpu)
    quantization = QUANTIZATIONS["fp8"] if basis.online_quantization else found
    settings = Settings(
        quantization=quantization.name,
        tensor_parallel=basis.tensor_parallel,
        pipeline_parallel=basis.pipeline_parallel,
        max_model_len=basis.max_model_len,
        max_num_seqs=basis.max_num_seqs,
        at_once=False,
        max_num_batched_tokens=basis.max_num_batched_tokens,
        kv_cache_dtype=basis.kv_cache_dtype,
        gpu_memory_utilization=basis.gpu_memory_utilization,
        kv_cache_gib=basis.kv_cache_gib,
        block_size=_block(basis, architecture),
        eager=basis.eager,
        input_tokens=basis.input_tokens,
        output_tokens=basis.output_tokens,
        engine=engine_of(basis.vllm),
    )
    size = weight_bytes(architecture, quantization, settings.ranks, settings.pipeline_parallel)
    return Subject(gpu, Stored(architecture, quantization, size), settings, basis.concurrency)


def figures_of(subject: Subject, corrections: Finder | None) -> PlannedFigures:
    """Return what the plan says, corrected where something was learned that holds."""
    plan = subject.plan(corrections)
    rates = [(level, subject.plan(corrections, level).rate) for level in subject.concurrency]
    speeds = tuple(_speed(level, rate) for level, rate in rates if rate is not None)
    throughput = {one.concurrency: one.output_tokens_per_s for one in speeds}
    return PlannedFigures(
        weights_gib=plan.budget.weights / GIB,
        kv_cache_gib=plan.budget.kv_cache / GIB,
        kv_cache_tokens=plan.capacity.tokens,
        max_concurrency=plan.capacity.concurrency,
        speeds=speeds,
        knee=knee_of(throughput, max(throughput)).concurrency if len(speeds) >= _ENOUGH else None,
    )


def _speed(concurrency: int, rate: Rate) -> PlannedSpeed:
    (ttft_low, ttft_high), (tpot_low, tpot_high) = rate.interval_of(rate.ttft_s), rate.interval_of(rate.tpot_s)
    return PlannedSpeed(
        concurrency=concurrency,
        output_tokens_per_s=rate.expected,
        low=rate.low,
        high=rate.high,
        ttft_ms=rate.ttft_s * 1000,
        tpot_ms=rate.tpot_s * 1000,
        ttft_low_ms=ttft_low * 1000,
        ttft_high_ms=ttft_high * 1000,
        tpot_low_ms=tpot_low * 1000,
        tpot_high_ms=tpot_high * 1000,
    )


def _block(basis: PlanBasis, architecture: Architecture) -> int | None:
    if basis.block_size is not None or not basis.on_cpu:
        return basis.block_size
    return block_size(architecture)
