"""Pages, groups and requests, against vLLM's arithmetic worked by hand."""

import pytest

from pipeline.catalogue.models import models
from pipeline.plan.capacity import capacity_of
from pipeline.plan.kv_cache import Cache, Page, cache_of
from pipeline.plan.model_config import architecture_of


def cache(model: str, **settings: int) -> Cache:
    """Return the layout of a catalogued model."""
    return cache_of(models()[model].architecture, **settings)


@pytest.mark.parametrize(
    ("model", "settings", "per_token"),
    [
        ("meta-llama/Llama-2-7b-hf", {}, 524_288),
        ("Qwen/Qwen2.5-7B", {}, 57_344),
        ("Qwen/Qwen2.5-7B", {"tensor_parallel": 2}, 28_672),
        ("Qwen/Qwen3-235B-A22B", {"tensor_parallel": 8}, 48_128),
        ("deepseek-ai/DeepSeek-V3", {"block_size": 64}, 61 * 576 * 2),
        ("deepseek-ai/DeepSeek-V3", {"tensor_parallel": 8}, 61 * 576 * 2),
        ("deepseek-ai/DeepSeek-V3", {"latent_padding": 128}, 61 * 640 * 2),
        ("moonshotai/Kimi-K2-Instruct", {"context_parallel": 8}, 8_784),
        ("Qwen/Qwen3-8B", {"element_bytes": 1}, 73_728),
        ("meta-llama/Llama-3.1-70B", {"pipeline_parallel": 2}, 163_840),
    ],
)
def test_bytes_per_token(model: str, settings: dict[str, int], per_token: int) -> None:
    """MHA, GQA, repeated heads, MLA (never divided), padding of V0, context parallel, FP8, stages."""
    assert cache(model, **settings).bytes_per_token == per_token


def test_gemma_3_has_seven_groups() -> None:
    """62 layers are 10 with full attention and 52 with windows, padded to 60."""
    found = cache("google/gemma-3-27b-it")
    assert found.group_count == 7
    assert found.block_bytes == 10 * 131_072
    assert found.blocks_per_request(4096, 8192) == 256 + 6 * 257


def test_a_window_holds_no_more_than_itself_and_a_step() -> None:
    """Beyond window and batch the need stays as it is; gpt-oss keeps 128 tokens of half of its layers."""
    found = cache("openai/gpt-oss-20b")
    assert found.blocks_per_request(131_072, 2048) == 8192 + (127 + 2048 + 15) // 16 + 1


@pytest.mark.parametrize(
    ("model", "ranks", "block", "groups"),
    [("Qwen/Qwen3-Next-80B-A3B", 2, 544, 4), ("Qwen/Qwen3.5-35B-A3B", 1, 1056, 4)],
)
def test_linear_attention_sets_the_block(model: str, ranks: int, block: int, groups: int) -> None:
    """A page of attention is as large as a state: blocks of 544 and 1,056 tokens, as the logs have them."""
    found = cache(model, tensor_parallel=ranks)
    assert (found.block_tokens, found.group_count) == (block, groups)
    assert found.blocks_per_request(block, 2048) == 4
    assert cache(model, tensor_parallel=ranks, states=2).blocks_per_request(block, 2048) == 7


def gemma_4(**more: object) -> dict[str, object]:
    """Return a configuration as Gemma 4's: ten layers see everything, with fewer and wider heads than the others."""
    return {
        "model_type": "gemma4_text",
        "hidden_size": 512,
        "intermediate_size": 1024,
        "num_hidden_layers": 60,
        "num_attention_heads": 32,
        "num_key_value_heads": 16,
        "head_dim": 256,
        "num_global_key_value_heads": 4,
        "global_head_dim": 512,
        "attention_k_eq_v": True,
        "sliding_window": 1024,
        "vocab_size": 1000,
        "layer_types": [*["sliding_attention"] * 5, "full_attention"] * 10,
        **more,
    }


def test_pages_are_made_equal_by_larger_blocks() -> None:
    """983,040 bytes per token, as the logs of Gemma 4 31B have it: six groups of ten layers."""
    found = cache_of(architecture_of(gemma_4()))
    assert (found.group_count, found.bytes_per_token) == (6, 983_040)
    assert {page.kind: page.tokens for page, _ in found.groups} == {"sliding": 16, "full": 32}


def test_layers_that_share_a_cache_have_none() -> None:
    """The last twelve of sixty layers read what others wrote."""
    found = cache_of(architecture_of(gemma_4(num_kv_shared_layers=12)))
    assert (found.group_count, found.bytes_per_token) == (6, 6 * 8 * 16_384)


def test_kinds_of_nearly_the_same_number_are_padded_to_the_larger() -> None:
    """Groups of 13 for 12 and 13 layers, not 12 and 24 (vLLM's factor of 1.5)."""
    found = cache("google/gemma-2-27b")
    assert found.group_count == 2


def test_capacity_of_a_small_cache() -> None:
    """Whole blocks, tokens by blocks or by concurrency, the null block, and the longest that fits."""
    layout = Cache(100, ((Page("full", 100, 16), 1),))
    old = capacity_of(layout, 1050, 100, 64, by_concurrency=False, reserved_blocks=0)
    assert (old.blocks, old.tokens, old.needed_bytes, old.longest) == (10, 160, 700, 100)
    new = capacity_of(layout, 1050, 100, 64, by_concurrency=True, reserved_blocks=1, longest=1000)
    assert (new.tokens, new.longest) == (int(10 / 7 * 100), 144)
    assert capacity_of(layout, -5, 100, 64, by_concurrency=True, reserved_blocks=1).tokens == 0
