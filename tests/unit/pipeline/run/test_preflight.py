"""The pre-flight of a whole run: what is looked at and said; nothing starts where something is in the way."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from pipeline.base.errors import AwqctlError, EnvironmentLackError, GateError, ObstaclesError, RecipeError, refuse
from pipeline.base.results import Payload
from pipeline.hardware.machine import Machine
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.preflight import Effort, Probe, ProbeResult, Prospect, Space
from pipeline.record.record import StageOutcome
from pipeline.record.stage import Need, Stage, sections
from pipeline.run.preflight import examine, obstacles
from pipeline.run.runner import RECORD, Runner
from tests.helpers import RecordingReporter
from tests.unit.pipeline.run.test_runner import NoTracker

looked: list[str] = []
MORE_THAN_ANY_DISK = 2**62


class EarlyResult(Payload):
    """What the first stage reports."""

    STAGE: ClassVar = "early"
    schema_version: Literal[1] = 1


class LateResult(Payload):
    """What the second stage reports."""

    STAGE: ClassVar = "late"
    schema_version: Literal[1] = 1


def probe(name: str, *found: ProbeResult | AwqctlError, raises: AwqctlError | None = None, **fields: Any) -> Probe:
    """Return a probe that notes that it was used, and finds what it is told to."""

    def look(_prospect: Prospect) -> Iterable[ProbeResult | AwqctlError]:
        looked.append(name)
        yield from found
        if raises:
            raise raises

    return Probe(name, look, **{"effort": Effort.SECONDS, "well": f"{name} is well.", **fields})


def early(_recipe: Recipe, _context: RunContext, _record: object) -> StageOutcome:
    """Take hours."""
    looked.append("early runs")
    return StageOutcome(result=EarlyResult())


def late(_recipe: Recipe, _context: RunContext, _record: object) -> StageOutcome:
    """Build on the hours."""
    looked.append("late runs")
    return StageOutcome(result=LateResult())


def first(*probes: Probe, **fields: Any) -> Stage:
    """Return the stage that takes hours."""
    return Stage(run=early, result=EarlyResult, settings=sections("bench"), probes=probes, **fields)


def second(*probes: Probe, **fields: Any) -> Stage:
    """Return the stage after it."""
    needs = (Need(EarlyResult),)
    return Stage(run=late, result=LateResult, settings=sections("roi"), needs=needs, probes=probes, **fields)


@pytest.fixture
def prospect(tmp_path: Path, make_recipe: Callable[..., Recipe]) -> Callable[..., Prospect]:
    """Return a maker of prospects of a run on a machine without a GPU."""
    looked.clear()
    machine = Machine(cpu="x", cores=2, memory_bytes=2**33, platform="Linux")

    def make(effort: Effort = Effort.SECONDS, accelerator: Literal["cpu", "cuda"] = "cpu", **changes: Any) -> Prospect:
        reporter = RecordingReporter()
        context = RunContext(tmp_path / "out", tmp_path, tmp_path, accelerator, reporter, probe=lambda: machine)
        return Prospect(make_recipe(**changes), context, context, effort)

    return make


def said(findings: Iterable[ProbeResult], state: str) -> list[str]:
    """Return the texts of one state."""
    return [finding.text for finding in findings if finding.state == state]


def test_every_obstacle_of_every_stage_is_named(prospect: Callable[..., Prospect]) -> None:
    """Those that a probe yields, and the one that it raises after them; the code is the highest."""
    shared = probe("shared", RecipeError("a typo."))
    broken = probe("broken", RecipeError("one."), raises=EnvironmentLackError("two."))
    found = examine([first(shared), second(broken, shared)], prospect())

    assert said(found, "obstacle") == ["a typo.", "one.", "two."]
    assert looked == ["shared", "broken"]
    with pytest.raises(ObstaclesError, match=r"3 things stand in the way:\n  a typo\.\n  one\.\n  two\.") as caught:
        refuse(obstacles(found))
    assert caught.value.exit_code == 4


def test_terms_are_read_before_anything_is_measured(prospect: Callable[..., Prospect], tmp_path: Path) -> None:
    """Also by `validate`: a file that is not there is an obstacle, one that is says who signed it."""
    (gone,) = examine([], prospect(Effort.FILES, acceptance="gone.yaml"))
    assert (gone.subject, gone.state, gone.exit_code) == ("acceptance", "obstacle", 2)
    (tmp_path / "kpis.yaml").write_text("clauses: [{id: up, kind: uptime, min_share: 0.9}]", encoding="utf-8")
    (found,) = examine([], prospect(Effort.FILES, acceptance="kpis.yaml"))
    assert found.text.startswith("kpis.yaml: 1 clause, not signed off, SHA-256 ")
    assert examine([], prospect(Effort.FILES)) == ()


def test_a_single_obstacle_keeps_its_sentence_and_code() -> None:
    """No list is made of it."""
    finding = ProbeResult.of_problem("gate", GateError("impossible."))
    with pytest.raises(AwqctlError) as caught:
        refuse(obstacles([finding]))
    assert (str(caught.value), caught.value.exit_code) == ("impossible.", 3)


def test_well_is_said_of_what_nothing_else_is_found_of(prospect: Callable[..., Prospect]) -> None:
    """Two looks at one subject: the finding of one is not contradicted by the other."""
    files, texts = probe("files"), probe("texts", ProbeResult(subject="files", state="warning", text="odd."))
    found = examine([first(files, texts)], prospect())
    assert "files" not in [finding.subject for finding in found if finding.state == "ok"]
    assert said(found, "warning") == ["odd."]


def test_effort_decides_what_is_looked_at(prospect: Callable[..., Prospect]) -> None:
    """Files alone for `validate`; whatever tells something for a dry run."""
    stage = first(*(probe(effort.name, effort=effort) for effort in Effort))
    for effort, expected in zip(Effort, (1, 2, 3), strict=True):
        looked.clear()
        examine([stage], prospect(effort))
        assert looked == [one.name for one in Effort][:expected]


def test_a_plan_for_a_gpu_is_made_without_one(prospect: Callable[..., Prospect]) -> None:
    """What the machine decides is left out and said to be; before a real run the missing GPU is an obstacle."""
    stage = first(probe("recipe"), probe("compiler", of_machine=True), space=lambda _: [_space(MORE_THAN_ANY_DISK)])
    found = examine([stage], prospect(Effort.THOROUGH, "cuda"))
    assert looked == ["recipe"]
    assert said(found, "obstacle") == []
    assert any("is not checked" in text for text in said(found, "unchecked"))

    (obstacle,) = said(examine([stage], prospect(Effort.SECONDS, "cuda")), "obstacle")
    assert "nvidia-smi reports no GPU" in obstacle


def _space(amount: int, folder: Path = Path("/")) -> Space:
    return Space(folder, amount, "weights")


def test_disk_is_summed_over_all_stages(prospect: Callable[..., Prospect], tmp_path: Path) -> None:
    """Two halves of what is there each fit, and do not fit together."""
    asked = prospect()
    share = shutil.disk_usage(tmp_path).free * 3 // 4
    one = first(space=lambda _: [Space(tmp_path / "models", share, "weights")])
    other = second(space=lambda prospect: [Space(prospect.context.out, share, "a checkpoint")])
    assert said(examine([one], asked), "obstacle") == []
    (obstacle,) = said(examine([one, other], asked), "obstacle")
    assert "for weights, " in obstacle
    assert "for a checkpoint" in obstacle


def test_folder_that_cannot_be_made_is_an_obstacle(prospect: Callable[..., Prospect], tmp_path: Path) -> None:
    """The output folder would lie in a file."""
    (tmp_path / "out").write_text("a file")
    (obstacle,) = said(examine([first()], prospect()), "obstacle")
    assert obstacle.endswith("Choose another one with --out.")


@pytest.fixture
def runner(prospect: Callable[..., Prospect]) -> Runner:
    """The runner of the prospect's recipe."""
    asked = prospect()
    return Runner(asked.recipe, asked.context, NoTracker())  # type: ignore[arg-type]


def test_a_typo_in_a_late_stage_stops_the_first_one(runner: Runner, tmp_path: Path) -> None:
    """Nothing has run, and nothing is recorded."""
    late_stage = second(probe("tasks", RecipeError("no task named x.")))
    with pytest.raises(AwqctlError, match="no task named x"):
        runner.run([first(probe("files")), late_stage])
    assert looked == ["files", "tasks"]
    assert not (tmp_path / "out" / RECORD).exists()


def test_what_a_stage_sees_at_once_is_looked_at_for_later_stages_alone(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes seconds is not done twice in a row; of a stage that is up to date nothing is looked at."""
    slow = probe("slow", at_once=True)
    alone, before = second(slow), first(probe("quick"))
    monkeypatch.setattr("pipeline.run.stages.STAGES", (before, alone))
    runner.run([before, alone])
    assert looked == ["quick", "slow", "early runs", "late runs"]
    looked.clear()
    runner.run([before, alone])
    runner.run([before, alone], force=True)
    assert looked == ["quick", "slow", "early runs", "late runs"]
    looked.clear()
    examine([alone], Prospect(runner._recipe, runner._context, runner._context, Effort.SECONDS))  # noqa: SLF001
    assert looked == []
