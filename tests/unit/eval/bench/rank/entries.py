"""Entries of a ranking that are alike unless a test says otherwise."""

from collections.abc import Mapping
from typing import Any

from eval.bench.rank.entry import Entry, Level


def entry(name: str, runs: Mapping[int, tuple[float, ...]], **changes: Any) -> Entry:
    """Return an entry from its runs by concurrency; keywords replace fields."""
    levels = {
        concurrency: Level(
            concurrency=concurrency,
            output_tokens_per_s_runs=values,
            tpot_p50_ms_runs=tuple(1000 * concurrency / value for value in values),
            ttft_p95_ms=10.0 * concurrency,
            tpot_p95_ms=20.0 if concurrency >= 8 else None,
        )
        for concurrency, values in runs.items()
    }
    facts: dict[str, Any] = {
        "settings": {"model": "m", "input_tokens": "128"},
        "circumstances": {"GPUs": name},
        "levels": levels,
    }
    return Entry(name=name, **{**facts, **changes})
