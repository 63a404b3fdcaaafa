"""Checkpoints of a recipe's arms, held against the source model before a run."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.arms.probes import arms_problems, checkpoint_problems
from pipeline.base.progress import SilentReporter
from pipeline.hardware.machine import Machine
from pipeline.models import packaged_model
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.preflight import Effort, Prospect

MACHINE = Machine(cpu="x", cores=2, memory_bytes=2**33, platform="Linux")


@pytest.fixture
def prospect(tmp_path: Path, make_recipe: Callable[..., Recipe]) -> Callable[..., Prospect]:
    """Return a maker of prospects of runs with further arms."""

    def make(*arms: dict[str, str] | str) -> Prospect:
        context = RunContext(tmp_path / "out", tmp_path, tmp_path, "cpu", SilentReporter(), lambda: MACHINE)
        return Prospect(make_recipe(arms=["baseline", "awq", *arms]), context, context, Effort.SECONDS)

    return make


def test_every_checkpoint_that_cannot_be_compared_is_named(prospect: Callable[..., Prospect], tmp_path: Path) -> None:
    """One that is not there, and one whose positions are others; the one that fits is not."""
    for name, changes in (("same", {}), ("other", {"rope_theta": 12345.0})):
        folder = shutil.copytree(packaged_model(), tmp_path / name)
        config = json.loads((folder / "config.json").read_text()) | changes
        for key in ("rope_parameters", "rope_scaling") if changes else ():
            config.pop(key, None)
        (folder / "config.json").write_text(json.dumps(config))
    asked = prospect(*({"name": name, "checkpoint": f"./{name}"} for name in ("same", "gone", "other")))
    gone, other = (problem.message for problem in checkpoint_problems(asked))
    assert gone.startswith("arms, gone: there is no folder ./gone")
    assert other.startswith("arms, other: ")
    assert "rope_theta" in other


def test_every_arm_that_the_machine_cannot_run_is_named(prospect: Callable[..., Prospect]) -> None:
    """Each by itself, and the batch-invariant mode."""
    asked = prospect({"name": "fp8", "kind": "fp8"}, {"name": "fp8-again", "kind": "fp8"})
    names = tuple(arm.name for arm in asked.recipe.arms)
    said = [problem.message for problem in arms_problems(asked, names, batch_invariant=True)]
    assert ["'fp8'" in said[0], "'fp8-again'" in said[1], "batch-invariant" in said[2]] == [True, True, True]
    assert len(said) == 3
