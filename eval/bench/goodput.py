"""Goodput: tokens of requests that kept the service level, and the highest load at which enough of them do.

A request keeps it whose times are all within the limits; one that failed keeps nothing (goodput as DistServe has it,
Zhong et al. 2024, arXiv 2401.09670). That enough requests keep it is shown, or refuted, by the exact binomial test over
the requests of all repeats, where no repeat by itself says otherwise: requests of one run are not independent.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from eval.bench.load.details import Answer
from eval.bench.load.service import Goodput, ServiceLimits
from eval.statistics.rates import binomial_excess
from eval.statistics.repeats import CONFIDENCE, each_of
from pipeline.base.results import Result

Verdict = Literal["kept", "missed", "not decided"]
Kind = Literal["up to", "at every level", "at no level", "not decided"]


class ServiceCapacity(Result):
    """Up to which concurrency an arm keeps the service level."""

    kind: Kind
    kept_at: int | None = None
    """The highest level at which it is shown to be kept, none below it being shown to be missed."""
    missed_at: int | None = None
    """The lowest level at which it is shown to be missed."""
    verdicts: dict[int, Verdict] = Field(default_factory=dict)
    """Of every level; they hold together."""


def goodput_of(answers: Sequence[Answer], sent: int, level: ServiceLimits) -> Goodput:
    """Return what was of use of one run.

    Args:
        answers: the answered requests.
        sent: the number of requests, failed ones included.
        level: the limits.
    """
    kept = [answer for answer in answers if keeps(answer, level)]
    duration = max((answer.end for answer in answers), default=0.0)
    return Goodput(
        kept=len(kept),
        sent=sent,
        requests_per_s=len(kept) / duration if duration else 0.0,
        output_tokens_per_s=sum(answer.tokens for answer in kept) / duration if duration else 0.0,
    )


def keeps(answer: Answer, level: ServiceLimits) -> bool:
    """Return whether a request kept every limit; a single token has no time between tokens to exceed."""
    pairs = ((answer.ttft, level.ttft_ms), (answer.tpot or 0.0, level.tpot_ms), (answer.e2e, level.e2e_ms))
    return all(limit is None or seconds * 1000 <= limit for seconds, limit in pairs)


def verdict(runs: Sequence[Goodput], share: float, confidence: float = CONFIDENCE) -> Verdict:
    """Return whether the repeats show that at least `share` of the requests keep the service level, or fewer."""
    kept, sent = sum(run.kept for run in runs), sum(run.sent for run in runs)
    doubt = 1 - confidence
    if all(run.kept >= share * run.sent for run in runs) and binomial_excess(kept, sent, share) <= doubt:
        return "kept"
    if all(run.kept < share * run.sent for run in runs) and binomial_excess(sent - kept, sent, 1 - share) <= doubt:
        return "missed"
    return "not decided"


def service_capacity(levels: Sequence[tuple[int, Sequence[Goodput]]], share: float) -> ServiceCapacity:
    """Return up to which of the levels, concurrencies that rise, the service level is kept.

    The verdicts of all levels hold together. What is not decided stays so: a level that is kept counts where none
    below it is missed.
    """
    each = each_of(CONFIDENCE, max(len(levels), 1))
    found = {concurrency: verdict(runs, share, each) for concurrency, runs in levels if runs}
    missed = min((one for one, said in found.items() if said == "missed"), default=None)
    kept = [one for one, said in found.items() if said == "kept" and (missed is None or one < missed)]
    return ServiceCapacity(
        kind=_kind(found, kept, missed),
        kept_at=max(kept, default=None),
        missed_at=missed,
        verdicts=found,
    )


def _kind(found: dict[int, Verdict], kept: Sequence[int], missed: int | None) -> Kind:
    if kept:
        return "at every level" if missed is None and max(kept) == max(found) else "up to"
    return "at no level" if missed is not None and missed == min(found) else "not decided"
