"""The gate before work starts, over the real `pynvml` and a library that follows a script."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from pipeline.base.errors import AwqctlError, EnvironmentLackError
from pipeline.base.results import Payload
from pipeline.hardware.gpu import Gpu
from pipeline.hardware.machine import Machine
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.health import ENGINE_HEALTH, QUANTIZE_HEALTH
from pipeline.record.preflight import Effort, Prospect
from pipeline.record.record import StageOutcome, load_record
from pipeline.record.stage import Stage, sections
from pipeline.run.preflight import examine
from pipeline.run.runner import RECORD, Runner
from tests.fakes.nvml import FakeNvml, GpuState, healthy, installed
from tests.helpers import RecordingReporter
from tests.unit.pipeline.run.test_runner import NoTracker

pytestmark = pytest.mark.usefixtures("quick_health")
GIB = 2**30
FREE = replace(healthy()[0], memory=(141 * GIB, GIB), reasons=0x1)
"""A GPU on which nothing runs."""
H200 = Gpu(vendor="nvidia", name="NVIDIA H200", memory_bytes=141 * GIB, capability="9.0", driver="580.1")


class WorkResult(Payload):
    """What the stage reports."""

    STAGE: ClassVar = "bench"
    schema_version: Literal[1] = 1


def work(_recipe: Recipe, context: RunContext, _record: object) -> StageOutcome:
    """Do nothing, for hours."""
    (context.out / "worked").touch()
    return StageOutcome(result=WorkResult())


STAGE = Stage(run=work, result=WorkResult, settings=sections("bench"), health=ENGINE_HEALTH)
QUANTIZE = replace(STAGE, health=QUANTIZE_HEALTH)


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    """A run on a machine with two GPUs."""
    machine = Machine(cpu="x", cores=2, memory_bytes=2**34, platform="Linux", gpus=(H200, H200))
    out = tmp_path / "out"
    return RunContext(out, tmp_path / "home", tmp_path, "auto", RecordingReporter(), probe=lambda: machine)


def messages(context: RunContext) -> str:
    """Return what the user was warned of."""
    assert isinstance(context.reporter, RecordingReporter)
    return "\n".join(context.reporter.warnings)


def test_a_failure_stops_the_stage_with_its_remedy(context: RunContext, make_recipe: Callable[..., Recipe]) -> None:
    """Uncorrected memory errors: exit 4, nothing is started, and the record says why."""
    with installed(FakeNvml([replace(FREE, ecc=(0, 2))], [FREE])), pytest.raises(EnvironmentLackError) as problem:
        Runner(make_recipe(engine={"accelerator": "auto"}), context, NoTracker()).run([STAGE])
    assert problem.value.exit_code == 4
    assert "GPU 0, memory errors: 2 that could not be corrected" in problem.value.message
    assert "nvidia-smi --gpu-reset" in problem.value.message
    assert not (context.out / "worked").exists()
    record = load_record(context.out / RECORD)
    assert record is not None
    assert "memory errors" in str(record.stages["bench"].error)


def test_a_warning_is_said_and_recorded(context: RunContext, make_recipe: Callable[..., Recipe]) -> None:
    """A power limit that explains slow figures."""
    with installed(FakeNvml([replace(FREE, limit=500_000)], [FREE])):
        record, _ = Runner(make_recipe(engine={"accelerator": "auto"}), context, NoTracker()).run([STAGE])
    assert "GPU 0, power limit: 500 W of 700 W by default" in messages(context)
    found = {(check.subject, check.name): check.state for check in record.stages["bench"].health}
    assert found["GPU 0", "power limit"] == "warn"
    assert found["GPU 0", "NVSwitch fabric"] == "not reported"
    assert "pass" not in found.values()


@pytest.mark.parametrize(
    ("accelerator", "workers", "stops"), [("auto", 1, False), ("auto", 2, True), ("cpu", 1, False)]
)
def test_only_the_gpus_that_are_used_count(
    context: RunContext, make_recipe: Callable[..., Recipe], accelerator: Any, workers: int, *, stops: bool
) -> None:
    """The second GPU is lost: a run on the first, or on the CPU, does not care."""
    recipe = make_recipe(engine={"accelerator": accelerator, "tensor_parallel_size": workers})
    context = RunContext(
        context.out, context.home, context.recipe_dir, accelerator, context.reporter, probe=context.probe
    )
    with installed(FakeNvml([FREE], [replace(FREE, lost=True)])):
        stopped = ""
        try:
            ENGINE_HEALTH.require(recipe, context)
        except AwqctlError as problem:
            stopped = problem.message
    assert ("XID 79" in stopped) == stops


def test_memory_that_is_taken_stops_an_engine_but_not_one_that_is_ours(
    context: RunContext, make_recipe: Callable[..., Recipe]
) -> None:
    """vLLM would refuse to start; an engine that the stage before left running holds its own."""
    recipe = make_recipe(engine={"accelerator": "auto", "gpu_memory_utilization": 0.9})
    taken: GpuState = replace(FREE, memory=(100 * GIB, 40 * GIB))
    with installed(FakeNvml([taken])):
        with pytest.raises(EnvironmentLackError, match=r"gpu_memory_utilization to less than 0\.60"):
            ENGINE_HEALTH.require(recipe, context)
        context.slot.put("ours", object(), lambda: None)
        ENGINE_HEALTH.require(recipe, context)


def test_a_gpu_that_cannot_be_read_is_said(context: RunContext, make_recipe: Callable[..., Recipe]) -> None:
    """`nvidia-smi` names a GPU and the library none: nothing is known of its health, which is no pass."""
    with installed(FakeNvml()):
        found = ENGINE_HEALTH.require(make_recipe(engine={"accelerator": "auto"}), context)
    assert ("GPU", "presence", "warn") in [(check.subject, check.name, check.state) for check in found]
    assert "nothing is known of its health" in messages(context)


def test_of_a_run_the_first_stage_looks_for_itself(context: RunContext, make_recipe: Callable[..., Recipe]) -> None:
    """Before a run only what later stages need is looked at; files alone ask no machine."""
    recipe = make_recipe(engine={"accelerator": "auto", "tensor_parallel_size": 2})
    with installed(FakeNvml([FREE], [replace(FREE, lost=True)])):
        states = {
            (len(stages), effort): {one.state for one in found if one.subject == "health"}
            for stages in ([STAGE], [QUANTIZE, STAGE])
            for effort in Effort
            for found in [examine(stages, Prospect(recipe, context, context, effort))]
        }
    assert states[1, Effort.FILES] == states[1, Effort.SECONDS] == states[2, Effort.FILES] == set()
    assert all("obstacle" in states[key] for key in ((1, Effort.THOROUGH), (2, Effort.SECONDS), (2, Effort.THOROUGH)))


def test_the_pre_flight_shows_it(context: RunContext, make_recipe: Callable[..., Recipe]) -> None:
    """`--dry-run`: the failure is an obstacle with exit 4, the warning is shown, each once for all stages."""
    script = [replace(FREE, ecc=(0, 1), limit=500_000)]
    with installed(FakeNvml(script, [FREE])):
        recipe = make_recipe(engine={"accelerator": "auto"})
        found = examine([QUANTIZE, STAGE], Prospect(recipe, context, context, Effort.THOROUGH))
    health = [finding for finding in found if finding.subject == "health"]
    assert len({finding.text.partition(":")[0] for finding in health}) == len(health)
    assert ("obstacle", 4) in [(finding.state, finding.exit_code) for finding in health]
    assert any(finding.state == "warning" and "power limit" in finding.text for finding in health)
