"""How the engines of an endpoint are started, from what the recipe and its benchmark say."""

from pipeline.base.homes import user_home
from pipeline.engines.production import Production
from serve.supervisor.spec import ServedModel, ServingSpec


def production_of(spec: ServingSpec, model: ServedModel) -> Production:
    """Return how an engine of that model is started."""
    offered, limits = spec.offered, spec.offered.limits
    waiting = offered.max_queued_requests or model.engine.max_num_seqs
    # vLLM looks at its queue before it looks at `n`: what may never fit would be told to come back for ever.
    most_of_one = limits.max_n + 1
    return Production(
        cache=user_home() / "vllm",
        max_unfinished=max(model.engine.max_num_seqs + waiting, most_of_one),
        max_prefill_tokens=model.max_prefill_tokens,
        drain_timeout_s=offered.drain_timeout_s,
        max_n=limits.max_n,
        max_prompts=limits.max_prompts,
        max_stop_strings=limits.max_stop_strings,
        max_logprobs=limits.max_logprobs,
    )
