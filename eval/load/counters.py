"""Does the client's story agree with the server's? Pure arithmetic."""

from collections.abc import Mapping

TOLERANCE = 0.02
"""Largest relative difference between client and server token counts that a measurement survives."""

_PAIRS = {"total_input_tokens": "vllm:prompt_tokens_total", "total_output_tokens": "vllm:generation_tokens_total"}


def disagreement(
    client: Mapping[str, float], before: Mapping[str, float], after: Mapping[str, float]
) -> dict[str, float]:
    """Return the relative difference of token counts, |client - server| / server, by the client's name.

    Args:
        client: vLLM's benchmark result.
        before: the server's `vllm:*_total` counters before the run.
        after: the same after it.

    Raises:
        KeyError: the server does not count tokens under the names this version knows.
    """
    differences = {}
    for name, counter in _PAIRS.items():
        served = after[counter] - before.get(counter, 0.0)
        counted = client[name]
        differences[name] = abs(counted - served) / served if served else float(counted != 0)
    return differences


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
