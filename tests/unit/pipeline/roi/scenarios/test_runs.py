"""A run's benchmark as the capacity of a machine."""

from collections.abc import Callable
from pathlib import Path

import pytest

from eval.bench.result import BenchResult
from pipeline.base.errors import MissingStageError, UsageError
from pipeline.hardware.gpu import Gpu
from pipeline.recipe.recipe import Recipe
from pipeline.record.environment import Environment
from pipeline.record.record import RunRecord, StageResult, save_record
from pipeline.roi.exact import exact
from pipeline.roi.scenarios.forms import RunForm, ScenarioFile, VariantForm
from pipeline.roi.scenarios.result import ScenarioResult
from pipeline.roi.scenarios.runs import measured_goodput
from pipeline.roi.scenarios.scenario import result_of
from tests.unit.eval.bench.assessments import assessed_bench

Write = Callable[..., RunForm]


@pytest.fixture
def write(
    tmp_path: Path,
    environment: Environment,
    make_recipe: Callable[..., Recipe],
    make_stage: Callable[..., StageResult],
    make_record: Callable[..., RunRecord],
) -> Write:
    """Return a function that writes the output folder of a run on a GPU, or on none."""

    def run(bench: BenchResult | None, gpu: str | None = "NVIDIA GeForce RTX 4090", arm: str = "awq") -> RunForm:
        gpus = (Gpu(vendor="nvidia", name=gpu, driver="580.1"),) if gpu else ()
        machine = environment.machine.model_copy(update={"gpus": gpus})
        there = environment.model_copy(update={"machine": machine, "accelerator": "cuda" if gpu else "cpu"})
        stages = {} if bench is None else {"bench": make_stage("bench", bench, environment=there)}
        save_record(make_record(make_recipe(), **stages), tmp_path / "record.json")
        return RunForm(out=str(tmp_path), arm=arm)

    return run


def variant(**changes: object) -> VariantForm:
    """Return AWQ on an RTX 4090."""
    return VariantForm.model_validate({"name": "awq", "gpu": "rtx-4090", "quantization": "awq", **changes})


def test_without_a_service_level_it_is_the_highest_throughput(
    write: Write, make_bench: Callable[..., BenchResult]
) -> None:
    """With the interval of its repeats, measured, and it is said that no level was agreed."""
    bench = make_bench()
    found = measured_goodput(variant(), write(bench))
    assert found is not None
    assert float(found.value) == bench.best("awq").output_tokens_per_s
    low, high = found.ends
    assert low < found.value < high
    assert found.origin == "measured"
    assert "no service level agreed" in found.source


def test_with_a_service_level_it_is_goodput(write: Write, make_bench: Callable[..., BenchResult]) -> None:
    """Of the highest level that is shown to keep it; none where no level is."""
    bench = make_bench()
    levels = [point.concurrency for point in bench.of("awq").points]
    kept = {level: (100, 100, 100) if level < levels[-1] else (50, 50, 50) for level in levels}
    found = measured_goodput(variant(), write(assessed_bench(bench, awq=kept)))
    assert found is not None
    assert found.source.startswith("goodput of awq in ")
    assert f"at {levels[-2]} requests" in found.source
    assert found.value < exact(bench.best("awq").output_tokens_per_s)
    never = dict.fromkeys(levels, (50, 50, 50))
    assert measured_goodput(variant(), write(assessed_bench(bench, awq=never))) is None


def test_a_scenario_is_priced_with_its_run(write: Write, make_bench: Callable[..., BenchResult]) -> None:
    """The variant's goodput is measured, the other one's stated; where no level is kept it cannot serve the load."""
    quoted = {"sources": {"offer": {"title": "Our offer", "date": "2026-11-01"}}}
    load = {
        key: [value, "offer"] for key, value in (("requests_per_day", 1000), ("input_tokens", 9), ("output_tokens", 9))
    }
    base = {"name": "base", "gpu": "a100-40", "role": "baseline", "goodput_tokens_per_s": [9, "offer"]}
    bench = make_bench()

    def priced(run: RunForm) -> ScenarioResult:
        awq = {"name": "awq", "gpu": "rtx-4090", "quantization": "awq", "role": "candidate", "run": run.model_dump()}
        document = {"scenario": "a", "title": "A", "load": load, "variants": [base, awq], **quoted}
        return result_of(ScenarioFile.model_validate(document), "a.yaml")

    goodput = priced(write(bench)).options[1].goodput_tokens_per_s
    assert goodput is not None
    assert (goodput.value, goodput.origin) == (bench.best("awq").output_tokens_per_s, "measured")
    never = {point.concurrency: (50, 50, 50) for point in bench.of("awq").points}
    assert "at no concurrency" in priced(write(assessed_bench(bench, awq=never))).impossible[0].reason


def test_other_hardware_is_refused(write: Write, make_bench: Callable[..., BenchResult]) -> None:
    """Another card, none at all, another number of them."""
    with pytest.raises(UsageError, match="was on 1 x NVIDIA L4"):
        measured_goodput(variant(), write(make_bench(), "NVIDIA L4"))
    with pytest.raises(UsageError, match="without a GPU"):
        measured_goodput(variant(), write(make_bench(), None))
    with pytest.raises(UsageError, match="priced on 2 x RTX 4090"):
        measured_goodput(variant(gpus=2), write(make_bench()))


def test_what_is_not_there_is_named(tmp_path: Path, write: Write, make_bench: Callable[..., BenchResult]) -> None:
    """No run, no benchmark, no such arm."""
    with pytest.raises(UsageError, match="There is no run in"):
        measured_goodput(variant(), RunForm(out=str(tmp_path / "none")))
    with pytest.raises(MissingStageError, match="bench"):
        measured_goodput(variant(), write(None))
    with pytest.raises(MissingStageError, match="mine"):
        measured_goodput(variant(), write(make_bench(), arm="mine"))
