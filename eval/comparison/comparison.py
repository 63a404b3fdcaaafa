"""A candidate against the baseline: the statistics of `eval.statistics` on the items of `eval.comparison.scores`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from eval.comparison.chance import chance_level
from eval.comparison.examples import examples_of
from eval.comparison.lm_eval_metrics import Contributions
from eval.comparison.matching import Matched, match
from eval.comparison.result import Comparison, Interval, NoiseFloor, Score
from eval.comparison.scores import TaskScores
from eval.statistics import Estimate, Margin, Pairs, estimate, holm, judge, more_items, noise_floor, unpaired
from pipeline.base.commands import command
from pipeline.base.errors import VoidMeasurementError
from pipeline.base.phrase import phrase, phrase_of
from pipeline.base.sentences.statistics import MethodSentences
from pipeline.base.sentences.stored import ENGLISH

ComparisonT = TypeVar("ComparisonT", bound=Comparison)


def compare(
    baseline: TaskScores,
    candidate: TaskScores,
    *,
    margin: Margin | None = None,
    confidence: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
) -> Comparison:
    """Return the candidate against the baseline; `adjusted` gives the verdict, which depends on the other tasks too.

    Raises:
        VoidMeasurementError: the two arms did not answer the same items, or were asked differently.
    """
    matched = match(baseline, candidate)
    require_complete(matched)
    return compare_matched(matched, margin=margin, confidence=confidence, draws=draws, seed=seed)


def compare_matched(
    matched: Matched,
    *,
    margin: Margin | None = None,
    confidence: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
) -> Comparison:
    """Return the candidate against the baseline on the items that both answered; at least one is needed."""
    baseline, pairs = matched.baseline, matched.pairs()
    if pairs is None:
        found, scores = _unpaired(matched, margin, confidence), (baseline.score, matched.candidate.score)
    else:
        direction = baseline.higher_is_better
        found = estimate(
            pairs, higher_is_better=direction, margin=margin, confidence=confidence, draws=draws, seed=seed
        )
        scores = _scores(matched, pairs, found)
    kept = Comparison(
        task=baseline.task,
        metric=baseline.metric_name,
        higher_is_better=baseline.higher_is_better,
        paired=pairs is not None,
        baseline=scores[0],
        candidate=scores[1],
        recovery=_recovery(found.baseline, found.candidate, higher_is_better=baseline.higher_is_better),
        confidence=confidence,
        min_recovery=margin.recovery if margin else None,
        chance=chance_level(
            baseline.metric,
            [baseline.rows[key] for key in matched.keys],
            higher_is_better=baseline.higher_is_better,
        ),
        **_figures(found),
    )
    return kept if found.flips is None else _with_flips(kept, matched, found.flips)


def _figures(found: Estimate) -> dict[str, Any]:
    """Return what a comparison keeps of an estimate as it is."""
    return {
        "items": found.items,
        "clusters": found.clusters,
        "delta": found.delta,
        "delta_stderr": found.stderr,
        "spread": found.spread,
        "design_effect": found.design_effect,
        "loss": found.loss,
        "method": ENGLISH.text(found.method),
        "method_said": found.method,
        "interval": _interval(found.interval),
        "bounds": _interval(found.bounds),
        "p_difference": found.p_difference,
        "margin": found.margin,
        "p_noninferior": found.p_noninferior,
        "p_inferior": found.p_inferior,
    }


def _with_flips(kept: Comparison, matched: Matched, flips: tuple[int, int]) -> Comparison:
    """Return the comparison with its flips, and some of them for a reader."""
    wrong, right = examples_of(matched)
    counts = {"flips_to_wrong": flips[0], "flips_to_right": flips[1]}
    return kept.model_copy(update={**counts, "examples_to_wrong": wrong, "examples_to_right": right})


def adjusted(comparisons: Sequence[ComparisonT]) -> tuple[ComparisonT, ...]:
    """Return the comparisons with Holm's correction over all of them, and with the verdict that follows from it.

    Give the tasks of one candidate: each candidate is a family of its own.
    """
    differences = holm([row.p_difference for row in comparisons])
    inferiors = holm([row.p_inferior for row in comparisons])
    tasks = sum(p is not None for p in inferiors)
    return tuple(
        row.model_copy(
            update={"p_difference_adjusted": difference, "p_inferior_adjusted": inferior}
            | _verdict(row, inferior, tasks)
        )
        for row, difference, inferior in zip(comparisons, differences, inferiors, strict=True)
    )


def floor_of(first: TaskScores, second: TaskScores, concurrency: tuple[int, int]) -> NoiseFloor | None:
    """Return what measuring the same model twice changes; None for metrics that cannot be paired by items.

    Raises:
        VoidMeasurementError: both runs did not answer the same items.
    """
    matched = match(first, second)
    require_complete(matched)
    pairs = matched.pairs()
    if pairs is None:
        return None
    delta, floor, changed = noise_floor(pairs)
    flips = pairs.flips(higher_is_better=first.higher_is_better)
    return NoiseFloor(
        task=first.task,
        metric=first.metric_name,
        items=len(matched.keys),
        delta=delta,
        floor=floor,
        changed=changed,
        flips_to_wrong=flips[0] if flips else None,
        flips_to_right=flips[1] if flips else None,
        concurrency=concurrency,
    )


def require_complete(matched: Matched) -> None:
    """Refuse arms that did not answer the same items.

    Raises:
        VoidMeasurementError: they did not.
    """
    if not matched.complete:
        raise VoidMeasurementError(
            f"Two arms did not answer the same items of task '{matched.baseline.task}' ({len(matched.keys)} in common, "
            f"{len(matched.only_baseline)} and {len(matched.only_candidate)} in one alone), so their scores cannot be "
            f"compared. Run `{command('eval', '--force')}`."
        )


def _unpaired(matched: Matched, margin: Margin | None, confidence: float) -> Estimate:
    baseline, candidate = matched.baseline, matched.candidate
    found = unpaired(
        baseline.score.value,
        baseline.score.stderr,
        candidate.score.value,
        candidate.score.stderr,
        items=min(baseline.items, candidate.items),
        higher_is_better=baseline.higher_is_better,
        margin=margin,
        confidence=confidence,
    )
    reason = baseline.unpaired or candidate.unpaired or phrase(MethodSentences.values_of_different_kinds)
    return replace(found, method=phrase_of(MethodSentences.method_because, (found.method, reason)))


def _scores(matched: Matched, pairs: Pairs, found: Estimate) -> tuple[Score, Score]:
    """Return both scores over the matched items, with lm-eval's own standard errors where these are all items."""
    arms = (matched.baseline, pairs.baseline, found.baseline), (matched.candidate, pairs.candidate, found.candidate)
    before, after = (
        Score(
            value=value,
            stderr=arm.score.stderr if arm.items == len(matched.keys) else Contributions(sums, pairs.statistic).stderr,
        )
        for arm, sums, value in arms
    )
    return before, after


def _recovery(baseline: float, candidate: float, *, higher_is_better: bool) -> float | None:
    share, whole = (candidate, baseline) if higher_is_better else (baseline, candidate)
    return share / whole if whole else None


def _interval(ends: tuple[float, float] | None) -> Interval | None:
    return None if ends is None else Interval(low=ends[0], high=ends[1])


def _verdict(row: Comparison, p_inferior_adjusted: float | None, tasks: int) -> dict[str, object]:
    """Return the verdict, and what would decide it; a margin that guessed answers are within shows nothing."""
    verdict = judge(row, p_inferior_adjusted, row.confidence)
    if verdict == "pass" and row.passes_guesses:
        verdict = "inconclusive"
    more = verdict == "inconclusive" and not row.passes_guesses
    return {"verdict": verdict, "more_items": more_items(row, row.confidence, tasks=tasks) if more else None}
