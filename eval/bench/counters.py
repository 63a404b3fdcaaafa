"""Does the client's story agree with the server's? Pure arithmetic."""

from collections.abc import Mapping

from pipeline.base.errors import VoidMeasurementError

TOLERANCE = 0.02
"""Largest relative difference between client and server token counts that a measurement survives."""

_PROMPT = "vllm:prompt_tokens_total"
_CACHED = "vllm:prompt_tokens_cached_total"
_PAIRS = {"total_input_tokens": _PROMPT, "total_output_tokens": "vllm:generation_tokens_total"}


def disagreement(
    client: Mapping[str, float], before: Mapping[str, float], after: Mapping[str, float]
) -> dict[str, float]:
    """Return the relative difference of token counts, |client - server| / server, by the client's name.

    Args:
        client: vLLM's benchmark result.
        before: the server's `vllm:*_total` counters before the run.
        after: the same after it.

    Raises:
        VoidMeasurementError: the server does not count tokens under the names this version knows.
    """
    missing = [counter for counter in _PAIRS.values() if counter not in after]
    if missing:
        raise VoidMeasurementError(
            f"The server does not report {', '.join(missing)}, so nothing confirms the client's figures. "
            f"Use a vLLM version that awqctl locks."
        )
    differences = {}
    for name, counter in _PAIRS.items():
        served = after[counter] - before.get(counter, 0.0)
        counted = client[name]
        differences[name] = abs(counted - served) / served if served else float(counted != 0)
    return differences


def cached(before: Mapping[str, float], after: Mapping[str, float]) -> list[str]:
    """Return a fault when the server took prompt tokens from its prefix cache instead of computing them."""
    hits = after.get(_CACHED, 0.0) - before.get(_CACHED, 0.0)
    served = after[_PROMPT] - before.get(_PROMPT, 0.0)
    return [f"{hits / served:.1%} of the prompt tokens came from the prefix cache"] if hits > TOLERANCE * served else []


def faults(client: Mapping[str, float], requests: int, differences: Mapping[str, float]) -> list[str]:
    """Return why a run must not be used, one phrase each; empty when it may."""
    problems = []
    completed, failed = int(client["completed"]), int(client.get("failed", 0))
    if failed or completed != requests:
        problems.append(f"{completed} of {requests} requests completed, {failed} failed")
    problems += [
        f"client and server disagree on {name.replace('_', ' ')} by {value:.1%}"
        for name, value in differences.items()
        if value > TOLERANCE
    ]
    return problems
