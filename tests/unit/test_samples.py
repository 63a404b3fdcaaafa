"""What lm-eval writes becomes scores and pairs."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from eval.accuracy.samples import Scored, pair, read_scored
from pipeline.errors import RecipeError, VoidMeasurementError


def write(folder: Path, metric: str, values: list[Any], score: float, filter_name: str = "none") -> Scored:
    """Write a results and a samples file as lm-eval 0.4.13 does, and read them."""
    results = {
        "results": {"task": {"alias": "task", f"{metric},{filter_name}": score, f"{metric}_stderr,{filter_name}": 0.1}},
        "n-samples": {"task": {"original": 10, "effective": len(values)}},
        "higher_is_better": {"task": {metric: metric == "acc"}},
    }
    folder.mkdir(exist_ok=True)
    (folder / "r.json").write_text(json.dumps(results))
    rows = [
        {"task": "task", "doc_id": i, "doc_hash": f"h{i}", "filter": filter_name, metric: value}
        for i, value in enumerate(values)
    ]
    (folder / "s.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_scored(folder / "r.json", folder / "s.jsonl", "task", metric)


def test_accuracy_is_paired_and_flips_are_counted(tmp_path: Path) -> None:
    """0/1 values give a paired standard error and both kinds of flips."""
    before = write(tmp_path / "a", "acc", [1.0, 1.0, 0.0, 0.0], 0.5)
    after = write(tmp_path / "b", "acc", [0.0, 1.0, 0.0, 0.0], 0.25)
    estimate, paired, flipped = pair(before, after)
    assert (estimate.delta, paired, flipped) == (-0.25, True, (1, 0))
    assert estimate.stderr == pytest.approx(0.25)


def test_bits_per_byte_is_weighted_by_bytes(tmp_path: Path) -> None:
    """The per-document values are (log-likelihood, bytes); the delta is lm-eval's own, unrounded."""
    before = write(tmp_path / "a", "bits_per_byte", [[-70.0, 100], [-140.0, 200]], 1.0)
    after = write(tmp_path / "b", "bits_per_byte", [[-77.0, 100], [-154.0, 200]], 1.1)
    estimate, paired, flipped = pair(before, after)
    assert (estimate.delta, paired, flipped) == (pytest.approx(0.1), True, None)
    # both documents lose 0.07 nats per byte: no spread between them
    assert estimate.stderr == pytest.approx(0.0, abs=1e-12)
    assert not before.higher_is_better
    assert math.isclose(before.score.value, 1.0)


def test_different_items_are_not_compared(tmp_path: Path) -> None:
    """A variant that answered other items cannot be paired."""
    before = write(tmp_path / "a", "acc", [1.0, 1.0], 1.0)
    after = write(tmp_path / "b", "acc", [1.0], 1.0)
    with pytest.raises(VoidMeasurementError, match="same items"):
        pair(before, after)


def test_filtered_metric_is_found_by_its_plain_name(tmp_path: Path) -> None:
    """`exact_match` finds `exact_match,strict-match`."""
    assert write(tmp_path / "a", "exact_match", [1.0], 1.0, "strict-match").metric == "exact_match,strict-match"


def test_unknown_metric_names_the_known(tmp_path: Path) -> None:
    """The message lists what the task does report."""
    write(tmp_path / "a", "acc", [1.0], 1.0)
    with pytest.raises(RecipeError, match="does not report 'f1'; it reports acc"):
        read_scored(tmp_path / "a" / "r.json", tmp_path / "a" / "s.jsonl", "task", "f1")
