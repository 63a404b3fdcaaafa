"""What holds for every plan, tried on many that hypothesis draws."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.catalogue.gpus import gpus
from pipeline.catalogue.models import models
from pipeline.plan.activations import GIB
from pipeline.plan.architecture import Architecture
from pipeline.plan.budget import stored
from pipeline.plan.engine import engine_of
from pipeline.plan.gpu import Gpu
from pipeline.plan.nearest import nearest
from pipeline.plan.placement import can_share
from pipeline.plan.plan import Plan, layout, plan_of
from pipeline.plan.result import configuration
from pipeline.plan.settings import Settings
from tests.simulations import data_sets

pytestmark = pytest.mark.whole

MODELS = {name: entry.architecture for name, entry in models().items()}
GPUS = {entry.name: entry.planned() for entry in gpus().values()}
drawn = settings(derandomize=True, deadline=None, database=None, max_examples=data_sets(120, part=3))
"""The same examples on every machine, whatever its speed."""
architectures = st.sampled_from(sorted(MODELS)).map(MODELS.__getitem__)
cards = st.sampled_from(sorted(GPUS)).map(GPUS.__getitem__)
ranks = st.sampled_from([1, 2, 4, 8])
asked = st.builds(
    Settings,
    quantization=st.sampled_from(["none", "awq", "fp8"]),
    tensor_parallel=ranks,
    data_parallel=st.sampled_from([1, 2, 3]),
    expert_parallel=st.booleans(),
    max_model_len=st.integers(16, 131072),
    max_num_seqs=st.none() | st.integers(1, 512),
    kv_cache_dtype=st.sampled_from(["auto", "fp8"]),
    eager=st.booleans(),
    input_tokens=st.integers(1, 4096),
    output_tokens=st.integers(1, 4096),
    concurrency=st.none() | st.integers(1, 2000),
    engine=st.sampled_from(["0.8.5", "0.11.0", "0.20.2", "0.33.0"]).map(engine_of),
)
"""Of V1 alone: V0 takes less for a longer context once that makes it prefill in chunks."""


def pinned(plan: Plan) -> Settings:
    """Return a plan's settings with the batch that it had: vLLM's own depends on the size of the card."""
    budget = plan.budget
    return replace(
        plan.settings, max_num_batched_tokens=budget.batched_tokens, max_num_seqs=budget.sequences, at_once=False
    )


@drawn
@given(architectures, cards, asked, st.floats(1, 4))
def test_more_memory_never_fits_less(architecture: Architecture, gpu: Gpu, wanted: Settings, factor: float) -> None:
    """A larger card holds as many tokens, and what fitted still does."""
    plan = plan_of(architecture, gpu, pinned(plan_of(architecture, gpu, wanted)))
    larger = plan_of(architecture, replace(gpu, memory_gib=gpu.memory_gib * factor), plan.settings)
    assert larger.budget.kv_cache >= plan.budget.kv_cache
    assert larger.capacity.tokens >= plan.capacity.tokens
    assert larger.capacity.longest >= plan.capacity.longest
    assert larger.fits >= plan.fits


@drawn
@given(architectures, cards, asked, st.integers(1, 1024), st.integers(1, 1024))
def test_more_sequences_never_use_less(
    architecture: Architecture, gpu: Gpu, wanted: Settings, some: int, further: int
) -> None:
    """Their activations never shrink and their cache never grows, nor fits what did not fit before."""
    few = plan_of(architecture, gpu, replace(wanted, max_num_seqs=some))
    many = plan_of(architecture, gpu, replace(wanted, max_num_seqs=some + further))
    assert many.budget.activations >= few.budget.activations
    assert many.budget.kv_cache <= few.budget.kv_cache
    assert many.fits <= few.fits


@drawn
@given(architectures, cards, asked, st.integers(1, 131072))
def test_a_longer_context_never_fits_more(architecture: Architecture, gpu: Gpu, wanted: Settings, further: int) -> None:
    """Nor more requests of it, nor with less memory each."""
    short = plan_of(architecture, gpu, wanted)
    long = plan_of(architecture, gpu, replace(wanted, max_model_len=short.max_model_len + further))
    assert long.capacity.concurrency <= short.capacity.concurrency
    assert long.capacity.needed_bytes >= short.capacity.needed_bytes
    assert long.fits <= short.fits


@pytest.mark.parametrize("model", sorted(MODELS))
def test_tensor_parallelism_never_raises_memory(model: str) -> None:
    """Weights and cache per token on each GPU shrink, or stay, with every doubling of the ranks."""
    architecture, gpu = MODELS[model], gpus()["h100"].planned()
    for quantization in ("none", "awq", "fp8"):
        for data, expert in ((1, False), (1, True), (2, False), (2, True)):
            sizes = [
                Settings(quantization, tensor_parallel=each, data_parallel=data, expert_parallel=expert)
                for each in (1, 2, 4, 8)
            ]
            weights = [stored(architecture, each).weights for each in sizes]
            assert all(fewer >= more for fewer, more in pairwise(weights))
    caches = [layout(architecture, gpu, Settings(tensor_parallel=each)).bytes_per_token for each in (1, 2, 4, 8)]
    assert caches == sorted(caches, reverse=True)


@drawn
@given(architectures, cards, asked, st.integers(2, 16))
def test_replicas_take_what_one_takes(architecture: Architecture, gpu: Gpu, wanted: Settings, replicas: int) -> None:
    """Data parallelism changes no memory per GPU, but that of experts, which the replicas share."""
    one = plan_of(architecture, gpu, replace(wanted, data_parallel=1, expert_parallel=False))
    many = plan_of(architecture, gpu, replace(wanted, data_parallel=replicas, expert_parallel=False))
    assert many.cache == one.cache
    assert many.capacity.needed_bytes == one.capacity.needed_bytes
    if architecture.has_experts:
        assert many.budget.weights <= one.budget.weights
    else:
        assert many.budget == one.budget
        assert many.fits == one.fits


@drawn
@given(architectures, cards, asked)
def test_the_parts_are_the_whole(architecture: Architecture, gpu: Gpu, wanted: Settings) -> None:
    """Units are never mixed: what a result says in GiB, ms and MB is what was computed in bytes and seconds."""
    plan = plan_of(architecture, gpu, wanted)
    told, budget = configuration(plan), plan.budget
    parts = (told.weights_gib, told.activations_gib, told.non_torch_gib, told.kv_cache_gib)
    inside = told.cuda_graphs_gib if told.cuda_graphs_inside else 0.0
    assert sum(parts) + inside == pytest.approx(told.requested_memory_gib)
    assert told.requested_memory_gib <= told.gpu_memory_gib
    assert told.requested_memory_gib * GIB == pytest.approx(budget.requested)
    assert told.needed_kv_cache_gib * GIB == plan.capacity.needed_bytes
    if plan.rate is not None and told.tpot_ms is not None:
        assert told.tpot_ms == pytest.approx(plan.rate.tpot_s * 1e3)


@drawn
@given(architectures, cards, asked)
def test_an_interval_is_one_of_speed(architecture: Architecture, gpu: Gpu, wanted: Settings) -> None:
    """Times and throughput belong together at either end: the sequences at once are tokens per second times TPOT.

    What the product lacks to them is their prompts, which take no longer than the TTFT.
    """
    told = configuration(plan_of(architecture, gpu, wanted))
    speed, tpot, ttft = told.output_tokens_per_s, told.tpot_ms_interval, told.ttft_ms_interval
    assume(speed is not None)
    assert speed is not None
    assert tpot is not None
    assert ttft is not None
    assert told.running_sequences is not None
    for rate, time, first in (
        (speed.low, tpot.high, ttft.high),
        (speed.expected, tpot.expected, ttft.expected),
        (speed.high, tpot.low, ttft.low),
    ):
        assert rate * time / 1000 <= told.running_sequences * (1 + 1e-9)
        assert rate * (time + first / told.output_tokens) / 1000 >= told.running_sequences * (1 - 1e-9)

    assert speed.low < speed.expected < speed.high
    assert tpot.low < tpot.expected < tpot.high


@pytest.mark.parametrize("quantization", ["none", "awq", "fp8"])
def test_nothing_is_used_beyond_all_of_it(quantization: str) -> None:
    """Of the whole catalogue, no utilization above 100 %, alone and at capacity, with stages and replicas too."""
    for architecture in MODELS.values():
        for gpu in GPUS.values():
            for concurrency, stages, replicas in ((1, 1, 1), (None, 1, 1), (3, 2, 2)):
                plan = plan_of(
                    architecture,
                    gpu,
                    Settings(
                        quantization,
                        pipeline_parallel=stages,
                        data_parallel=replicas,
                        max_model_len=4096,
                        concurrency=concurrency,
                    ),
                )
                if plan.rate is None:
                    continue
                told = configuration(plan)
                used = (told.bandwidth_utilization, told.compute_utilization, told.capacity_utilization)
                assert all(share is not None and 0 < share <= 1 for share in used), (architecture.name, gpu.name, used)
                assert told.bound_by


@settings(drawn, max_examples=data_sets(40, part=2))
@given(architectures, cards, asked)
def test_what_is_proposed_works(architecture: Architecture, gpu: Gpu, wanted: Settings) -> None:
    """Every alternative, planned again from nothing but the fields that a user is told."""
    plan = plan_of(architecture, gpu, wanted)
    assume(not plan.fits)
    told = configuration(plan, nearest(architecture, plan, GPUS.values()))
    for each in told.nearest:
        again = plan_of(
            architecture,
            GPUS[each.gpu],
            replace(
                wanted,
                quantization=each.quantization,
                tensor_parallel=each.tensor_parallel_size,
                pipeline_parallel=each.pipeline_parallel_size,
                data_parallel=each.data_parallel_size,
                expert_parallel=each.enable_expert_parallel,
                max_model_len=each.max_model_len,
                max_num_seqs=each.max_num_seqs,
                kv_cache_dtype=each.kv_cache_dtype,
                offload_gib=each.cpu_offload_gib,
            ),
        )
        assert again.fits, (each.change, again.shortages)
        assert again.settings.gpus == each.gpus
    prices = [each.usd_per_hour for each in told.nearest if each.usd_per_hour is not None]
    assert prices == sorted(prices)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_fewer_bits_never_take_more(model: str) -> None:
    """FP8 takes no more than 16 bit, 4 bit no more than FP8."""
    architecture = MODELS[model]
    if architecture.published:
        return
    none, fp8, awq = (stored(architecture, Settings(quantization=name)).weights for name in ("none", "fp8", "awq"))
    assert awq <= fp8 <= none


@drawn
@given(architectures, ranks)
def test_heads_that_cannot_be_shared_are_refused(architecture: Architecture, size: int) -> None:
    """By the plan, as vLLM does, on any GPU that could run it."""
    plan = plan_of(architecture, GPUS["H100 SXM"], Settings(tensor_parallel=size, max_model_len=64))
    assert any("divided" in reason for reason in plan.shortages) != can_share(architecture, size)
