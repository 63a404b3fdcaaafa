"""What a level of a calibration says."""

import pytest

from eval.bench.load.calibration import level_of
from eval.bench.load.ceiling import Calibration, Step
from eval.bench.load.result import Distribution
from tests.unit.eval.bench.load.test_validity import result

STEP = Step(concurrency=10, ttft_ms=100, inter_token_ms=100)
"""20 tokens in 2 s: 100 tokens/s at ten at a time."""


@pytest.mark.parametrize(
    ("rate", "ttft", "tpot", "failed", "right"),
    [
        (100, 100, 100, 0, True),
        (98.1, 109.9, 101.9, 0, True),
        (97, 100, 100, 0, False),
        (103, 100, 100, 0, False),
        (100, 111, 100, 0, False),
        (100, 100, 97, 0, False),
        (100, 100, 100, 1, False),
    ],
)
def test_level_is_right_within_two_percent(rate: float, ttft: float, tpot: float, failed: int, right: bool) -> None:  # noqa: FBT001 -- a table
    """Of throughput and time per token; the first token has ten milliseconds."""
    measured = result(
        output_tokens_per_s=rate, ttft_ms=Distribution(mean=ttft), tpot_ms=Distribution(mean=tpot), failed=failed
    )
    level = level_of(STEP, measured, server_ttft_s=0.101)
    assert level.right is right
    assert level.true_output_tokens_per_s == pytest.approx(100)
    assert level.server_ttft_difference == pytest.approx(0.01)


@pytest.mark.parametrize(("share", "disturbed"), [(0.2, False), (0.3, True)])
def test_busy_machine_disturbs_a_calibration(share: float, disturbed: bool) -> None:  # noqa: FBT001 -- a table
    """What was measured beside a busy build says nothing about the client."""
    found = Calibration(
        client="c",
        machine="m",
        measured_at="now",
        ceiling_output_tokens_per_s=1,
        ceiling_concurrency=1,
        foreign_cpu_share=share,
        levels=(),
    )
    assert found.disturbed is disturbed
