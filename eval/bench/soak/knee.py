"""Where throughput stops rising with concurrency. Pure arithmetic."""

from collections.abc import Mapping

from eval.bench.soak.figures import Knee

_HARDLY_MORE = 0.1
"""By how much the highest throughput may be above that at the knee."""


def knee_of(throughput: Mapping[int, float], asked: int) -> Knee:
    """Return the lowest concurrency whose throughput no other one exceeds by more than a tenth.

    A definition over all points and not from one to the next, so that a noisy one in the middle is no knee.

    Args:
        throughput: by concurrency, of every point with figures.
        asked: the highest concurrency of the sweep, for one without any such point.
    """
    if not throughput:
        return Knee(concurrency=asked, basis="highest asked")
    enough = max(throughput.values()) / (1 + _HARDLY_MORE)
    found = min(concurrency for concurrency, value in throughput.items() if value >= enough)
    return Knee(concurrency=found, basis="sweep" if found < max(throughput) else "highest measured")


def share_of(knee: Knee, share: float) -> int:
    """Return so much of the knee as a concurrency of at least one."""
    return max(round(share * knee.concurrency), 1)
