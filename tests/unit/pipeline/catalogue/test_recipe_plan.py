"""The plan of a recipe: what it is for, its arms and settings, and what cannot run."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.base.errors import UsageError
from pipeline.catalogue.configurations import PlanRequest
from pipeline.catalogue.recipe_plan import RecipePlans, impossibilities, plan_recipe
from pipeline.catalogue.target import target_of
from pipeline.hardware.gpu import Gpu
from pipeline.hardware.machine import Machine
from pipeline.plan.cpu_result import CpuConfiguration
from pipeline.recipe.load import load_recipe
from pipeline.recipe.recipe import Recipe

LAPTOP = Machine(cpu="a processor", cores=4, memory_bytes=24 * 2**30, platform="any")
H100 = Gpu(vendor="nvidia", name="NVIDIA H100 80GB HBM3", memory_bytes=int(79.18 * 2**30), capability="9.0")
SERVER = LAPTOP.model_copy(update={"gpus": (H100,)})


def recipe(name: str, *settings: str) -> Recipe:
    """Return a recipe that ships, changed."""
    return load_recipe(name, settings).recipe


def planned(of: Recipe, machine: Machine, folder: Path, **options: Any) -> RecipePlans:
    """Return its plan on a machine."""
    return plan_recipe(of, folder, lambda: machine, PlanRequest("", **options)).plans


@pytest.mark.parametrize(
    ("settings", "machine", "asked", "expected", "here"),
    [
        ((), LAPTOP, None, "cpu", True),
        ((), SERVER, None, "h100", True),
        (("engine.accelerator=cpu",), SERVER, None, "cpu", True),
        (("gpu=L4",), LAPTOP, None, "l4", False),
        (("gpu=L4",), SERVER, None, "h100", True),
        (("gpu=L4",), LAPTOP, "cpu", "cpu", True),
        (("engine.accelerator=cpu", "gpu=L4"), LAPTOP, None, "cpu", True),
        ((), LAPTOP, "rtx 4090", "rtx-4090", False),
        ((), SERVER, "H100 SXM", "h100", True),
    ],
)
def test_what_a_recipe_is_planned_for(
    settings: tuple[str, ...], machine: Machine, asked: str | None, expected: str, *, here: bool
) -> None:
    """What is asked for, then the CPU that the recipe asks for, this machine's GPU, the recipe's, this processor."""
    found = target_of(recipe("demo", *settings), lambda: machine, asked)
    assert (found.gpus, found.here) == (expected, here)
    assert ("not this machine" in found.sentence) is not here


def test_a_gpu_that_nobody_names_is_asked_for() -> None:
    """A recipe for CUDA is not planned for a processor."""
    with pytest.raises(UsageError, match="--gpu NAME"):
        target_of(recipe("demo", "engine.accelerator=cuda"), lambda: LAPTOP)
    with pytest.raises(UsageError, match="No GPU is named"):
        target_of(recipe("demo"), lambda: LAPTOP, " , ")
    with pytest.raises(UsageError, match="No GPU"):
        target_of(recipe("demo", "gpu=voodoo"), lambda: LAPTOP)


def test_a_gpu_of_this_machine_has_the_memory_of_its_driver(tmp_path: Path) -> None:
    """Not what the catalogue has."""
    small = SERVER.model_copy(update={"gpus": (H100.model_copy(update={"memory_bytes": 40 * 2**30}),)})
    configuration = planned(recipe("demo"), small, tmp_path).configurations[0]
    assert not isinstance(configuration, CpuConfiguration)
    assert configuration.gpu_memory_gib == 40


def test_arms_share_configurations(tmp_path: Path) -> None:
    """Plain rounding is stored like AWQ; a checkpoint that is not here is not planned, and that is said."""
    others = "{name: fp8, kind: fp8}, {name: theirs, checkpoint: org/thing}, {kind: dummy, name: dummy}"
    found = planned(recipe("hub-gpu", f"arms=[baseline, awq, rtn, {others}]"), LAPTOP, tmp_path, gpus="h100")
    assert [(arm.arm, arm.quantization) for arm in found.arms] == [
        *(("baseline", "none"), ("awq", "awq"), ("rtn", "awq")),
        *(("fp8", "fp8"), ("theirs", None), ("dummy", "awq")),
    ]
    assert [each.quantization for each in found.configurations] == ["none", "awq", "fp8"]
    assert any(note.startswith("Not planned: theirs") for note in found.notes)


def test_the_engine_settings_of_the_recipe_hold(tmp_path: Path) -> None:
    """Context, sequences and the stated cache on a CPU; arguments that change a plan, and those that do not."""
    extra = "engine.extra_args=[--max-num-batched-tokens=512, --swap-space=4]"
    found = planned(recipe("demo", "engine.cpu_kv_cache_gib=2", extra), LAPTOP, tmp_path)
    configuration = found.configurations[0]
    assert isinstance(configuration, CpuConfiguration)
    assert (configuration.kv_cache_gib, configuration.max_model_len, configuration.max_num_seqs) == (2, 1024, 32)
    assert configuration.kv_cache_tokens == 2 * 2**30 // 3072 // 128 * 128
    assert any("--swap-space=4" in note for note in found.notes)
    assert not any("batched" in note for note in found.notes)


def test_a_quantization_that_was_asked_for_comes_before_the_arms(tmp_path: Path) -> None:
    """Nothing is said of arms then."""
    found = planned(recipe("demo"), LAPTOP, tmp_path, gpus="l4", quantization="fp8")
    assert ([each.quantization for each in found.configurations], found.arms) == (["fp8"], ())


def test_what_cannot_run_names_its_arms_and_the_cheapest_way_out(tmp_path: Path) -> None:
    """16 bit of 7 billion parameters on 12 GB does not fit, AWQ does; exit code 3."""
    found = planned(recipe("hub-gpu", "engine.max_num_seqs=8"), LAPTOP, tmp_path, gpus="rtx-2060")
    (problem,) = [each for each in impossibilities(found) if each.message.startswith("baseline")]
    assert problem.exit_code == 3
    assert "planned for RTX 2060, not this machine" in problem.message
    assert "cheapest first: " in problem.message


def test_a_processor_with_too_little_memory_is_told_too(tmp_path: Path) -> None:
    """The 7 billion parameters of hub-gpu in 16 bit, on a laptop of 12 GiB: AWQ fits."""
    laptop = LAPTOP.model_copy(update={"memory_bytes": 12 * 2**30})
    found = planned(recipe("hub-gpu", "engine.accelerator=cpu"), laptop, tmp_path)
    assert [each.verdict for each in found.configurations] == ["impossible", "fits"]
    (problem,) = impossibilities(found)
    assert "GiB are short" in problem.message
    assert "AWQ" in problem.message


@pytest.mark.parametrize(
    ("name", "tokens", "concurrency"), [("demo", 349440, 341.25), ("llama-0.4b-dummy", 21760, 21.25)]
)
def test_the_cache_of_a_processor_is_that_of_the_log(
    name: str, tokens: int, concurrency: float, tmp_path: Path
) -> None:
    """As vLLM 0.32 wrote on 2026-11-29 for the recipes that ship, with 1 and 2 GiB stated."""
    found = planned(recipe(name, "engine.accelerator=cpu"), LAPTOP, tmp_path)
    assert {(each.kv_cache_tokens, each.max_concurrency) for each in found.configurations} == {(tokens, concurrency)}


def test_of_several_gpus_each_is_named(tmp_path: Path) -> None:
    """What fits on one and not on the other is not said of both; a processor beside them is named, too."""
    found = planned(recipe("hub-gpu"), LAPTOP, tmp_path, gpus="t4,h100,cpu", max_model_len=8192)
    (problem,) = [each for each in impossibilities(found) if "baseline" in each.message and "T4" in each.message]
    assert problem.message.startswith("baseline, planned for T4: ")
    assert not [each for each in impossibilities(found) if "H100 SXM: " in each.message]
    assert [found.place(each) for each in found.configurations[-2:]] == ["planned for the CPU of this machine"] * 2
    assert found.target == "planned for T4, H100 SXM, the CPU of this machine"
