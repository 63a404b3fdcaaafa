"""Claims judged: each is compared with the figure that decides it. No verdict is written in a scenario."""

from fractions import Fraction

from pydantic import ValidationError

from pipeline.base.errors import UsageError
from pipeline.base.format import NONE, decimal
from pipeline.base.suggestion import suggestion
from pipeline.roi.exact import exact, half_up, places_of
from pipeline.roi.scenarios.figures import FIGURES
from pipeline.roi.scenarios.forms import ClaimForm
from pipeline.roi.scenarios.outcome import Context, Outcome
from pipeline.roi.scenarios.pricing import Pricing
from pipeline.roi.scenarios.result import ClaimVerdict, Verdict

Said = float | bool | tuple[float, float]


def judged(pricing: Pricing) -> tuple[ClaimVerdict, ...]:
    """Return the claims of a scenario with their verdicts.

    Raises:
        UsageError: a claim names no figure that there is, or what it is computed of does not fit.
    """
    context = Context(pricing)
    return tuple(_judged(context, claim) for claim in pricing.scenario.claims)


def verdict_of(says: Said, outcome: Outcome) -> Verdict:
    """Return what an outcome makes of a claim.

    A computed number or range that is the answer has to be what is claimed, to the places that the claim is written
    with; a claimed range may also hold the number. A range that only holds the answer confirms a claimed range that
    holds all of it, refutes a claim that lies beside it, and decides nothing else.
    """
    if outcome.missing:
        return "not decidable"
    if isinstance(says, bool):
        return "confirmed" if outcome.holds == says else "refuted"
    if outcome.low is None or outcome.high is None:
        return "not decidable"
    first, last = says if isinstance(says, tuple) else (says, says)
    if outcome.exact:
        return "confirmed" if _same(first, last, outcome.low, outcome.high) else "refuted"
    if exact(first) <= outcome.low and outcome.high <= exact(last):
        return "confirmed"
    beside = exact(last) < outcome.low or outcome.high < exact(first)
    return "refuted" if beside else "not decidable"


def _same(first: float, last: float, low: Fraction, high: Fraction) -> bool:
    if first < last and low == high:
        return exact(first) <= low <= exact(last)
    return _rounds_to(first, low) and _rounds_to(last, high)


def _rounds_to(said: float, computed: Fraction) -> bool:
    return half_up(computed, places_of(said)) == exact(said)


def _judged(context: Context, claim: ClaimForm) -> ClaimVerdict:
    outcome = _computed(context, claim)
    verdict = verdict_of(claim.says, outcome)
    return ClaimVerdict(
        claim=claim.claim,
        implied=claim.implied,
        figure=claim.figure,
        says=claim.says,
        computed=None if outcome.missing else _plain(outcome),
        unit=outcome.unit,
        verdict=verdict,
        why=_why(claim, outcome, verdict),
        origin=outcome.origin,
    )


def _computed(context: Context, claim: ClaimForm) -> Outcome:
    figure = FIGURES.get(claim.figure)
    if figure is None:
        raise UsageError(
            f"'{claim.figure}' is no figure that a claim can name.{suggestion(claim.figure, FIGURES)} There are "
            f"{', '.join(FIGURES)}."
        )
    try:
        return figure(context, **claim.of)
    except ValidationError as problem:
        found = problem.errors()[0]
        where = ".".join(str(part) for part in found["loc"])
        raise UsageError(f"The claim '{claim.claim}': of.{where}: {found['msg']}. Correct it.") from problem


def _plain(outcome: Outcome) -> float | bool | tuple[float, float] | None:
    if outcome.holds is not None:
        return outcome.holds
    if outcome.low is None or outcome.high is None:
        return None
    low, high = float(outcome.low), float(outcome.high)
    return low if low == high else (low, high)


def _why(claim: ClaimForm, outcome: Outcome, verdict: Verdict) -> str:
    """Return the reason, led by what is missing or what it is instead."""
    if outcome.missing:
        return f"{outcome.why} Missing: {outcome.missing}.".lstrip()
    if isinstance(claim.says, bool) or claim.says == _plain(outcome):
        return outcome.why
    found = f"{_printed(outcome, claim)} {outcome.unit}".rstrip()
    return f"{found}{'; a measurement decides' if verdict == 'not decidable' else ''}. {outcome.why}"


def _printed(outcome: Outcome, claim: ClaimForm) -> str:
    """Return what was computed, with as many places as the claim has."""
    said = claim.says if isinstance(claim.says, tuple) else (claim.says,)
    places = max(places_of(float(value)) for value in said)
    if outcome.low is None or outcome.high is None:
        return NONE
    low, high = (decimal(float(half_up(end, places)), places) for end in (outcome.low, outcome.high))
    return low if low == high else f"{low} to {high}"
