"""Reads what lm-eval wrote: scores, and the per-item values that pair two arms."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.accuracy.paired import PairedDelta, flips, mean_delta, weighted_delta
from eval.accuracy.result import Score
from pipeline.errors import RecipeError, VoidMeasurementError

_BITS_PER_BYTE = "bits_per_byte"


@dataclass(frozen=True)
class Scored:
    """One arm on one task."""

    score: Score
    metric: str
    """With lm-eval's filter, for example `exact_match,strict-match`."""
    higher_is_better: bool
    items: int
    items_available: int
    samples: dict[tuple[str, str, str], Any]
    """Per item, by (task, doc hash, prompt hash, first come first): the metric's own per-item value."""


def read_scored(results_file: Path, samples_file: Path, task: str, metric: str) -> Scored:
    """Return the scores of one task.

    Raises:
        RecipeError: the task does not report that metric; names those it does.
    """
    document = json.loads(results_file.read_text())
    values = document["results"][task]
    key = _metric_key(values, task, metric)
    name, _, variant = key.partition(",")
    stderr = values.get(f"{name}_stderr,{variant}")
    counts = document["n-samples"].get(task) or _sum_counts(document["n-samples"])
    direction = document["higher_is_better"].get(task, {}).get(name)
    samples: dict[tuple[str, str, str], Any] = {}
    for row in map(json.loads, samples_file.read_text().splitlines()):
        if name in row and row.get("filter", variant) == variant:
            samples[(row["task"], str(row["doc_id"]), row["doc_hash"])] = row[name]
    return Scored(
        score=Score(value=float(values[key]), stderr=float(stderr) if isinstance(stderr, int | float) else None),
        metric=key,
        higher_is_better=name not in ("bits_per_byte", "byte_perplexity", "word_perplexity", "perplexity")
        if direction is None
        else bool(direction),
        items=int(counts["effective"]),
        items_available=int(counts["original"]),
        samples=samples,
    )


def pair(baseline: Scored, candidate: Scored) -> tuple[PairedDelta, bool, tuple[int, int] | None]:
    """Return (candidate minus baseline, whether it is paired, flips for 0/1 metrics).

    Raises:
        VoidMeasurementError: the two arms did not answer the same items.
    """
    if baseline.samples.keys() != candidate.samples.keys():
        raise VoidMeasurementError(
            "Two arms did not answer the same items, so their scores cannot be compared. Run `awqctl eval --force`."
        )
    keys = list(baseline.samples)
    before, after = [baseline.samples[key] for key in keys], [candidate.samples[key] for key in keys]
    delta = candidate.score.value - baseline.score.value
    if before and all(isinstance(value, int | float) for value in (*before, *after)):
        estimate = mean_delta(before, after)
        binary = set(before) | set(after) <= {0, 1}
        return PairedDelta(delta, estimate.stderr), True, flips(before, after) if binary else None
    if before and baseline.metric.startswith(_BITS_PER_BYTE):
        bits = [(b[0] - a[0]) / math.log(2) for b, a in zip(before, after, strict=True)]
        estimate = weighted_delta(bits, [float(value[1]) for value in before])
        return PairedDelta(delta, estimate.stderr), True, None
    errors = (baseline.score.stderr, candidate.score.stderr)
    unpaired = None if None in errors else math.hypot(*(error or 0.0 for error in errors))
    return PairedDelta(delta, unpaired), False, None


def _metric_key(values: dict[str, Any], task: str, metric: str) -> str:
    known = [key for key in values if "," in key and "_stderr" not in key]
    for key in known:
        if metric in (key, key.partition(",")[0]):
            return key
    names = ", ".join(sorted({key.partition(",")[0] for key in known}))
    raise RecipeError(f"Task '{task}' does not report '{metric}'; it reports {names}. Correct eval.tasks.metric.")


def _sum_counts(counts: dict[str, dict[str, int]]) -> dict[str, int]:
    return {kind: sum(entry[kind] for entry in counts.values()) for kind in ("original", "effective")}
