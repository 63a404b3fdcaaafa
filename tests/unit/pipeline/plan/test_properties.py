"""What holds for every plan, tried on many that are drawn at random with a seed."""

import random
from dataclasses import replace

import pytest

from pipeline.catalogue.gpus import gpus
from pipeline.catalogue.models import models
from pipeline.plan.budget import stored
from pipeline.plan.gpu import Gpu
from pipeline.plan.plan import Plan, layout, plan_of
from pipeline.plan.settings import Settings

DRAWS = 150


def drawn(seed: int) -> tuple[str, Gpu, Settings]:
    """Return a model, a GPU and settings at random."""
    draw = random.Random(seed)  # noqa: S311 -- drawn examples, not secrets
    model = draw.choice(sorted(models()))
    gpu = draw.choice([entry.planned() for entry in gpus().values()])
    settings = Settings(
        quantization=draw.choice(["none", "awq", "fp8"]),
        max_model_len=draw.choice([512, 2048, 8192, 32768]),
        max_num_seqs=draw.choice([None, 1, 8, 64]),
        kv_cache_dtype=draw.choice(["auto", "fp8"]),
    )
    return model, gpu, settings


def made(model: str, gpu: Gpu, settings: Settings) -> Plan:
    """Return a plan of a catalogued model."""
    return plan_of(models()[model].architecture, gpu, settings)


@pytest.mark.parametrize("seed", range(DRAWS))
def test_more_never_fits_less(seed: int) -> None:
    """More memory holds at least as much; a longer context, and more sequences, never fit where less did not."""
    model, gpu, settings = drawn(seed)
    plan = made(model, gpu, settings)
    larger = made(model, replace(gpu, memory_gib=gpu.memory_gib * 1.5), replace(settings, max_num_batched_tokens=2048))
    same = made(model, gpu, replace(settings, max_num_batched_tokens=2048))
    longer = made(model, gpu, replace(settings, max_model_len=2 * plan.max_model_len))
    more = made(model, gpu, replace(settings, max_num_seqs=2 * plan.budget.sequences))
    assert larger.capacity.tokens >= same.capacity.tokens
    assert longer.capacity.concurrency <= plan.capacity.concurrency
    assert more.budget.activations >= plan.budget.activations
    assert more.budget.kv_cache <= plan.budget.kv_cache
    assert not (longer.fits and not plan.fits)
    assert not (more.fits and not plan.fits)


@pytest.mark.parametrize("seed", range(DRAWS))
def test_nothing_exceeds_all_of_it(seed: int) -> None:
    """No utilization above 100 %, no rate without a plan that fits, and the interval holds the expected rate."""
    plan = made(*drawn(seed))
    if plan.rate is None:
        assert not plan.fits or "fp16" not in plan.gpu.tflops or plan.budget.kv_cache < plan.cache.block_bytes * 64
        return
    assert 0 < plan.rate.bandwidth_utilization <= 1
    assert 0 < plan.rate.compute_utilization <= 1
    assert plan.rate.low < plan.rate.expected < plan.rate.high


@pytest.mark.parametrize("model", sorted(models()))
def test_tensor_parallelism_never_raises_memory(model: str) -> None:
    """Weights and cache per token on each GPU shrink, or stay, with every doubling of the ranks."""
    architecture, gpu = models()[model].architecture, gpus()["h100"].planned()
    for quantization in ("none", "awq", "fp8"):
        sizes = [Settings(quantization=quantization, tensor_parallel=ranks) for ranks in (1, 2, 4, 8)]
        weights = [stored(architecture, settings).weights for settings in sizes]
        assert weights == sorted(weights, reverse=True)
    caches = [layout(architecture, gpu, Settings(tensor_parallel=ranks)).bytes_per_token for ranks in (1, 2, 4, 8)]
    assert caches == sorted(caches, reverse=True)


@pytest.mark.parametrize("model", sorted(models()))
def test_fewer_bits_never_take_more(model: str) -> None:
    """FP8 takes no more than 16 bit, 4 bit no more than FP8."""
    architecture = models()[model].architecture
    if architecture.published:
        return
    none, fp8, awq = (stored(architecture, Settings(quantization=name)).weights for name in ("none", "fp8", "awq"))
    assert awq <= fp8 <= none
