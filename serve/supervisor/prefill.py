"""How many tokens of prompts may wait to be read, from the figures of a benchmark."""

from eval.bench.result import BenchResult
from pipeline.recipe.arms import AWQ


def max_prefill_tokens(bench: BenchResult | None, arm: str = AWQ) -> int | None:
    """Return the tokens that an engine reads within the time to the first token that was agreed; None where unknown.

    vLLM's own rule for `--max-num-queued-tokens`: the TTFT to keep times the throughput of prefill. That throughput is
    taken from one request at a time, which waits for no other: its tokens over the median TTFT, in which all else that
    happens before the first token is counted, too, so that it is rather too low.

    Args:
        bench: of the checkpoint that is served.
        arm: the checkpoint's.
    """
    if bench is None or bench.service_level is None or bench.service_level.ttft_ms is None:
        return None
    if bench.prompts is not None or bench.dummy_weights is not None:
        return None
    alone = next((point for point in bench.points_of(arm) if point.concurrency == 1), None)
    if alone is None or not alone.ttft.p50_ms:
        return None
    return max(1, int(bench.input_tokens.middle * bench.service_level.ttft_ms / alone.ttft.p50_ms))
