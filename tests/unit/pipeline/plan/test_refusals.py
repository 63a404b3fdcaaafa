"""What vLLM refuses, or decides by itself, whatever the memory."""

import pytest

from pipeline.catalogue.configurations import planned
from pipeline.catalogue.gpus import find_gpu
from pipeline.catalogue.models import models
from pipeline.plan.cpu import Cpu, cpu_plan_of
from pipeline.plan.engine import engine_of
from pipeline.plan.nearest import nearest
from pipeline.plan.plan import plan_of
from pipeline.plan.settings import Settings

MODEL = "Qwen/Qwen3-8B"
ARCHITECTURE = models()[MODEL].architecture


def test_no_more_sequences_run_than_a_step_has_tokens() -> None:
    """vLLM lowers its own default of `max_num_seqs`; a decode step takes a token of each."""
    plan = planned(MODEL, "h100", max_num_batched_tokens=7)
    assert plan.budget.sequences == 7
    assert plan.rate is not None
    assert plan.rate.running == 7
    cpu = cpu_plan_of(ARCHITECTURE, Cpu("x", 64), Settings(kv_cache_gib=8, max_num_batched_tokens=7))
    assert cpu.sequences == 7


def test_fewer_tokens_than_sequences_are_refused() -> None:
    """On GPUs and on processors."""
    settings = Settings(max_num_batched_tokens=5, max_num_seqs=9, kv_cache_gib=8)
    for plan in (
        plan_of(ARCHITECTURE, find_gpu("h100").planned(), settings),
        cpu_plan_of(ARCHITECTURE, Cpu("x", 64), settings),
    ):
        assert "below max_num_seqs" in plan.shortages[0]


@pytest.mark.parametrize(("size", "version", "fits"), [(7, "0.33.0", False), (48, "0.33.0", True), (8, "0.6.0", True)])
def test_sizes_of_blocks(size: int, version: str, fits: bool) -> None:  # noqa: FBT001 -- a parameter
    """Multiples of 16 since V1; leaving it to vLLM is what works instead."""
    gpu = find_gpu("h100").planned()
    plan = plan_of(ARCHITECTURE, gpu, Settings(block_size=size, engine=engine_of(version), max_model_len=8192))
    assert plan.fits is fits
    if not fits:
        assert "vLLM's own block_size" in {each.change for each in nearest(ARCHITECTURE, plan, ())}
