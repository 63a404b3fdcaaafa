"""What binds, from counters alone."""

import pytest

from eval.bench.assessment import Basis, Growth, Resource
from eval.bench.binding import Counters, Rates, binding, growth

GIB = 2**30


@pytest.mark.parametrize(
    ("counters", "resource", "basis"),
    [
        (Counters(), "not known", "none"),
        (Counters(client_cpu_share=0.6, waiting_share=1.0), "client", "counters"),
        (Counters(client_ceiling_share=0.95, bandwidth_share=0.9), "client", "counters"),
        (Counters(preempted_share=0.02, waiting_share=0.9), "KV cache", "counters"),
        (Counters(preempted_share=0.001, waiting_share=0.1), "not known", "none"),
        (Counters(kv_cache_usage=0.97, waiting_share=0.9), "KV cache", "counters"),
        (Counters(kv_cache_usage=0.97, waiting_share=0.1), "not known", "none"),
        (Counters(kv_cache_usage=0.3, waiting_share=0.9, bandwidth_share=0.9), "queue", "counters"),
        (Counters(waiting_share=0.0, bandwidth_share=0.85, compute_share=0.2), "memory bandwidth", "roofline"),
        (Counters(waiting_share=0.0, bandwidth_share=0.71, compute_share=0.9), "compute", "roofline"),
        (Counters(bandwidth_share=0.5, compute_share=0.4), "not known", "none"),
    ],
)
def test_what_binds(counters: Counters, resource: Resource, basis: Basis) -> None:
    """Each by what was counted, the first in the order that explains the others; else nothing is known."""
    found = binding(counters)

    assert (found.resource, found.basis) == (resource, basis)


def test_evidence_names_the_counters() -> None:
    """A verdict has those that decide it; its absence all that were looked at."""
    decided = binding(Counters(kv_cache_usage=0.97, waiting_share=0.8, bandwidth_share=0.1)).evidence
    open_one = binding(Counters(kv_cache_usage=0.1, waiting_share=0.0)).evidence

    assert [(sign.counter, sign.value) for sign in decided] == [("kv_cache_usage", 0.97), ("waiting_share", 0.8)]
    assert [sign.counter for sign in open_one] == ["kv_cache_usage", "waiting_share"]


@pytest.mark.parametrize(
    ("upper", "said"),
    [
        ((396.0, 400.0, 404.0), "proportional"),
        ((198.0, 200.0, 202.0), "between"),
        ((99.0, 100.0, 101.0), "none"),
        ((60.0, 61.0, 62.0), "none"),
        ((150.0, 300.0, 600.0), None),
        ((200.0,), None),
    ],
)
def test_growth_with_concurrency(upper: tuple[float, ...], said: Growth | None) -> None:
    """From 100 tokens/s at 1 to the given at 4; scattered or single runs say nothing."""
    assert growth((1, (99.0, 100.0, 101.0)), (4, upper)) == said


def test_shares_of_an_rtx_4090() -> None:
    """By hand: 16 GiB of weights every 20 ms are 859 GB/s of 900; 1 000 tokens/s of 8 B parameters are 16 TFLOP/s."""
    rates = Rates(
        weights_bytes=16 * GIB,
        kv_bytes_per_token=131_072,
        operations_per_token=16e9,
        bandwidth_bytes_s=900e9,
        operations_s=132e12,
    )

    assert rates.bandwidth_share(0, 0, 0.02) == pytest.approx(0.9544, abs=1e-4)
    assert rates.bandwidth_share(16, 1024, 0.02) == pytest.approx(0.9544 + 0.1193, abs=1e-4)
    assert rates.compute_share(1_000) == pytest.approx(0.1212, abs=1e-4)
