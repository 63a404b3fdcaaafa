"""How models are spread over GPUs: replicas, experts, nodes, and which placement is chosen."""

from dataclasses import replace

import pytest

from pipeline.catalogue.configurations import planned
from pipeline.catalogue.gpus import find_gpu
from pipeline.catalogue.models import models
from pipeline.plan.activations import GIB
from pipeline.plan.choice import best_placement, described
from pipeline.plan.engine import engine_of
from pipeline.plan.interconnect import joined_by, sending_s
from pipeline.plan.matrices import layer_matrices
from pipeline.plan.placement import FREE, Fixed, can_share, candidates, in_nodes
from pipeline.plan.plan import plan_of
from pipeline.plan.ranks import Ranks
from pipeline.plan.settings import Settings
from pipeline.plan.weights import QUANTIZATIONS, weight_bytes

DENSE, EXPERTS = models()["Qwen/Qwen3-8B"].architecture, models()["Qwen/Qwen3-30B-A3B"].architecture
H100 = find_gpu("h100").planned()


def test_replicas_share_experts_and_nothing_else() -> None:
    """By hand: the experts of Qwen3-30B-A3B are 3 x 2,048 x 768 in each of 128, in 48 layers, in 16 bit."""
    half = QUANTIZATIONS["none"]
    experts = 48 * 128 * 3 * 2048 * 768 * 2
    whole = weight_bytes(EXPERTS, half)
    for expert_parallel in (False, True):
        shared = weight_bytes(EXPERTS, half, Ranks(1, 8, expert_parallel=expert_parallel))
        assert whole - shared == pytest.approx(experts * 7 / 8, abs=1)
    assert weight_bytes(DENSE, half, Ranks(1, 8)) == weight_bytes(DENSE, half)


def test_whole_experts_are_on_the_fullest_gpu() -> None:
    """128 experts on 24 GPUs: six on most of them, not five and a third; slices are of equal size."""
    half = QUANTIZATIONS["none"]
    one = 48 * 3 * 2048 * 768 * 2
    alone = weight_bytes(EXPERTS, half) - 128 * one
    assert weight_bytes(EXPERTS, half, Ranks(1, 24, expert_parallel=True)) == alone + 6 * one
    assert weight_bytes(EXPERTS, half, Ranks(1, 24)) == pytest.approx(alone + 128 / 24 * one)


def test_what_every_token_passes_is_whole_where_each_gpu_has_its_own_tokens() -> None:
    """Shared experts are sliced by tensor parallelism, but not with data and expert parallelism besides."""
    deepseek = models()["deepseek-ai/DeepSeek-V3"].architecture
    matrix = next(
        matrix
        for layer, _ in deepseek.layers
        for matrix in layer_matrices(deepseek, layer)
        if matrix.shared and matrix.split == "rows"
    )
    ranks = (Ranks(4), Ranks(4, expert_parallel=True), Ranks(4, 2), Ranks(4, 2, expert_parallel=True))
    assert [each.shared_experts for each in ranks] == [4, 4, 4, 1]
    assert matrix.rows == 2048


def test_a_published_start_with_data_and_expert_parallelism() -> None:
    """Qwen3-Coder-480B in FP8 on 8 H20: the log had 48.66 GiB of cache per GPU and refused 262,144 tokens."""
    plan = planned(
        "Qwen/Qwen3-Coder-480B-A35B-Instruct",
        "h20-141",
        quantization="fp8",
        data_parallel=8,
        expert_parallel=True,
        gpu_memory_utilization=0.9,
        engine=engine_of("0.10.1.dev101"),
    )
    assert not plan.fits
    assert plan.budget.kv_cache / GIB == pytest.approx(48.66, rel=0.03)
    assert plan.capacity.needed_bytes / GIB == pytest.approx(62.00, rel=0.001)
    assert plan.capacity.longest == pytest.approx(205_728, rel=0.03)


def test_replicas_of_a_dense_model_add_up() -> None:
    """Four replicas run four times the requests at four times the rate, each as fast as one."""
    settings = Settings(max_model_len=8192, concurrency=32)
    one = plan_of(DENSE, H100, settings).rate
    four = plan_of(DENSE, H100, replace(settings, data_parallel=4, concurrency=128)).rate
    assert one is not None
    assert four is not None
    assert (four.running, four.expected) == (128, pytest.approx(4 * one.expected))
    assert (four.tpot_s, four.ttft_s) == (pytest.approx(one.tpot_s), pytest.approx(one.ttft_s))
    few = plan_of(DENSE, H100, replace(settings, data_parallel=4, concurrency=2)).rate
    assert few is not None
    assert few.running == 2


def test_more_gpus_read_fewer_experts_each() -> None:
    """A batch that hits every expert reads an eighth of them on each of eight GPUs, so that decoding is faster."""
    settings = Settings(max_model_len=8192, concurrency=1024, data_parallel=8, expert_parallel=True)
    shared = plan_of(EXPERTS, H100, settings).rate
    alone = plan_of(EXPERTS, H100, replace(settings, data_parallel=1, expert_parallel=False, concurrency=128)).rate
    assert shared is not None
    assert alone is not None
    assert dict(shared.parts_s)["memory bandwidth"] < dict(alone.parts_s)["memory bandwidth"]
    assert dict(shared.parts_s)["interconnect"] > dict(alone.parts_s)["interconnect"] == 0


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (Settings(expert_parallel=True, tensor_parallel=2), "without experts"),
        (Settings(data_parallel=2, engine=engine_of("0.7.3")), "came with 0.8"),
    ],
)
def test_what_vllm_refuses_of_a_dense_model(settings: Settings, reason: str) -> None:
    """Expert parallelism without experts; replicas before they were there."""
    assert reason in plan_of(DENSE, H100, settings).shortages[0]


def test_experts_that_cannot_be_sliced_are_kept_whole() -> None:
    """768 is no multiple of 5."""
    settings = Settings(data_parallel=5, max_model_len=8192)
    assert "--enable-expert-parallel" in plan_of(EXPERTS, H100, settings).shortages[0]
    assert plan_of(EXPERTS, H100, replace(settings, expert_parallel=True)).fits


@pytest.mark.parametrize(
    ("tensor", "stages", "replicas", "nodes"),
    [(8, 1, 1, 1), (8, 2, 1, 2), (4, 1, 2, 1), (4, 3, 1, 2), (6, 1, 2, 2), (16, 1, 2, 4), (1, 1, 20, 3)],
)
def test_nodes(tensor: int, stages: int, replicas: int, nodes: int) -> None:
    """GPUs that share heads stay in a node of eight where they can: six and six take two nodes."""
    sizes = Settings(tensor_parallel=tensor, pipeline_parallel=stages, data_parallel=replicas)
    assert in_nodes(H100, sizes).nodes == nodes


@pytest.mark.parametrize(
    ("model", "sizes"),
    [
        ("Qwen/Qwen2.5-7B", {1, 2, 4}),
        ("microsoft/phi-4", {1, 2, 5, 10, 20}),
        ("deepseek-ai/DeepSeek-V3", {1, 2, 4, 8, 16}),
        ("Qwen/Qwen3-Next-80B-A3B", {1, 2, 4, 8, 16}),
    ],
)
def test_sizes_that_heads_allow(model: str, sizes: set[int]) -> None:
    """28 and 4 heads: not 7 or 14; 40 and 10: not 4 or 8; of latent attention the heads, of linear layers the keys'."""
    assert {size for size in range(1, 21) if can_share(models()[model].architecture, size)} == sizes


def test_what_joins_the_gpus_is_said() -> None:
    """Link of the card, PCIe without one, the network beyond a node; nothing of one GPU."""
    assert not joined_by(H100, Settings())
    assert "900 GB/s" in joined_by(H100, Settings(tensor_parallel=2))
    assert "PCIe" in joined_by(find_gpu("l40s").planned(), Settings(tensor_parallel=2))
    two = plan_of(models()["meta-llama/Llama-3.1-405B"].architecture, H100, Settings(tensor_parallel=16, nodes=2))
    assert any("100 Gbit/s Ethernet without RDMA" in note for note in two.notes)


def test_the_network_is_slower_than_the_link() -> None:
    """The same exchange within a node and between two; and stages send once where tensor parallelism sends 72 times."""
    near = Settings(tensor_parallel=2)
    stages = Settings(pipeline_parallel=2, nodes=2)
    far = replace(near, nodes=2)
    assert sending_s(DENSE, H100, near, 1) < sending_s(DENSE, H100, far, 1)
    assert sending_s(DENSE, H100, stages, 1) < sending_s(DENSE, H100, far, 1) / 50
    apart = Settings(data_parallel=2, nodes=2)
    assert sending_s(DENSE, H100, apart, 1) == 0 < sending_s(EXPERTS, H100, apart, 1)


def test_candidates_take_exactly_the_gpus() -> None:
    """Sizes that are given stay; sizes that heads or layers do not allow are left out; experts both ways."""
    every = list(candidates(EXPERTS, H100, Settings(), 16))
    assert {each.gpus for each in every} == {16}
    assert {each.tensor_parallel for each in every} == {1, 2, 4, 8}
    assert {each.expert_parallel for each in every} == {False, True}
    assert not any(each.expert_parallel for each in candidates(DENSE, H100, Settings(), 8))
    kept = list(candidates(DENSE, H100, Settings(), 8, Fixed(tensor=2, stages=1)))
    assert [(each.tensor_parallel, each.data_parallel) for each in kept] == [(2, 4)]
    assert all(each.expert_parallel for each in candidates(EXPERTS, H100, Settings(), 8, Fixed(expert_parallel=True)))


def test_the_choice_is_the_fastest_that_runs() -> None:
    """Replicas where the model fits on one GPU, tensor parallelism where it does not or for one request."""
    settings = Settings(max_model_len=8192)
    choice = best_placement(DENSE, H100, settings, 8)
    assert described(choice.plan.settings) == "data parallel 8"
    assert "alone is answered fastest with tensor parallel 8" in choice.sentence
    assert choice.plan.rate is not None
    for tried in candidates(DENSE, H100, settings, 8):
        rate = plan_of(DENSE, H100, tried).rate
        if tried.pipeline_parallel == 1 and rate is not None:
            assert rate.expected <= choice.plan.rate.expected
    assert best_placement(DENSE, H100, replace(settings, concurrency=1), 8).plan.settings.tensor_parallel == 8
    large = models()["meta-llama/Llama-3.1-70B"].architecture
    assert best_placement(large, H100, settings, 2).plan.settings.tensor_parallel == 2
    assert best_placement(large, H100, settings, 2, FREE).sentence == ""


def test_stages_are_for_what_no_node_holds() -> None:
    """405 B in 16 bit on two nodes takes them; what cannot run at all is planned as one replica."""
    large = models()["meta-llama/Llama-3.1-405B"].architecture
    two = best_placement(large, H100, Settings(max_model_len=8192), 16).plan
    assert two.fits
    assert (two.settings.nodes, two.settings.pipeline_parallel) == (2, 2)
    never = best_placement(large, H100, Settings(max_model_len=8192), 2).plan
    assert not never.fits
    assert never.settings.tensor_parallel == 2
    assert best_placement(large, H100, Settings(max_model_len=8192), 4, Fixed(data=2)).plan.settings.data_parallel == 2


def test_stages_hide_nothing() -> None:
    """A request alone passes all stages one after the other: as many bytes are read as by one GPU, none faster."""
    settings = Settings(max_model_len=8192, concurrency=1)
    one = plan_of(DENSE, H100, settings).rate
    staged = plan_of(DENSE, H100, replace(settings, pipeline_parallel=4)).rate
    assert one is not None
    assert staged is not None
    assert 0.5 * one.expected < staged.expected < one.expected
    assert staged.bandwidth_utilization < one.bandwidth_utilization / 3
