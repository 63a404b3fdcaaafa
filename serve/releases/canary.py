"""Whether a new release may take all requests, from what the door saw of it and of the old one. Pure."""

from typing import Literal

from eval.statistics.rates import binomial_excess, fisher_excess, wilson
from pipeline.base.format import count, number, percent, plural
from pipeline.base.results import Result
from pipeline.recipe.serve import Canary
from serve.releases.rollout import Observed

LEVEL = 0.05
"""Of the test at the end: a release that is no worse fails it this often."""
EARLY_LEVEL = 0.001
"""Of the tests on the way, which are many."""


class Verdict(Result):
    """What the canary says by now."""

    outcome: Literal["waiting", "passed", "failed", "undecided"]
    said: tuple[str, ...]
    """One sentence per gate."""


def judge(new: Observed, old: Observed, canary: Canary, *, elapsed_s: float, max_error_share: float) -> Verdict:
    """Return the verdict on a canary that has had its share for so long.

    Errors fail it as soon as they cannot be chance; the time of answers is compared at the end alone. Fewer requests
    than asked for, however long it waited, leave it undecided.

    Args:
        new: of the canary since it got its share.
        old: of the release beside it, in the same time.
        canary: what the recipe asks for.
        elapsed_s: since it got its share.
        max_error_share: what the endpoint promises; counts where the old release answered nothing.
    """
    errors = error_test(new, old, max_error_share)
    enough = new.requests >= canary.requests
    if errors < EARLY_LEVEL or (enough and errors < LEVEL):
        return Verdict(outcome="failed", said=(_errors_said(new, old, errors, max_error_share),))
    if elapsed_s < canary.seconds or (not enough and elapsed_s < canary.wait_s):
        return Verdict(outcome="waiting", said=())
    said = (_errors_said(new, old, errors, max_error_share), _p95_said(new, old, canary))
    if not enough:
        seen = f"{plural(new.requests, 'request')} in {elapsed_s:.0f} s"
        few = f"{seen}, where {canary.requests} are asked for, decide nothing."
        return Verdict(outcome="undecided", said=(few, *said))
    return Verdict(outcome="failed" if _slower(new, old, canary) else "passed", said=said)


def judge_alone(new: Observed, old: Observed, *, ended: bool, max_error_share: float) -> Verdict:
    """Return the verdict on a release that has taken all requests, while the old one stands ready.

    Only errors count: answers under all of the load take longer than the canary's did.

    Args:
        new: since it took them.
        old: of the old release, while it was beside the canary; no request where there was none.
        ended: whether the time of the watch is over.
        max_error_share: as for `judge`.
    """
    errors = error_test(new, old, max_error_share)
    said = (_errors_said(new, old, errors, max_error_share),)
    if errors < (LEVEL if ended else EARLY_LEVEL):
        return Verdict(outcome="failed", said=said)
    return Verdict(outcome="passed" if ended else "waiting", said=said)


def error_test(new: Observed, old: Observed, max_error_share: float) -> float:
    """Return how likely so many errors are, were the new release no worse than the old, or than what is promised."""
    if old.requests == 0:
        return binomial_excess(new.errors, new.requests, max_error_share)
    return fisher_excess(new.errors, new.requests, old.errors, old.requests)


def _slower(new: Observed, old: Observed, canary: Canary) -> bool:
    return bool(new.p95_ms is not None and old.p95_ms and new.p95_ms / old.p95_ms > canary.p95_ratio)


def _errors_said(new: Observed, old: Observed, chance: float, promised: float) -> str:
    high = wilson(new.errors, new.requests)[1]
    found = f"errors: {count(new.errors)} of {count(new.requests)}"
    beside = f"{count(old.errors)} of {count(old.requests)} of the old release"
    if old.requests == 0:
        beside = f"{percent(promised)} promised (the old release answered nothing meanwhile)"
    verdict = "more than chance explains" if chance < LEVEL else f"at most {percent(high)} with 97.5 % confidence"
    return f"{found}, beside {beside}: {verdict}."


def _p95_said(new: Observed, old: Observed, canary: Canary) -> str:
    if new.p95_ms is None or not old.p95_ms:
        return "p95: not measured, it takes 60 whole answers of each."
    ratio = new.p95_ms / old.p95_ms
    return (
        f"p95: {number(new.p95_ms)} ms beside {number(old.p95_ms)} ms, {number(ratio)} times as long, "
        f"{number(canary.p95_ratio)} allowed."
    )
