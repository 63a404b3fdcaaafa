"""Verdicts on slices with a known drift."""

import numpy as np
import pytest

from eval.bench.soak.drift import drifts_of
from eval.bench.soak.figures import Drift, Knee, SoakSlice, Verdict
from eval.bench.soak.result import Soak
from eval.statistics.trend import FEWEST_POINTS
from pipeline.base.token_range import TokenRange

SLICE_S = 10.0
LIMIT = 0.05


def slices(drift: float = 0.0, noise: float = 0.0, count: int = 30, **fields: float) -> tuple[SoakSlice, ...]:
    """Return slices whose throughput moves from 100 by `drift` over them all."""
    rng = np.random.default_rng(0)
    return tuple(
        SoakSlice(
            start_s=SLICE_S * number,
            output_tokens_per_s=100 * (1 + drift * (number + 0.5) / count + noise * rng.standard_normal()),
            **fields,
        )
        for number in range(count)
    )


def throughput(found: tuple[Drift, ...]) -> Drift:
    """Return what became of the throughput."""
    return next(one for one in found if one.quantity == "throughput")


@pytest.mark.parametrize(
    ("drift", "noise", "verdict"),
    [
        (0.0, 0.01, "stable"),
        (-0.04, 0.001, "stable"),  # it falls for sure, by less than the limit
        (-0.2, 0.01, "drifting"),
        (0.2, 0.01, "drifting"),
        (0.0, 0.2, "undecided"),
        (-0.2, 0.3, "undecided"),
    ],
)
def test_verdict(drift: float, noise: float, verdict: Verdict) -> None:
    """Decided only where the interval leaves no other answer."""
    found = throughput(drifts_of(slices(drift, noise), SLICE_S, LIMIT))
    assert found.verdict == verdict
    assert found.low is not None
    assert found.high is not None
    assert found.low <= drift / (1 + drift / 2) <= found.high
    assert found.smallest_drift is not None
    assert found.smallest_drift > 0


def test_drift_is_over_all_slices() -> None:
    """From 100 by a fifth in five minutes, relative to the level in the middle."""
    found = throughput(drifts_of(slices(-0.2), SLICE_S, LIMIT))
    assert found.level == pytest.approx(90.0)
    assert found.drift == pytest.approx(-20 / 90)
    assert found.centre_s == pytest.approx(150.0)


def test_quantities_that_were_not_measured_are_left_out() -> None:
    """A server whose memory cannot be read has no word on it."""
    assert [one.quantity for one in drifts_of(slices(), SLICE_S, LIMIT)] == ["throughput"]
    measured = drifts_of(slices(ttft_ms=80.0, itl_ms=20.0, memory_gib=2.0), SLICE_S, LIMIT)
    assert [one.quantity for one in measured] == ["throughput", "ttft", "itl", "memory"]
    assert {one.verdict for one in measured} == {"stable"}


def test_more_quantities_make_wider_intervals() -> None:
    """All intervals hold together: one more thing that can be wrong by chance costs the others."""
    alone = throughput(drifts_of(slices(noise=0.01), SLICE_S, LIMIT))
    together = throughput(drifts_of(slices(noise=0.01, memory_gib=2.0), SLICE_S, LIMIT))
    assert alone.low is not None
    assert together.low is not None
    assert together.low < alone.low


def test_leak_is_a_drift() -> None:
    """Memory that grows a little in every slice, whatever the speed does."""
    leaking = [
        one.model_copy(update={"memory_gib": 2.0 + 0.01 * place}) for place, one in enumerate(slices(noise=0.01))
    ]
    assert {one.quantity: one.verdict for one in drifts_of(leaking, SLICE_S, LIMIT)} == {
        "throughput": "stable",
        "memory": "drifting",
    }


def test_too_few_slices_decide_nothing() -> None:
    """Without a trend there is no drift to name."""
    found = throughput(drifts_of(slices(-0.5, count=FEWEST_POINTS - 1), SLICE_S, LIMIT))
    assert (found.verdict, found.drift, found.slices) == ("undecided", None, FEWEST_POINTS - 1)


def test_server_that_answers_nothing_has_no_relative_drift() -> None:
    """Nothing cannot become less."""
    still = tuple(one.model_copy(update={"output_tokens_per_s": 0.0}) for one in slices())
    assert throughput(drifts_of(still, SLICE_S, LIMIT)).verdict == "undecided"


@pytest.mark.parametrize(
    ("verdicts", "together"),
    [
        (("stable", "stable"), "stable"),
        (("stable", "undecided"), "undecided"),
        (("undecided", "drifting", "stable"), "drifting"),
        ((), None),
    ],
)
def test_gravest_verdict_is_the_soaks(verdicts: tuple[Verdict, ...], together: Verdict | None) -> None:
    """One quantity that drifts makes the soak drift; a void one has no verdict."""
    drifts = tuple(Drift(quantity="itl", verdict=verdict, level=1.0, centre_s=1.0, slices=30) for verdict in verdicts)
    soak = Soak(
        minutes=5,
        knee=Knee(concurrency=4, basis="sweep"),
        share=0.8,
        concurrency=3,
        input_tokens=TokenRange(low=128, high=1024),
        output_tokens=TokenRange.fixed(128),
        lengths="natural",
        drift_limit=LIMIT,
        confidence=0.95,
        requests=9,
        failed=0,
        drifts=drifts,
    )
    assert soak.verdict == together
    assert soak.model_copy(update={"void": ("requests failed",)}).verdict is None
