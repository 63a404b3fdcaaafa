"""Names under which servers count tokens and requests at `/metrics`.

Read in the servers' sources: vLLM `v1/metrics/loggers.py`, SGLang `srt/metrics/collector.py`, llama.cpp
`tools/server/server-context.cpp`, text-generation-inference `router/src/server.rs`. A server with other names is one
without counters.
"""

from dataclasses import dataclass

from pipeline.engines.prometheus import Metrics


@dataclass(frozen=True)
class CounterNames:
    """One kind of server."""

    server: str
    output_tokens: str
    prompt_tokens: tuple[str, ...]
    """Counters that make all prompt tokens together."""
    cached_tokens: tuple[str, ...] = ()
    """Counters of prompt tokens from a cache, of which the largest counts; empty where the server has none."""
    running: str | None = None
    waiting: str | None = None
    kv_cache_usage: str | None = None
    """Share, from 0 to 1."""
    preemptions: str | None = None


KNOWN = (
    CounterNames(
        server="vLLM",
        output_tokens="vllm:generation_tokens_total",
        prompt_tokens=("vllm:prompt_tokens_total",),
        cached_tokens=("vllm:prompt_tokens_cached_total", "vllm:prefix_cache_hits_total"),
        running="vllm:num_requests_running",
        waiting="vllm:num_requests_waiting",
        kv_cache_usage="vllm:kv_cache_usage_perc",
        preemptions="vllm:num_preemptions_total",
    ),
    CounterNames(
        server="SGLang",
        output_tokens="sglang:generation_tokens_total",
        prompt_tokens=("sglang:prompt_tokens_total",),
        cached_tokens=("sglang:cached_tokens_total",),
        running="sglang:num_running_reqs",
        waiting="sglang:num_queue_reqs",
        kv_cache_usage="sglang:token_usage",
    ),
    CounterNames(
        server="llama.cpp",
        output_tokens="llamacpp:tokens_predicted_total",
        # The first is without what came from the cache.
        prompt_tokens=("llamacpp:prompt_tokens_total", "llamacpp:prompt_tokens_cached_total"),
        cached_tokens=("llamacpp:prompt_tokens_cached_total",),
        running="llamacpp:requests_processing",
        waiting="llamacpp:requests_deferred",
    ),
    CounterNames(
        server="text-generation-inference",
        output_tokens="tgi_request_generated_tokens_sum",
        prompt_tokens=("tgi_request_input_length_sum",),
        running="tgi_batch_current_size",
        waiting="tgi_queue_size",
    ),
)


def counter_names(metrics: Metrics | None) -> CounterNames | None:
    """Return the names that a server uses; None where it counts no tokens under names that are known."""
    if metrics is None:
        return None
    return next((names for names in KNOWN if metrics.value(names.output_tokens) is not None), None)
