"""The file that responses are kept in: how often it is brought to the disk."""

import os
from pathlib import Path

import pytest

from pipeline.runtimes.workers import lm_eval_responses
from pipeline.runtimes.workers.lm_eval_responses import Responses


def test_responses_are_on_the_disk_within_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power loss costs what came since the last time; each response alone would wait for the disk."""
    now, synced = [0.0], []
    monkeypatch.setattr(lm_eval_responses.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(os, "fsync", lambda number: synced.append((now[0], os.fstat(number).st_size)))
    kept = Responses(tmp_path / "responses.jsonl", {}, lambda _: None)
    sizes = {}
    for step in range(25):
        now[0] = step / 10
        kept.add([(f"key {step}", -1.5, False)])
        sizes[now[0]] = (tmp_path / "responses.jsonl").stat().st_size
    kept.close()
    assert synced == [(1.0, sizes[1.0]), (2.0, sizes[2.0]), (2.4, sizes[2.4])]
