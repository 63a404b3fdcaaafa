"""The recipe section `arms`, and how recipes of version 1 said the same."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.base.errors import RecipeError
from pipeline.recipe.arms import Arm, with_engine, with_weights
from pipeline.recipe.load import load_recipe


def arms(given: str) -> list[tuple[str, str]]:
    """Return name and kind of the arms of the demo with other arms, in order."""
    return [(arm.name, arm.kind) for arm in load_recipe("demo", [f"arms={given}"]).recipe.arms]


def test_baseline_and_awq_are_the_default_and_come_first() -> None:
    """A kind alone names an arm; the others keep their order."""
    assert [arm.name for arm in load_recipe("demo").recipe.arms] == ["baseline", "awq"]
    assert arms("[fp8, rtn, awq, {name: theirs, checkpoint: org/name, revision: main}, baseline]") == [
        ("baseline", "baseline"),
        ("awq", "awq"),
        ("fp8", "fp8"),
        ("rtn", "rtn"),
        ("theirs", "checkpoint"),
    ]
    assert arms("[baseline, awq, {name: eight, kind: fp8}]")[-1] == ("eight", "fp8")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("[awq]", "baseline must be among the arms"),
        ("[baseline, awq, awq]", "a name of its own"),
        ("[baseline, awq, int3]", "'dummy' or 'endpoint'"),
        ("[baseline, awq, {name: rtn, checkpoint: x}]", "cannot be called rtn"),
        ("[baseline, awq, {name: again, checkpoint: x}]", "cannot be called again"),
        ("[baseline, awq, {name: rounded, kind: rtn}]", "is called rtn"),
        ("[baseline, awq, {kind: checkpoint}]", "has the key `checkpoint`"),
        ("[baseline, awq, {name: f, kind: fp8, checkpoint: x}]", "has the key `checkpoint`"),
        ("[baseline, awq, {name: fp8, revision: main}]", "`revision` is of a `checkpoint`"),
        ("[baseline, awq, {name: quick, kind: dummy}]", "write dummy-quick"),
        ("[baseline, awq, {name: f, kind: fp8, quantization: awq}]", "of an arm of the kind `dummy`"),
        ("[baseline, awq, {name: dummy, quantization: int3}]", "'awq', 'none' or 'fp8'"),
        ("[baseline, awq, {name: 'No Name', checkpoint: x}]", "pattern"),
        ("baseline", "a list is expected"),
    ],
)
def test_refusals(given: str, reason: str) -> None:
    """What is no arm is refused with what would be."""
    with pytest.raises(RecipeError, match=reason):
        arms(given)


def test_dummies_are_of_the_speed_alone() -> None:
    """4-bit weights where nothing else is said; no evaluation asks what is made up."""
    recipe = load_recipe(
        "demo", ["arms=[baseline, awq, dummy, {name: dummy-16, kind: dummy, quantization: none}]"]
    ).recipe
    four, sixteen = recipe.arms[2:]
    assert (four.quantization, four.is_4bit, sixteen.is_4bit) == ("awq", True, False)
    assert [arm.name for arm in with_weights(recipe.arms)] == ["baseline", "awq"]
    assert with_engine(recipe.arms) == recipe.arms


def test_benchmarked_arms_must_be_arms() -> None:
    """A name that is not there is refused with those that are."""
    with pytest.raises(RecipeError, match=r"bench\.arms names fp8; the recipe's arms are baseline, awq"):
        load_recipe("demo", ["bench.arms=[baseline, awq, fp8]"])


def old_recipe(tmp_path: Path, **sections: Any) -> Path:
    """Write a recipe as version 1 had it."""
    document = {
        "schema_version": 1,
        "name": "mine",
        "model": {"source": "packaged:demo"},
        "quantize": {"calibration": {"source": "packaged:demo"}, "control": "rtn"},
        "eval": {"tasks": [{"name": "stdlib_bits", "metric": "bits_per_byte", "margin": 0.05}]},
    }
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(document | sections))
    return path


def test_a_recipe_of_version_1_is_read(tmp_path: Path) -> None:
    """`quantize.control` and `eval.arms` become arms, and a note per key says what to write now."""
    own = [{"name": "gptq", "checkpoint": "org/gptq", "revision": "main"}, {"name": "eight", "quantization": "fp8"}]
    task = {"name": "stdlib_bits", "metric": "bits_per_byte", "margin": 0.05}
    loaded = load_recipe(str(old_recipe(tmp_path, eval={"tasks": [task], "arms": own})))
    assert loaded.recipe.arms[2:] == (
        Arm(name="rtn", kind="rtn"),
        Arm(name="gptq", kind="checkpoint", checkpoint="org/gptq", revision="main"),
        Arm(name="eight", kind="fp8"),
    )
    assert loaded.recipe.schema_version == 2
    control, further = loaded.notes
    assert control == "`quantize.control` is written under `arms` now: `arms: [baseline, awq, rtn]`"
    assert "{name: eight, kind: fp8}" in further
    new = yaml.safe_load(further.partition("now: `")[2].removesuffix("`"))
    assert (
        load_recipe("demo", [f"arms={yaml.safe_dump(new['arms'], default_flow_style=True)}"]).recipe.arms[2:]
        == (loaded.recipe.arms[3:])
    )


def test_an_old_key_in_a_new_recipe_is_read_too() -> None:
    """`--set quantize.control=rtn`, which many have in their fingers; an arm that is there already is not doubled."""
    loaded = load_recipe("demo", ["arms=[baseline, awq, rtn]", "quantize.control=rtn"])
    assert [arm.name for arm in loaded.recipe.arms] == ["baseline", "awq", "rtn"]
    assert load_recipe("demo", ["quantize.control=null", "eval.arms=[]"]).notes == ()


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("quantize.control=gptq", "arms.2.kind: Input should be"),
        ("eval.arms=[{name: rtn, checkpoint: x}]", "cannot be called rtn"),
        ("eval.arms=[{name: gptq}]", "has the key `checkpoint`"),
        ("eval.arms=nonsense", "arms.2.kind: Input should be"),
    ],
)
def test_what_was_wrong_in_an_old_recipe_still_is(override: str, reason: str) -> None:
    """The refusal is of the key as it would be written now."""
    with pytest.raises(RecipeError, match=reason):
        load_recipe("demo", [override])
