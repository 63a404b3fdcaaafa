"""The made-up run of the report's tests, and ways to write it into output folders."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.record.record import RECORD, RunRecord, save_record
from tests.unit.pipeline.report.conftest import (
    coverage,
    make_bench,
    make_kind,
    make_quantized,
    make_recipe,
    make_run,
    two_tasks,
    with_void,
)

__all__ = ["coverage", "make_bench", "make_kind", "make_quantized", "make_recipe", "make_run", "two_tasks", "with_void"]


@pytest.fixture
def write_folder(
    tmp_path: Path, sample: Callable[..., dict[str, Any]], write_run: Callable[..., Path]
) -> Callable[..., Path]:
    """Return a function that writes a record as an output folder, with the answers of both arms to a task."""

    def write(name: str, record: RunRecord, awq: Sequence[int] = (1, 0) * 20) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        save_record(record, folder / RECORD)
        for arm, values in (("baseline", (1, 1) * 20), ("awq", awq)):
            rows = [sample(number, {"acc": float(value)}) for number, value in enumerate(values)]
            write_run(folder / "eval" / arm, {"lines": rows})
        return folder

    return write
