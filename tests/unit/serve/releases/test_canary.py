"""The verdict on a canary, from counts alone."""

from pipeline.recipe.serve import Canary
from serve.releases.canary import judge, judge_alone
from serve.releases.rollout import Observed
from tests.fakes.rollout import seen

CANARY = Canary(seconds=120, requests=60, wait_s=900, p95_ratio=1.2)
PROMISED = 0.001


def outcome(new: Observed, old: Observed, elapsed_s: float = 120) -> str:
    """Return the verdict's word."""
    return judge(new, old, CANARY, elapsed_s=elapsed_s, max_error_share=PROMISED).outcome


def test_good_canary_passes_after_its_time() -> None:
    """As good as the old one: it waits for its time, then passes, and says what it could not have seen."""
    assert outcome(seen(60), seen(540), 119) == "waiting"
    verdict = judge(seen(60), seen(540), CANARY, elapsed_s=120, max_error_share=PROMISED)
    assert verdict.outcome == "passed"
    assert verdict.said[0].startswith("errors: 0 of 60, beside 0 of 540 of the old release: at most 6.0")
    assert verdict.said[1].startswith("p95: 100 ms beside 100 ms")


def test_errors_are_compared_and_not_counted() -> None:
    """One error may be chance, five beside three of 540 are not; beside an old one that is as bad they are."""
    assert outcome(seen(60, 1), seen(60)) == "passed"
    assert outcome(seen(60, 5), seen(540, 3)) == "failed"
    assert outcome(seen(60, 5), seen(540, 45)) == "passed"


def test_errors_beyond_chance_end_it_at_once() -> None:
    """A canary that breaks is not given its whole time, nor its whole number of requests."""
    verdict = judge(seen(12, 12), seen(108), CANARY, elapsed_s=2, max_error_share=PROMISED)
    assert verdict.outcome == "failed"
    assert "more than chance explains" in verdict.said[0]
    assert outcome(seen(12, 1), seen(108), 2) == "waiting"


def test_slower_canary_fails() -> None:
    """Beyond the ratio it fails, at it it passes; without 60 whole answers of each there is no figure."""
    assert outcome(seen(60, p95_ms=121), seen(540, p95_ms=100)) == "failed"
    assert outcome(seen(60, p95_ms=120), seen(540, p95_ms=100)) == "passed"
    verdict = judge(seen(60, p95_ms=900), seen(30, p95_ms=None), CANARY, elapsed_s=120, max_error_share=PROMISED)
    assert verdict.outcome == "passed"
    assert "not measured" in verdict.said[1]


def test_too_few_requests_decide_nothing() -> None:
    """It waits longer for them, and is undecided when they do not come."""
    assert outcome(seen(59, p95_ms=None), seen(540), 120) == "waiting"
    verdict = judge(seen(59, p95_ms=None), seen(540), CANARY, elapsed_s=900, max_error_share=PROMISED)
    assert verdict.outcome == "undecided"
    assert verdict.said[0].startswith("59 requests in 900 s, where 60 are asked for")


def test_without_an_old_answer_the_promise_counts() -> None:
    """Beside a release that answers nothing, errors are held against what the endpoint promises."""
    assert outcome(seen(60, 0), seen(0, p95_ms=None)) == "passed"
    assert outcome(seen(60, 2), seen(0, p95_ms=None)) == "failed"


def test_watch_over_all_requests() -> None:
    """Later answers may take longer, but fail no more often than before."""

    def watched(new: Observed, old: Observed, *, ended: bool) -> str:
        return judge_alone(new, old, ended=ended, max_error_share=PROMISED).outcome

    assert watched(seen(600, p95_ms=500), seen(540), ended=False) == "waiting"
    assert watched(seen(600, p95_ms=500), seen(540), ended=True) == "passed"
    assert watched(seen(600, 60), seen(540), ended=False) == "failed"
    assert watched(seen(0, p95_ms=None), seen(540), ended=True) == "passed"
    assert watched(seen(100, 5), seen(0, p95_ms=None), ended=True) == "failed"
