"""What is learned of runs whose devices are known, and how honestly that is told."""

from collections.abc import Callable
from pathlib import Path

import pytest

from eval.bench.plan_fit import fit
from eval.bench.result import BenchResult
from pipeline.base.errors import MissingStageError, SourceError, UsageError
from pipeline.plan.corrections import Corrections
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RECORD, RunRecord, StageResult, save_record
from tests.unit.eval.bench.plans import PROCESSOR, measured

Save = Callable[..., Path]


@pytest.fixture
def saved(
    tmp_path: Path,
    make_recipe: Callable[..., Recipe],
    make_stage: Callable[..., StageResult],
    make_record: Callable[..., RunRecord],
) -> Save:
    """Return a function that writes the record of a benchmark into a folder of this name, and returns the folder."""

    def save(name: str, result: BenchResult) -> Path:
        (tmp_path / name).mkdir()
        record = make_record(make_recipe(), bench=make_stage("bench", result, started_at=f"2026-11-{name}"))
        save_record(record, tmp_path / name / RECORD)
        return tmp_path / name

    return save


def test_a_device_is_learned_from_its_times_and_memory(saved: Save) -> None:
    """Three runs at 0.6 and 0.4 of the rates, with half a GiB beside: shrunk a little towards 0.75, 0.5 and 0."""
    runs = [saved(name, measured((0.6, 0.4), beside_gib=0.5)) for name in ("01", "02", "03")]
    corrections, (lesson,), left_out = fit(runs, Corrections())
    first = corrections.observations[0]
    assert first.bandwidth_share == pytest.approx(0.6, rel=0.02)
    assert first.compute_share == pytest.approx(0.4, rel=0.02)
    assert first.beside_gib == pytest.approx(0.5)
    assert (lesson.device, lesson.quantization, lesson.runs, left_out) == ("H100 SXM", "none", 3, [])
    assert lesson.bandwidth_gb_s is not None
    assert lesson.bandwidth_gb_s.planned == pytest.approx(0.75 * 3350, rel=0.01)
    assert 0.6 * 3350 < lesson.bandwidth_gb_s.value < 0.63 * 3350
    assert lesson.beside_gib is not None
    assert 0.4 < lesson.beside_gib.value < 0.5


def test_errors_are_told_without_with_and_left_out(saved: Save) -> None:
    """Of two unlike runs each is worse by the other than by itself; one run alone has no other."""
    unlike = [saved("01", measured((0.5, 0.4))), saved("02", measured((0.7, 0.4)))]
    _, (lesson,), _ = fit(unlike, Corrections())
    assert lesson.error is not None
    assert lesson.error_in_sample is not None
    assert lesson.error_left_out is not None
    assert lesson.error_in_sample < lesson.error_left_out
    _, (alone,), _ = fit(unlike[:1], Corrections())
    assert alone.error_left_out is None
    assert alone.error is not None
    assert alone.error_in_sample is not None
    assert alone.error_in_sample < alone.error


def test_a_run_replaces_itself_and_others_stay(saved: Save) -> None:
    """What was learned before counts on; the same run twice counts once."""
    first, second = saved("01", measured((0.5, 0.4))), saved("02", measured((0.6, 0.4)))
    known, _, _ = fit([first], Corrections())
    both, (lesson,), _ = fit([first, second], known)
    assert len(both.observations) == 2
    assert lesson.runs == 2


def test_a_processor_is_learned_as_it_is(saved: Save) -> None:
    """Nothing was planned of it, so there is no error without runs, and no memory beside a stated cache."""
    corrections, (lesson,), _ = fit([saved("01", measured((0.05, 0.005), machine=PROCESSOR))], Corrections())
    assert corrections.observations[0].device == "Example CPU 9000, 16 cores"
    assert lesson.bandwidth_gb_s is not None
    assert lesson.bandwidth_gb_s.value == pytest.approx(50, rel=0.02)
    assert (lesson.bandwidth_gb_s.planned, lesson.beside_gib, lesson.error) == (None, None, None)
    assert lesson.error_in_sample == pytest.approx(0, abs=0.01)


def test_runs_that_teach_nothing_are_refused(
    saved: Save, tmp_path: Path, make_recipe: Callable[..., Recipe], make_record: Callable[..., RunRecord]
) -> None:
    """Each with its reason: no folder, no benchmark, no plan kept, no configuration."""
    with pytest.raises(SourceError, match="no output folder"):
        fit([tmp_path], Corrections())
    (tmp_path / "empty").mkdir()
    save_record(make_record(make_recipe()), tmp_path / "empty" / RECORD)
    with pytest.raises(MissingStageError, match="bench"):
        fit([tmp_path / "empty"], Corrections())
    with pytest.raises(UsageError, match="kept no plan"):
        fit([saved("01", measured().model_copy(update={"plans": ()}))], Corrections())
    with pytest.raises(UsageError, match="02, baseline: there is no plan of it"):
        fit([saved("02", measured(config=None))], Corrections())
