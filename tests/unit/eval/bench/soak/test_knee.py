"""Where throughput stops rising, on sweeps made up for it."""

import pytest

from eval.bench.soak.figures import Knee
from eval.bench.soak.knee import knee_of, share_of


@pytest.mark.parametrize(
    ("throughput", "concurrency", "basis"),
    [
        ({1: 100.0, 4: 350.0, 16: 700.0, 64: 720.0}, 16, "sweep"),
        ({1: 100.0, 4: 350.0, 16: 700.0, 64: 650.0}, 16, "sweep"),  # it falls beyond
        ({1: 100.0, 4: 95.0, 16: 700.0, 64: 710.0}, 16, "sweep"),  # a noisy point is no knee
        ({1: 100.0, 4: 350.0, 16: 700.0}, 16, "highest measured"),
        ({4: 100.0}, 4, "highest measured"),
        ({}, 64, "highest asked"),
    ],
)
def test_knee(throughput: dict[int, float], concurrency: int, basis: str) -> None:
    """The lowest concurrency within a tenth of the highest throughput, and what it rests on."""
    found = knee_of(throughput, 64)
    assert (found.concurrency, found.basis) == (concurrency, basis)


@pytest.mark.parametrize(("knee", "expected"), [(16, 13), (1, 1), (4, 3)])
def test_share_is_at_least_one_request(knee: int, expected: int) -> None:
    """Four fifths, in whole requests."""
    assert share_of(Knee(concurrency=knee, basis="sweep"), 0.8) == expected
