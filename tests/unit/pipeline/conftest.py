"""A whole run in a folder, for tests of what reads one back; made once, copied by each test."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.bench.result import BenchResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord, StageResult
from tests.unit.pipeline.finished_run import EVAL, write_run
from tests.unit.pipeline.report.conftest import SECTIONS, make_bench

__all__ = ["made_bench"]

made_bench = make_bench


@pytest.fixture(scope="session")
def write_finished_run(
    make_recipe: Callable[..., Recipe],
    make_stage: Callable[..., StageResult],
    make_record: Callable[..., RunRecord],
    made_bench: Callable[..., BenchResult],
) -> Callable[..., RunRecord]:
    """Return a function that writes a run with its report into a folder; charts are not drawn."""

    def write(out: Path, *, name: str = "demo", **changes: object) -> RunRecord:
        sections = {**SECTIONS, "name": name, "eval": EVAL, "bench": {"concurrency": [1, 4], "repeats": 1}}
        recipe = make_recipe(**sections, **changes.pop("sections", {}))  # type: ignore[arg-type]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("pipeline.report.render.html.svg_of", lambda _chart: "<svg></svg>")
            patch.setattr("pipeline.report.stage.svg_file", lambda _chart: "<svg></svg>")
            return write_run(out, recipe, make_stage, make_record, load=made_bench(), **changes)

    return write


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave charts undrawn, as in the finished run, where its page is made again."""
    monkeypatch.setattr("pipeline.report.render.html.svg_of", lambda _chart: "<svg></svg>")


@pytest.fixture(scope="session")
def run_as_written(write_finished_run: Callable[..., RunRecord], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that no test changes."""
    out = tmp_path_factory.mktemp("finished") / "run"
    out.mkdir()
    write_finished_run(out)
    return out


@pytest.fixture
def finished_run(run_as_written: Path, tmp_path: Path) -> Path:
    """Return a copy of that run's folder, which a test may change."""
    return Path(shutil.copytree(run_as_written, tmp_path / "run"))
