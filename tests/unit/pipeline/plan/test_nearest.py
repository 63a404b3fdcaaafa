"""What works instead, and how models are spread."""

from dataclasses import replace

import pytest

from pipeline.catalogue.gpus import find_gpu, gpus
from pipeline.catalogue.models import models
from pipeline.plan.nearest import Alternative, nearest
from pipeline.plan.placement import can_share, placed, placements
from pipeline.plan.plan import plan_of
from pipeline.plan.result import configuration
from pipeline.plan.settings import Settings

OTHERS = [entry.planned() for entry in gpus().values() if entry.family != "apple"]


def alternatives(model: str, gpu: str, settings: Settings) -> tuple[Alternative, ...]:
    """Return what works instead of a plan that does not."""
    architecture = models()[model].architecture
    plan = plan_of(architecture, find_gpu(gpu).planned(), settings)
    assert not plan.fits
    found = nearest(architecture, plan, OTHERS)
    document = configuration(plan, found)
    assert document.verdict == "impossible"
    assert [each.change for each in document.nearest] == [each.change for each in found]
    return found


@pytest.mark.parametrize(
    ("model", "gpu", "settings"),
    [
        ("meta-llama/Llama-3.1-70B", "h100", Settings(max_model_len=8192)),
        ("meta-llama/Llama-3.1-8B", "a10", Settings(max_model_len=131072)),
        ("Qwen/Qwen3-14B", "h100", Settings(quantization="awq", max_num_seqs=256, max_model_len=49152)),
        ("meta-llama/Llama-3.1-405B", "l40s", Settings(quantization="awq", max_model_len=8192)),
    ],
)
def test_every_alternative_works_and_the_cheapest_is_first(model: str, gpu: str, settings: Settings) -> None:
    """Each fits; prices never fall, unknown ones stand last."""
    found = alternatives(model, gpu, settings)
    assert found
    assert all(each.plan.fits for each in found)
    prices = [each.usd_per_hour if each.usd_per_hour is not None else float("inf") for each in found]
    assert prices == sorted(prices)


def test_all_ways_are_offered() -> None:
    """Fewer sequences, a shorter context, another format, an FP8 cache, more GPUs."""
    found = alternatives("Qwen/Qwen3-8B", "l40s", Settings(max_num_seqs=16, max_model_len=32768))
    changes = " | ".join(each.change for each in found)
    for way in ("sequences", "context", "quantization awq", "KV cache in FP8"):
        assert way in changes
    more = alternatives("meta-llama/Llama-3.1-70B", "h100", Settings(max_model_len=8192))
    assert "2 x H100 SXM" in [each.change for each in more]


def test_what_a_gpu_lacks_is_not_offered_and_refused() -> None:
    """No FP8 cache on an A10, no AWQ on a V100, no vLLM on Apple silicon."""
    found = alternatives("meta-llama/Llama-3.1-8B", "a10", Settings(max_model_len=131072))
    assert not any(each.plan.settings.kv_cache_dtype == "fp8" and each.plan.gpu.name == "A10" for each in found)
    architecture = models()["Qwen/Qwen3-8B"].architecture
    for gpu, settings, reason in (
        ("v100-32", Settings(quantization="awq"), "awq"),
        ("a10", Settings(kv_cache_dtype="fp8"), "FP8 KV cache"),
        ("m4-pro", Settings(), "no GPU kernels"),
        ("h100", Settings(tensor_parallel=5), "divided"),
        ("h100", Settings(pipeline_parallel=40), "layers"),
    ):
        assert reason in plan_of(architecture, find_gpu(gpu).planned(), settings).shortages[0]


def test_every_kind_of_change_is_among_them() -> None:
    """The cheapest of each, also where many of one kind are cheaper; offloading and fewer GPUs that are larger too."""
    settings = Settings(max_num_seqs=64, max_model_len=32768, tensor_parallel=2)
    found = alternatives("Qwen/Qwen3-32B", "l40s", settings)
    assert {each.kind for each in found} >= {"sequences", "context", "GPU count", "GPU", "quantization"}
    alone = alternatives("meta-llama/Llama-3.1-70B", "gh200", Settings(max_model_len=4096))
    offloaded = next(each for each in alone if each.kind == "offload")
    assert 30 < offloaded.plan.settings.offload_gib < 60
    less = replace(offloaded.plan.settings, offload_gib=offloaded.plan.settings.offload_gib - 1)
    assert not plan_of(models()["meta-llama/Llama-3.1-70B"].architecture, offloaded.plan.gpu, less).fits
    larger = alternatives("meta-llama/Llama-3.1-70B", "rtx-4090", Settings(max_model_len=8192, tensor_parallel=4))
    assert any(each.kind == "GPU" and each.plan.settings.gpus < 4 for each in larger)


@pytest.mark.parametrize(
    ("settings", "change"),
    [
        (Settings(expert_parallel=True, max_model_len=8192), "without expert parallelism"),
        (Settings(context_parallel=2, max_model_len=8192), "decode context parallelism of 1"),
        (Settings(kv_cache_gib=0, max_model_len=8192), "KV cache computed, not stated"),
        (Settings(max_num_batched_tokens=10**7, max_num_seqs=10**4, at_once=False, max_model_len=8192), "vLLM's own"),
        (Settings(gpu_memory_utilization=0.1, max_model_len=8192), "gpu_memory_utilization 0.9"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_was_stated_and_vllm_would_choose_is_left_to_it(settings: Settings, change: str) -> None:
    """The first thing to try where it is what does not work, on the GPU that is there."""
    found = alternatives("Qwen/Qwen3-8B", "h100", settings)
    assert any(each.change.startswith(change) and each.plan.gpu.name == "H100 SXM" for each in found)


def test_other_placements_of_the_same_gpus_are_proposed() -> None:
    """Two replicas do not fit where the two GPUs together hold one."""
    found = alternatives("meta-llama/Llama-3.1-70B", "h200", Settings(max_model_len=131072, data_parallel=2))
    change = next(each for each in found if each.kind == "placement")
    assert (change.change, change.plan.settings.gpus) == ("tensor parallel 2", 2)


def test_placements() -> None:
    """Tensor parallel inside a node as far as the heads allow, stages beyond; several nodes when one is not enough."""
    gpu, llama = find_gpu("h100").planned(), models()["meta-llama/Llama-3.1-405B"].architecture
    assert placed(llama, gpu, Settings(), 16).pipeline_parallel == 2
    assert placed(llama, gpu, Settings(), 16).nodes == 2
    qwen = models()["Qwen/Qwen2.5-7B"].architecture
    assert can_share(qwen, 4)
    assert not can_share(qwen, 8)
    assert placed(qwen, gpu, Settings(), 8).tensor_parallel == 4
    counts = [settings.gpus for settings in placements(llama, gpu, Settings())]
    assert counts[:6] == [1, 2, 4, 8, 16, 24]
    whole = plan_of(llama, gpu, placed(llama, gpu, Settings(max_model_len=8192), 16))
    assert whole.fits
    assert not plan_of(llama, gpu, placed(llama, gpu, Settings(max_model_len=8192), 8)).fits


def test_alternatives_offload_only_what_they_have_to_and_say_so() -> None:
    """A user who offloads is not shown other GPUs, or AWQ, slowed down by it, nor GPUs that hold nothing without it."""
    found = alternatives("meta-llama/Llama-3.3-70B", "gh200", Settings(offload_gib=60))
    changes = {each.change: each.plan.settings.offload_gib for each in found}
    assert changes["quantization awq"] == 0
    others = [each for each in found if each.kind in ("GPU", "GPU count", "quantization")]
    assert all(("offloaded" in each.change) == (each.plan.settings.offload_gib > 0) for each in others)
    for each in found:
        needed = each.plan.settings.offload_gib > 0
        architecture = models()["meta-llama/Llama-3.3-70B"].architecture
        assert plan_of(architecture, each.plan.gpu, replace(each.plan.settings, offload_gib=0)).fits is not needed
